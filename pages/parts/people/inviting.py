"""Inviting people: one by a form, many by a CSV that is looked at first."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.database import AppDatabase
from core.exports.cells import encoded_csv
from core.exports.frames import frame_csv
from core.identity import LONGEST_NAME, Person
from core.lake import Lake
from core.people.accounts import EMAIL_LENGTH
from core.people.invitation_list import COLUMNS, MOST_ROWS, ListedInvitation, invite_listed, read_invitations
from core.people.invitations import HOURS, LinkKind, invite, password_link
from core.people.roles import Role
from pages.parts.people.account_editor import ADVICE, product_choice, role_choice
from pages.parts.people.attempts import attempt
from pages.parts.people.shown_once import show_once_after, shown_once
from pages.parts.people.words import product_words, role_words
from pages.parts.state.once import drop_once, keep_once, kept_once
from pages.parts.state.widgets import set_widget, widget_number

LINK, LINKS = "invitation-link", "invitation-links"
INVITED = "invited-here"
DAYS = HOURS[LinkKind.INVITATION] // 24
EXAMPLE = f"{','.join(COLUMNS)}\nana@fab.example,Ana Novak,engineer,DRAM8G;NAND\nbo@fab.example,Bo Li,viewer,\n"
PREVIEW = "People of the list"


def invite_one(person: Person, lake: Lake, database: AppDatabase) -> None:
    """Draw the form that invites one person, and the link that it brought."""
    shown_once(LINK, f"{ADVICE} It lasts {DAYS} days.")
    invited = widget_number(INVITED, 0)
    stamp = f"invite-{invited}"  # the fields of the next one are empty
    with st.container(border=True):
        left, right = st.columns(2)
        with left:
            email = st.text_input("E-mail", max_chars=EMAIL_LENGTH, key=f"{stamp}-email", autocomplete="off")
            role = role_choice(Role.VIEWER, f"{stamp}-role")
        with right:
            name = st.text_input(
                "Name", max_chars=LONGEST_NAME, key=f"{stamp}-name", autocomplete="off", help="As records will show it."
            )
            products = product_choice(None, lake, stamp)
        if st.button("Invite", type="primary"):
            with attempt():
                with database.writing() as session:
                    token = invite(session, person, email, name, role, products)
                set_widget(INVITED, invited + 1)
                show_once_after(LINK, f"Invitation for {name}, {email}", password_link(token))


def invite_many(person: Person, database: AppDatabase) -> None:
    """Draw the upload of a list, what is in it, and the links that it brought."""
    _links()
    st.caption(
        f"Columns {', '.join(COLUMNS)}; up to {MOST_ROWS:,} rows. Role left out: viewer. Products left out: all; "
        "several with a semicolon between."
    )
    st.download_button("Example", data=EXAMPLE, file_name="people.csv", mime="text/csv", on_click="ignore")
    file = st.file_uploader("CSV of people", type=["csv"], key="invite-file", max_upload_size=1)
    if file is None:
        return
    with attempt():
        with database.reading() as session:
            rows = read_invitations(session, file.getvalue())
        _preview(rows)
        fit = sum(not row.problem for row in rows)
        if st.button(f"Invite {fit:,} of {len(rows):,}", type="primary", disabled=not fit):
            with database.writing() as session:
                invited = invite_listed(session, person, rows)
            keep_once(
                LINKS,
                pd.DataFrame([(email, password_link(token)) for email, token in invited], columns=["email", "link"]),
            )
            st.rerun()


def _preview(rows: Sequence[ListedInvitation]) -> None:
    if wrong := sum(bool(row.problem) for row in rows):
        st.warning(f"{wrong:,} of {len(rows):,} rows cannot be invited; the last column says why.")
    st.dataframe(
        pd.DataFrame(
            {
                "line": [row.line for row in rows],
                "email": [row.email for row in rows],
                "name": [row.name for row in rows],
                "role": [role_words(row.role) for row in rows],
                "products": [product_words(row.products) for row in rows],
                "problem": [row.problem for row in rows],
            }
        ).sort_values("problem", key=lambda problems: problems == "", kind="stable"),
        hide_index=True,
        alt=PREVIEW,
        column_config={"problem": st.column_config.TextColumn("problem", width="large")},
    )


def _links() -> None:
    links = kept_once(LINKS, pd.DataFrame)
    if links is None:
        return
    with st.container(border=True):
        st.markdown(f"**{len(links):,} people are invited**")
        st.dataframe(links, hide_index=True, alt="Links")
        st.caption(f"Each link works once, for {DAYS} days. They are shown this once, and go when you leave this page.")
        with st.container(horizontal=True):
            st.download_button(
                "Download links",
                data=lambda: encoded_csv(frame_csv(links)),
                file_name="invitations.csv",
                mime="text/csv",
                on_click="ignore",
            )
            st.button("I have them", on_click=drop_once, args=(LINKS,))
