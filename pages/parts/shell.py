"""The frame around every page: navigation, the look, the colour switch. Runs on every rerun, before the page."""

from contextlib import suppress

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.people.roles import permit
from core.settings import settings
from data.errors import WaferError
from pages.parts.blocks.ignored import forget_ignored
from pages.parts.cache.stores import lake
from pages.parts.empty import explained
from pages.parts.links import ENTRIES, ICON, LOGO, NAMES, SAFE_COLORS, follow, navigation
from pages.parts.person import account_button, signed_in
from pages.parts.state.once import forget_once

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
    with explained():
        person = signed_in() if settings().accounts else None
    page = st.navigation(navigation(person), expanded=True)
    st.set_page_config(page_title=f"{page.title} · Waferscope")
    with explained(), st.sidebar:
        if person:
            account_button(person)
        st.toggle(
            "Colour-blind safe",
            value=settings().color_safe,
            key=SAFE_COLORS,
            bind="query-params",
            persist_state="session",
            help=SAFE_HELP,
        )
    with explained():
        if person and (needs := ENTRIES[page.url_path or NAMES[0]].needs):
            permit(person, needs)
    follow(page)
    forget_ignored(page.url_path)
    forget_once(page.url_path)
    banner = st.empty()
    with suppress(WaferError):  # the page says what is wrong
        lake().count()  # a page that ends itself lets nothing be drawn after it, so the lake is looked at before
    said = _say_damage(banner)
    page.run()
    _say_damage(banner, said)  # the page may have met more


def _say_damage(banner: DeltaGenerator, said: str = "") -> str:
    """Name what is known to be left out of the lake, on every page; nothing where that is said already."""
    sentence = ""
    with suppress(WaferError):
        sentence = lake().damage.sentence
    if sentence and sentence != said:
        banner.warning(sentence)
    return sentence


if __name__ == "__main__":
    show()
