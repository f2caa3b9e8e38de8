"""The frame around every page: navigation, the look, the colour switch. Runs on every rerun, before the page."""

import streamlit as st

from core.settings import settings
from pages.parts.blocks.ignored import forget_ignored
from pages.parts.empty import explained
from pages.parts.links import GROUPS, ICON, LOGO, SAFE_COLORS, follow, page_of

# The theme has no setting for these: a wafer table wants the width, and a link in a tile lines up with its picture.
DENSE = """<style>
[data-testid='stMainBlockContainer'] { padding-left: 2rem; padding-right: 2rem; }
[data-testid='stMain'] [data-testid='stPageLink-NavLink'] { padding-left: 0; padding-right: 0; }
</style>"""
SAFE_HELP = "Draws the eight defect classes in colours that people with deuteranopia or protanopia can tell apart."


def show() -> None:
    """Draw the frame, and the page in it."""
    st.set_page_config(page_icon=ICON, layout="wide", initial_sidebar_state=210)
    st.logo(LOGO, size="large")
    st.html(DENSE)
    page = st.navigation(
        {group: [page_of(name) for name in names] for group, names in GROUPS.items() if names}, expanded=True
    )
    st.set_page_config(page_title=f"{page.title} · Waferscope")
    with explained(), st.sidebar:
        st.toggle(
            "Colour-blind safe",
            value=settings().color_safe,
            key=SAFE_COLORS,
            bind="query-params",
            persist_state="session",
            help=SAFE_HELP,
        )
    follow(page)
    forget_ignored(page.url_path)
    page.run()


show()
