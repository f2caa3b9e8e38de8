"""The hint of a first visit: what these wafers are and three steps, until this browser has put it away."""

from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from pages.parts.links import NAMES, open_page

ASSETS = Path(__file__).parent
DEMO = "This is a demo fab: synthetic wafers with a story to find. Your own wafers join it as soon as you save some."
OWN = "Waferscope finds which failing dies belong to which defect, measures every cluster and scores the wafer."
STEPS = (
    ("wafers", "Find a wafer", "Filter and sort the whole lake; the address keeps your filters."),
    ("wafer", "Read its map", "Point at a die, hide a class, choose a cluster to zoom to it."),
    ("segment", "Drop your own", "PNG, CSV, NPZ or a zip of them: see their defects at once."),
)


def welcome(*, demo: bool) -> None:
    """Show the hint, unless this browser has put it away.

    Args:
        demo: the lake holds the demo fab.
    """
    steps = [{"page": page, "label": label, "text": text} for page, label, text in STEPS if page in NAMES]
    chosen = _component()(
        key="welcome", data={"text": DEMO if demo else OWN, "steps": steps}, on_page_change=lambda: None
    ).page
    if chosen in NAMES:
        open_page(chosen)


@cache
def _component() -> ComponentRenderer:
    html, css, js = ((ASSETS / f"welcome.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    return st.components.v2.component("waferscope_welcome", html=html, css=css, js=js)
