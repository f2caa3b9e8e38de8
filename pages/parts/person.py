"""Who is working: asked once, remembered by the browser, and never guessed where work is recorded under a name."""

from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from core.identity import LONGEST_NAME, Person, local_person, named_person
from data.errors import WaferValueError
from pages.parts.literal import literal
from pages.parts.state.choices import keep_name, said_name

SCRIPT = Path(__file__).parent / "assets" / "person.js"


def acting_person() -> Person:
    """Return the person at this browser; the page ends with the question where nobody has said a name yet."""
    name = said_name()
    known = _component()(key="person", data={"name": name}, on_known_change=lambda: None).get("known")
    if not name and isinstance(known, dict) and known.get("name"):
        keep_name(name := str(known["name"]))
    if not name:
        _ask()
    return named_person(name)


def person_or_account() -> Person:
    """Return the person who said a name in this session, else the account: for pages that need not ask."""
    return named_person(said_name()) if said_name() else local_person()


def person_button(person: Person) -> None:
    """Show whose name work is recorded under, and let another take over."""
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
