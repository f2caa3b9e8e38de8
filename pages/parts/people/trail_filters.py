"""Which entries of the trail are shown; the choices stand in the address."""

from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from core.database import AppDatabase
from core.database.schema import NAME_LENGTH, now
from core.database.trail_search import TrailFilter, actions, first_moment, people
from pages.parts.blocks.ignored import note_ignored, note_ignored_days
from pages.parts.links import TRAIL_ACTION, TRAIL_DAYS, TRAIL_PERSON, TRAIL_SUBJECT


def trail_filters(database: AppDatabase) -> TrailFilter:
    """Choose person, action, subject and days; what is left empty lets all through."""
    with database.reading() as session:
        names, done, first = people(session), actions(session), first_moment(session)
    one, two, three, four = st.columns(4)
    with one:
        note_ignored(TRAIL_PERSON, "person", names)
        person = st.selectbox(
            "Person", names, index=None, key=TRAIL_PERSON, bind="query-params", placeholder="Everybody"
        )
    with two:
        note_ignored(TRAIL_ACTION, "action", done)
        action = st.selectbox(
            "Action", done, index=None, key=TRAIL_ACTION, bind="query-params", placeholder="Everything"
        )
    with three:
        subject = st.text_input(
            "Subject holds",
            key=TRAIL_SUBJECT,
            bind="query-params",
            max_chars=NAME_LENGTH,
            placeholder="wafer LOT7:W05",
            help="Any part of it, whatever its case.",
        )
    with four:
        since, until = _days(first.date() if first else now().date())
    return TrailFilter(person or "", action or "", subject.strip(), since, until)


def _days(first: date) -> tuple[datetime | None, datetime | None]:
    """Choose first and last day, both included; None each where all days are chosen."""
    whole = (first, max(first, now().date()))
    note_ignored_days(TRAIL_DAYS, whole, "no entry of")
    chosen = st.date_input(
        "Days",
        value=whole,
        min_value=whole[0],
        max_value=whole[1],
        key=TRAIL_DAYS,
        bind="query-params",
        format="YYYY-MM-DD",
        help="First and last day (UTC), both included.",
    )
    days = chosen if isinstance(chosen, tuple) else (chosen,)  # one while the second is not picked yet
    if not days or (days[0], days[-1]) == whole:
        return None, None
    return _midnight(days[0]), _midnight(days[-1] + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
