"""Alarms: what needs somebody's eyes, worst first, and the rules that say so."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.alarms import check_and_send
from core.alarms.sending import sending_job
from core.alarms.sight import alarms_seen
from core.alarms.store import Alarm, open_alarms, past_alarms, rules
from core.database import AppDatabase
from core.lake import Lake
from core.settings import settings
from pages.parts.blocks.table_download import csv_button
from pages.parts.cache.stores import database as open_database
from pages.parts.cache.stores import lake as open_lake
from pages.parts.cache.stores import whole_lake
from pages.parts.empty import explained
from pages.parts.links import ALARM_VIEW, link
from pages.parts.measures import HELP
from pages.parts.monitor.alarm_cards import alarm_cards, alarm_table, faster_note
from pages.parts.monitor.alarm_channels import channel_editor
from pages.parts.monitor.alarm_rules import rule_editor
from pages.parts.person import person_here

OPEN, HISTORY, RULES, DELIVERY = VIEWS = ("Open", "History", "Rules", "Delivery")
ON_A_PAGE = 10


def choose_view() -> str:
    """Choose what the page shows."""
    return st.segmented_control(
        "View", VIEWS, default=OPEN, required=True, key=ALARM_VIEW, bind="query-params", label_visibility="collapsed"
    )


def look_now(database: AppDatabase) -> None:
    """Offer to look at what is new by all rules."""
    pressed = st.button(
        "Look now",
        help="Looks at what is new in the lake by all rules, and sends what is to be sent. "
        "The same happens whenever wafers are segmented into the lake.",
    )
    if pressed:
        with st.spinner("Looking at what is new"):
            found = check_and_send(whole_lake(), database, sending_job(settings(), person_here()))
        st.toast(f"{found.raised:,} new alarms.")


def none_to_show(*, past: bool) -> None:
    """Write what would stand here, when nothing does."""
    if past:
        st.info("No alarm was acknowledged yet. Those that are stand here, with who did it and what was said.")
    else:
        st.info("No alarm is open. Wafers raise them by the rules, as soon as they are segmented.")
        link("wafers", "Look at the wafers")


def head(table: pd.DataFrame, *, past: bool) -> None:
    """Show how many alarms there are, and offer them as CSV."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(table):,}** {'acknowledged' if past else 'open'}", width="content")
        csv_button(table, "alarms", label="Download CSV")


def acknowledged(table: pd.DataFrame) -> None:
    """Show the alarms that somebody has looked at."""
    st.dataframe(
        table,
        hide_index=True,
        alt="Acknowledged alarms",
        column_config={
            "severity": st.column_config.NumberColumn("severity", format="%.0f", help=HELP["severity"]),
            "wafers": st.column_config.NumberColumn("wafers", help="Wafers behind the alarm."),
            "raised": st.column_config.DatetimeColumn("raised", format="YYYY-MM-DD HH:mm", help="UTC."),
            "acknowledged": st.column_config.DatetimeColumn("acknowledged", format="YYYY-MM-DD HH:mm", help="UTC."),
        },
    )


def cards(alarms: Sequence[Alarm], names: dict[int, str], lake: Lake, database: AppDatabase) -> None:
    """Show the open alarms, some to a page."""
    pages = -(-len(alarms) // ON_A_PAGE)
    page = st.pagination(pages, key="alarm-page") if pages > 1 else 1
    with st.spinner("Drawing wafers"):
        alarm_cards(alarms[(page - 1) * ON_A_PAGE : page * ON_A_PAGE], names, lake, database)


def show() -> None:
    """Show alarms, rules or ways of delivery."""
    lake, database = open_lake(), open_database()
    st.title("Alarms")
    with st.container(horizontal=True, vertical_alignment="center"):
        view = choose_view()
        look_now(database)
    if view == RULES:
        rule_editor(lake, database)
        return
    if view == DELIVERY:
        channel_editor(lake, database)
        return
    faster_note()
    past = view == HISTORY
    with database.reading() as session:
        names = {rule.id: rule.name for rule in rules(session)}
        alarms = alarms_seen(session, past_alarms(session) if past else open_alarms(session), lake)
    if not alarms:
        none_to_show(past=past)
        return
    table = alarm_table(alarms, names)
    head(table, past=past)
    if past:
        acknowledged(table)
    else:
        cards(alarms, names, lake, database)


with explained():
    show()
