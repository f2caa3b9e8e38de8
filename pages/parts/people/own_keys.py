"""One's keys of the API: make, put a new one in place of an old one, take back."""

from datetime import timedelta

import pandas as pd
import streamlit as st

from core.database import AppDatabase
from core.database.schema import now
from core.identity import LONGEST_NAME, Person
from core.people.keys import OVERLAP_HOURS, ApiKey, list_keys, make_key, revoke, rotate, stands
from core.people.roles import WORDS, Permission, may
from pages.parts.empty import explained
from pages.parts.literal import literal
from pages.parts.people.attempts import attempt
from pages.parts.people.shown_once import show_once_after, shown_once
from pages.parts.people.words import moment_words

NEW_KEY = "new-key"
LASTS: dict[str, int | None] = {"30 days": 30, "90 days": 90, "A year": 365, "For ever": None}
OVERLAPS = {"At once": 0.0, "In an hour": 1.0, "In a day": OVERLAP_HOURS, "In a week": 7 * 24.0}
ADVICE = "Put it where the machine reads its secrets, not into code."
ENDED = "Keys that have ended"


def key_list(person: Person, database: AppDatabase) -> None:
    """Show one's keys, and make new ones."""
    st.caption("By a key a machine uses the API in your name, with what you may do at most.")
    shown_once(NEW_KEY, ADVICE)
    with database.reading() as session:
        keys = list_keys(session, person.id or 0)
    for key in keys:
        if stands(key):
            _row(key, person, database)
    _form(person, database)
    if ended := [key for key in keys if not stands(key)]:
        with st.expander(f"{ENDED} ({len(ended):,})"):
            st.dataframe(_table(ended), hide_index=True, alt=ENDED)


def _row(key: ApiKey, person: Person, database: AppDatabase) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        used = moment_words(key.last_used_at) + (f" from {key.last_address}" if key.last_address else "")
        st.markdown(
            f"**{literal(key.name)}** · {literal(f'ws_{key.prefix}_…')}  \n"
            f"{literal(', '.join(key.scopes))}  \n"
            f"made {moment_words(key.made_at)}, ends {moment_words(key.ends_at)}, last used {literal(used)}",
            width="stretch",
        )
        with st.popover("Rotate", key=f"key-rotate-{key.id}", help="A new key with the same scopes in its place."):
            ends = st.selectbox("The old one ends", list(OVERLAPS), index=2, key=f"key-overlap-{key.id}")
            if st.button("Make the new key", key=f"key-rotated-{key.id}", type="primary"):
                with attempt():
                    with database.writing() as session:
                        text = rotate(session, person, key.id, OVERLAPS[ends])
                    show_once_after(NEW_KEY, f"New key {key.name}", text)
        with st.popover("Revoke", key=f"key-revoke-{key.id}", help="It is worth nothing from then on."):
            st.markdown("Whatever uses this key stops working now.")
            st.button("Revoke this key", key=f"key-revoked-{key.id}", on_click=_revoke, args=(person, database, key.id))


def _form(person: Person, database: AppDatabase) -> None:
    allowed = [permission for permission in Permission if may(person, permission)]
    with st.form("key-new", clear_on_submit=False):
        left, right = st.columns([2, 1])
        name = left.text_input(
            "Name of a new key", max_chars=LONGEST_NAME, placeholder="What it is for", autocomplete="off"
        )
        lasts = right.selectbox("Lasts", list(LASTS), index=1)
        scopes = st.multiselect(
            "Scopes",
            allowed,
            format_func=lambda one: f"{one.value}: {WORDS[one]}",
            placeholder="What it may do",
            help="As few as the machine needs. What you may not do is not offered.",
        )
        if st.form_submit_button("Make key"):
            with attempt():
                days = LASTS[lasts]
                with database.writing() as session:
                    text = make_key(session, person, name, scopes, now() + timedelta(days=days) if days else None)
                show_once_after(NEW_KEY, f"Key {name}", text)


def _table(keys: list[ApiKey]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "name": key.name,
                "key": f"ws_{key.prefix}_…",
                "scopes": ", ".join(key.scopes),
                "made": moment_words(key.made_at),
                "ended": moment_words(key.revoked_at or key.ends_at),
                "how": "revoked" if key.revoked_at else "its time was up",
                "last used": moment_words(key.last_used_at),
            }
            for key in keys
        ]
    )


def _revoke(person: Person, database: AppDatabase, number: int) -> None:
    with explained(), database.writing() as session:
        revoke(session, person, number)
