"""Browsers in which one has signed in, and ending that."""

import streamlit as st

from core.database import AppDatabase
from core.identity import Person
from core.people.own_sessions import end_others, end_own
from core.people.sessions import Visit, list_sessions
from pages.parts.empty import explained
from pages.parts.literal import literal
from pages.parts.people.words import browser_words, moment_words
from pages.parts.person import session_number


def session_list(person: Person, database: AppDatabase) -> None:
    """Show one's sessions, this one first, each with a button that ends it."""
    here = session_number()
    with database.reading() as session:
        visits = list_sessions(session, person.id or 0)
    for visit in sorted(visits, key=lambda one: one.id != here):
        _row(visit, person, database, here=visit.id == here)
    if any(visit.id != here for visit in visits):
        st.button(
            "End all others",
            on_click=_end_others,
            args=(person, database, here),
            help="Signs you out everywhere but in this browser. Do so when you do not know one of these.",
        )


def _row(visit: Visit, person: Person, database: AppDatabase, *, here: bool) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        mark = " :green-badge[this browser]" if here else ""
        st.markdown(
            f"**{literal(browser_words(visit.browser))}**{mark}  \nfrom {literal(visit.address or 'unknown')}, "
            f"since {moment_words(visit.started_at)}, last used {moment_words(visit.seen_at)}",
            help=literal(visit.browser) or None,
            width="stretch",
        )
        if not here:
            st.button("End", key=f"session-end-{visit.id}", on_click=_end, args=(person, database, visit.id))


def _end(person: Person, database: AppDatabase, number: int) -> None:
    with explained(), database.writing() as session:
        end_own(session, person, number)


def _end_others(person: Person, database: AppDatabase, here: int | None) -> None:
    with explained(), database.writing() as session:
        end_others(session, person, here)
