"""Who is working: who has signed in; without accounts, who says a name, asked once and remembered by the browser."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from core.identity import LONGEST_NAME, Person, local_person, named_person
from core.people.accounts import acting
from core.people.sessions import end_session
from core.settings import settings
from data.errors import WaferValueError
from pages.parts.cache.stores import account_here, database
from pages.parts.links import link
from pages.parts.literal import literal
from pages.parts.state.choices import keep_name, said_name

SCRIPT = Path(__file__).parent / "assets" / "person.js"
SESSION = "session"
"""Under which Streamlit keeps the session that the guard names (`server.trustedUserHeaders`)."""
REQUEST = "X-Waferscope-Request"


def acting_person() -> Person:
    """Return who is working at this browser; without accounts the page may end with the question for a name."""
    if settings().accounts:
        return signed_in()
    name = said_name()
    known = _component()(key="person", data={"name": name}, on_known_change=lambda: None).get("known")
    if not name and isinstance(known, dict) and known.get("name"):
        keep_name(name := str(known["name"]))
    if not name:
        _ask()
    return named_person(name)


def person_or_account() -> Person:
    """Return who has signed in; without accounts who said a name, else this machine's: for pages that need not ask."""
    return named_person(said_name()) if said_name() and not settings().accounts else person_here()


def person_here() -> Person:
    """Return who has signed in; without accounts the person of this machine."""
    return signed_in() if settings().accounts else local_person()


def signed_in() -> Person:
    """Return who has signed in, with the role of this moment; the page ends where the account is there no more."""
    account = account_here()
    if account is None:
        st.error("Nobody has signed in here, or the account is not active any more. Open this page anew.")
        st.stop()
    address, request = st.context.ip_address or "", st.context.headers.get(REQUEST) or ""
    return replace(acting(account), address=address, request_id=request)


def session_number() -> int | None:
    """Return the number of the session in which somebody has signed in, None without accounts."""
    number = str(st.user.get(SESSION) or "")
    return int(number) if settings().accounts and number.isdigit() else None


def account_button(person: Person) -> None:
    """Show who has signed in, and offer to sign out; all pages of this session are closed then."""
    with st.popover(literal(person.name), width="stretch"):
        st.caption(f"Signed in as {literal(person.role.replace('_', ' '))}.")
        link("account", "Your account")
        number = session_number()
        if st.button("Sign out", width="stretch") and number is not None:
            with database().writing() as session:
                end_session(session, number)
            st.info("Signed out. The sign-in comes in a moment.")
            st.stop()


def person_button(person: Person) -> None:
    """Show whose name work is recorded under, and let another take over; with accounts the frame says who it is."""
    if settings().accounts:
        return
    with st.popover(literal(person.name), help="Labels, reviews and drafts are recorded under this name."):
        st.caption("Somebody else at this browser? Drafts stay with whoever made them.")
        name = st.text_input("Your name", max_chars=LONGEST_NAME, key="person-other")
        if st.button("Work under this name", disabled=not name.strip()):
            keep_name(named_person(name).name)
            st.rerun()


def _ask() -> None:
    with st.form("person-form", width=420):
        st.markdown("**Who is working?**")
        st.caption("Labels and reviews are recorded under your name. This browser remembers it.")
        name = st.text_input("Your name", value=local_person().name, max_chars=LONGEST_NAME)
        if st.form_submit_button("Go on", type="primary"):
            try:
                keep_name(named_person(name).name)
            except WaferValueError as error:
                st.error(literal(error))
            else:
                st.rerun()
    st.stop()


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("waferscope_person", js=SCRIPT.read_text(encoding="utf-8"))
