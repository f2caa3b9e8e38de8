"""An alarm as a card: the worst wafer's picture, what was found, the way to the wafers, and to having seen to it."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.alarms.store import LONGEST_COMMENT, Alarm, acknowledge, wafers_of
from core.database import AppDatabase
from core.identity import local_person
from core.lake import Lake
from pages.parts.empty import explained
from pages.parts.links import link, open_page
from pages.parts.literal import literal, said_key
from pages.parts.measures import HELP
from pages.parts.state.widgets import widget_text
from pages.parts.wafers.gallery import TILE_PX, pictures

LINKS_SHOWN = 4


def alarm_cards(alarms: Sequence[Alarm], rule_names: dict[int, str], lake: Lake, database: AppDatabase) -> None:
    """Show alarms one below the other.

    Args:
        alarms: which.
        rule_names: names of their rules by number.
        lake: holds their wafers.
        database: hold the alarms.
    """
    with database.reading() as session:
        wafers = {alarm.id: wafers_of(session, alarm.id) for alarm in alarms}
    drawn = _pictures(lake, [keys[0] for keys in wafers.values() if keys])
    for alarm in alarms:
        keys = wafers[alarm.id]
        with st.container(border=True, horizontal=True, gap="medium"):
            if keys and keys[0] in drawn:
                st.image(drawn[keys[0]], width=TILE_PX, alt=f"Wafer {keys[0]}, the most severe of the alarm")
            with st.container(gap="xsmall"):
                st.markdown(f"**{literal(alarm.words)}**")
                st.caption(
                    f"Rule: {literal(rule_names[alarm.rule_id])} · severity up to **{alarm.score:.0f}** · "
                    f"raised {alarm.raised_at:%Y-%m-%d %H:%M} UTC · last found {alarm.found_at:%Y-%m-%d %H:%M} UTC",
                    help=f"Number {alarm.id}. {HELP['severity']}",
                )
                _wafer_links(alarm.id, keys)
                _acknowledge(alarm, database)


def _pictures(lake: Lake, keys: Sequence[str]) -> dict[str, str]:
    sql = "SELECT key, tested_at, segmented_at FROM wafers WHERE key IN (SELECT unnest(?))"
    return pictures(lake.query(sql, [list(keys)]))


def _wafer_links(number: int, keys: Sequence[str]) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for key in keys[:LINKS_SHOWN]:
            link("wafer", said_key(key), wafer=key)
        if len(keys) > LINKS_SHOWN:
            # A link each would be hundreds on this page.
            others = f"other-wafers-{number}"
            st.selectbox(
                "Other wafers",
                keys[LINKS_SHOWN:],
                index=None,
                key=others,
                format_func=said_key,
                width=230,
                placeholder=f"and {len(keys) - LINKS_SHOWN:,} more",
                label_visibility="collapsed",
                on_change=lambda: open_page("wafer", wafer=widget_text(others)),
            )


def _acknowledge(alarm: Alarm, database: AppDatabase) -> None:
    words = "Close the alarm and say what was done. New wafers can raise it again."
    comment = f"comment-{alarm.id}"
    with st.popover("Acknowledge", help=words), st.form(f"acknowledge-{alarm.id}", border=False):
        st.text_area("What was done about it?", key=comment, max_chars=LONGEST_COMMENT)
        if st.form_submit_button("Acknowledge", type="primary"):
            with explained(), database.writing() as session:
                acknowledge(session, alarm.id, widget_text(comment), local_person())
            st.rerun()


def alarm_table(alarms: Sequence[Alarm], rule_names: dict[int, str]) -> pd.DataFrame:
    """Put alarms into a table, a row each, as it is shown and downloaded."""
    return pd.DataFrame(
        {
            "number": [alarm.id for alarm in alarms],
            "rule": [rule_names[alarm.rule_id] for alarm in alarms],
            "found": [alarm.words for alarm in alarms],
            "severity": [alarm.score for alarm in alarms],
            "wafers": [alarm.count for alarm in alarms],
            "raised": [alarm.raised_at for alarm in alarms],
            "acknowledged": [alarm.acknowledged_at for alarm in alarms],
            "by": [alarm.acknowledged_by for alarm in alarms],
            "comment": [alarm.comment for alarm in alarms],
        }
    )
