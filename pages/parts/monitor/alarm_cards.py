"""An alarm as a card: the worst wafer's picture, what was found, the way to the wafers, and to having seen to it."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from core.alarms.acknowledging import Acknowledged, acknowledge_or_add
from core.alarms.store import LONGEST_COMMENT, Alarm, wafers_of
from core.database import AppDatabase
from core.database.schema import now
from core.lake import Lake
from core.lake.scoring import main_reasons
from data.errors import WaferError
from pages.parts.links import link, open_page
from pages.parts.literal import literal, said_key
from pages.parts.measures import HELP
from pages.parts.person import person_here
from pages.parts.state.widgets import drop_widgets, set_widget, widget_text
from pages.parts.wafers.gallery import TILE_PX, pictures

LINKS_SHOWN = 4
SAID = "acknowledged-by-another"


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
    worst = [keys[0] for keys in wafers.values() if keys]
    drawn, reasons = _pictures(lake, worst), main_reasons(lake, worst)
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
                if keys and (reason := reasons.get(keys[0])):
                    st.caption(f"The most severe: {reason}.")
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
    # With a key and a state of its own the box belongs to this alarm, wherever its card stands.
    with (
        st.popover("Acknowledge", help=words, key=_box(alarm.id), on_change="rerun"),
        st.form(f"acknowledge-{alarm.id}", border=False),
    ):
        st.text_area("What was done about it?", key=f"comment-{alarm.id}", max_chars=LONGEST_COMMENT)
        if refused := widget_text(_refused(alarm.id)):
            st.error(literal(refused))
        st.form_submit_button("Acknowledge", type="primary", on_click=_submit, args=(alarm.id, database))


def _submit(number: int, database: AppDatabase) -> None:
    """Acknowledge before the page draws: the card is gone by then, where somebody else was faster."""
    drop_widgets(_refused(number), SAID)
    try:
        with database.writing() as session:
            done = acknowledge_or_add(session, number, widget_text(f"comment-{number}"), person_here())
    except WaferError as error:
        set_widget(_refused(number), str(error))
        return
    set_widget(_box(number), False)
    if done.at:
        set_widget(SAID, _faster(done, done.at))


def _faster(done: Acknowledged, at: datetime) -> str:
    minutes = int((now() - at).total_seconds() // 60)
    ago = (
        f"at {at:%Y-%m-%d %H:%M} UTC" if minutes >= 60 else "a minute ago" if minutes <= 1 else f"{minutes} minutes ago"
    )
    return f"{done.by} acknowledged this {ago}: {done.said}\n{done.alarm.words}"


def faster_note() -> None:
    """Show that somebody else had acknowledged an alarm before this person just did."""
    if said := widget_text(SAID):
        st.warning("Somebody else was faster. What you wrote is kept beside what they wrote, in the history.")
        st.text(said)
        drop_widgets(SAID)


def _box(number: int) -> str:
    return f"acknowledging-{number}"


def _refused(number: int) -> str:
    return f"acknowledge-refused-{number}"


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
