"""The hint of a first visit: three steps, until the person has read them."""

import streamlit as st

from pages.parts.links import link
from pages.parts.state import dismiss, dismissed

HINT = "welcome"


def welcome() -> None:
    """Show the three-step hint, unless it was put away in this session."""
    if dismissed(HINT):
        return
    with st.container(border=True, key="welcome"):
        head, close = st.columns([8, 1], vertical_alignment="center")
        head.markdown("**Welcome to Waferscope.** These wafers are a synthetic demo fab until you add your own. Three steps:")
        close.button("Got it", on_click=dismiss, args=(HINT,), width="stretch")
        for column, (name, label, text) in zip(
            st.columns(3),
            (
                ("wafers", "1 · Find a wafer", "Filter and sort the whole lake; the link keeps your filters."),
                ("wafer", "2 · Read its map", "Defects in colour, every cluster measured, severity explained."),
                ("segment", "3 · Drop your own", "PNG, CSV, NPZ, a zip of them: see which dies belong to which defect."),
            ),
            strict=True,
        ):
            with column:
                link(name, label)
                st.caption(text)
