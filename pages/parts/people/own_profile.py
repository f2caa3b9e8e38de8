"""One's own account as others see it, and what is kept about one as files."""

import json

import pandas as pd
import streamlit as st

from core.database import AppDatabase
from core.exports.cells import encoded_csv
from core.exports.frames import frame_csv
from core.identity import Person
from core.people.accounts import find_account
from core.people.my_data import as_rows, own_data
from core.people.roles import WORDS, Permission, may
from pages.parts.literal import literal
from pages.parts.people.words import moment_words, product_words, role_words, sign_in_words


def profile(person: Person, database: AppDatabase) -> None:
    """Show who has signed in and what they may do, and offer what is kept about them."""
    with database.reading() as session:
        account = find_account(session, person.id or 0)
    said = {
        "Name": account.name,
        "E-mail": account.email,
        "Role": role_words(account.role),
        "Sees": product_words(account.products),
        "Signs in by": sign_in_words(account.sign_in),
        "Account since": moment_words(account.created_at),
    }
    with st.container(border=True):
        for column, rows in zip(st.columns(2), (list(said)[:3], list(said)[3:]), strict=True):
            for name in rows:
                column.markdown(f":gray[{name}]  \n{literal(said[name])}")
        st.caption("An admin changes these.")
    with st.expander("What this role may do"):
        st.markdown("\n".join(f"- {words}" for permission, words in WORDS.items() if may(person, permission)))
        missing = [words for permission, words in WORDS.items() if not may(person, permission)]
        if missing:
            st.caption(f"Not: {', '.join(missing)}.")
    _own_files(person, database)


def _own_files(person: Person, database: AppDatabase) -> None:
    def data() -> dict[str, object]:
        with database.reading() as session:
            return own_data(session, person)

    st.markdown("**My data**", help="Account, sessions, keys, and every entry of the audit trail under your name.")
    with st.container(horizontal=True):
        st.download_button(
            "Download JSON",
            data=lambda: json.dumps(data(), ensure_ascii=False, indent=2).encode(),
            file_name="my-data.json",
            mime="application/json",
            on_click="ignore",
            disabled=not may(person, Permission.ACCOUNT_WRITE),
        )
        st.download_button(
            "Download CSV",
            data=lambda: encoded_csv(frame_csv(pd.DataFrame(as_rows(data())).astype({"value": str}))),
            file_name="my-data.csv",
            mime="text/csv",
            on_click="ignore",
            disabled=not may(person, Permission.ACCOUNT_WRITE),
        )
