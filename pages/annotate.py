"""Annotate: one wafer after the other, from the model's proposal to a label that trains the next."""

import streamlit as st

from core.annotation.bench import bench
from core.annotation.progress import begun, progress
from core.annotation.queue import go_on
from core.identity import Person
from data.errors import LakeError
from pages.parts.cache.stores import database as open_database
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.label.bench import label_bench
from pages.parts.links import link, open_page
from pages.parts.literal import literal
from pages.parts.person import acting_person, person_button

WAFER = "wafer"
START_HELP = "Goes on with what you have begun from the queue before it takes a new one."


def begin(person: Person) -> None:
    """Offer the person's next wafer, or say that nothing waits and where to find some."""
    st.title("Annotate")
    with open_database().reading() as session:
        far = progress(session, person)
        had = begun(session, person)
    if had:
        st.markdown(f"You have begun **{len(had)}** wafer{'s' * (len(had) != 1)}; nothing of them is lost.")
        for key in had[:12]:
            link("annotate", f"Go on with {key}", wafer=key)
    if far.mine:
        st.markdown(f"**{far.text}**")
        if st.button("Start with the next wafer", type="primary", shortcut="Enter", help=START_HELP):
            with open_database().writing() as session:
                item = go_on(session, person, open_lake().seen)
            if item is not None:
                open_page("annotate", wafer=item.wafer_key)
            st.info("Somebody else took the last wafer just now.")
    else:
        with st.container(border=True):
            st.markdown("**Nothing else waits for you.**" if had else "**Nothing waits for you.**")
            st.markdown(
                "Wafers get here from the Queue page, by filter or by name, from the Wafers page, or one by one from "
                "a wafer's own page."
            )
            link("label_queue", "Fill the queue")
            link("wafers", "Find wafers")


def show() -> None:
    """Lay out the wafer that the link names, or offer the next."""
    lake = open_lake()
    stop_if_empty(lake)
    person = acting_person()
    key = st.query_params.get(WAFER)
    if not key:
        begin(person)
        person_button(person)
        return
    try:
        laid_out = bench(open_database(), lake, key, person)
    except LakeError as error:
        st.error(literal(error))
        link("annotate", "Back to the next wafer", wafer="")
        return
    label_bench(laid_out, person, lake)


with explained():
    show()
