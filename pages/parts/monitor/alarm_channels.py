"""Where alarms are sent: the channels, a test of each, and what became of every sending."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.alarms.deliveries import (
    Channel,
    Delivery,
    DeliveryState,
    channel_by_id,
    channels,
    newest_deliveries,
    save_channel,
    try_again,
)
from core.alarms.sending import check_address, deliver_due, send_test, shown
from core.alarms.sight import alarms_seen
from core.alarms.store import Alarm
from core.database import AppDatabase
from core.lake import Lake
from pages.parts.blocks.table_download import csv_button
from pages.parts.cache.stores import lake
from pages.parts.empty import explained
from pages.parts.literal import literal
from pages.parts.person import person_here

ADDRESS_HELP = (
    "As apprise writes it: mailto://USER:PASSWORD@HOST, slack://TOKENS, msteams://TOKENS, json://HOST/PATH for a "
    "webhook. It is kept in the app database, and never shown again."
)


def channel_editor(lake: Lake, database: AppDatabase) -> None:
    """Show the channels with switch and test, a form for a new one, and the last deliveries."""
    with database.reading() as session:
        known = channels(session)
        sent = newest_deliveries(session)
        visible = {alarm.id for alarm in alarms_seen(session, [alarm for _, _, alarm in sent], lake)}
        sent = [one for one in sent if one[2].id in visible]
    if not known:
        st.info("Alarms are sent nowhere yet. Add a channel: e-mail, Slack, Teams or a webhook.")
    for channel in known:
        _row(channel, database)
    _form(database)
    if sent:
        _deliveries(sent, database)


def _row(channel: Channel, database: AppDatabase) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.toggle(
            f"**{literal(channel.name)}** · {literal(shown(channel.address))}",
            value=channel.enabled,
            key=f"channel-on-{channel.id}",
            help="New alarms are sent there while it is on.",
            on_change=_switch,
            args=(database, channel.id, not channel.enabled),
        )
        if st.button("Send a test", key=f"channel-test-{channel.id}", help="Sends one message, and says how it went."):
            with st.spinner("Sending"):
                problem = send_test(channel)
            if problem:
                st.error(literal(f"{channel.name}: the test was not delivered ({problem})."))
            else:
                st.success(f"{literal(channel.name)}: the test was delivered.")


def _form(database: AppDatabase) -> None:
    with st.form("channel-new", clear_on_submit=True):
        left, right = st.columns([1, 2])
        name = left.text_input("Name of a new channel", max_chars=200, placeholder="Etch team")
        address = right.text_input(
            "Address", type="password", help=ADDRESS_HELP, placeholder="mailto://... or json://..."
        )
        if st.form_submit_button("Add channel"):
            with explained():
                check_address(address)
                with database.writing() as session:
                    save_channel(session, Channel(name=name, address=address), person_here())
            st.rerun()


def _deliveries(sent: Sequence[tuple[Delivery, Channel, Alarm]], database: AppDatabase) -> None:
    rows = pd.DataFrame(
        [
            {
                "alarm": alarm.id,
                "found": alarm.words,
                "channel": channel.name,
                "state": str(delivery.state),
                "tries": delivery.tries,
                "next or last try": delivery.ended_at or delivery.due_at,
                "reason": delivery.reason,
            }
            for delivery, channel, alarm in sent
        ]
    )
    st.markdown("**Deliveries**", help="What fails is tried again after 1, 5 and 30 minutes, 2 and 8 hours.")
    st.dataframe(rows, hide_index=True, alt="Deliveries")
    with st.container(horizontal=True):
        csv_button(rows, "deliveries", label="Download CSV")
        undone = rows["state"] != DeliveryState.DELIVERED
        if st.button("Send again", disabled=not undone.any(), help="Tries all that were not delivered, now."):
            with explained(), st.spinner("Sending"):
                with database.writing() as session:
                    try_again(session, person_here())
                deliver_due(database, lake())
            st.rerun()


def _switch(database: AppDatabase, number: int, enabled: bool) -> None:
    with explained(), database.writing() as session:
        channel = channel_by_id(session, number)
        channel.enabled = enabled
        save_channel(session, channel, person_here())
