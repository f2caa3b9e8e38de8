"""What the person chose for all pages: colours, and the name that stands beside what they do."""

import streamlit as st

from core.drawing.palette import Palette, Theme
from core.settings import settings
from pages.parts.links import SAFE_COLORS


def chosen_palette() -> Palette:
    """Return the palette that the person switched to, the site's default before."""
    safe = st.session_state.get(SAFE_COLORS, settings().color_safe)
    return Palette.SAFE if safe else Palette.STANDARD


def current_theme() -> Theme:
    """Return whether the app is light or dark right now."""
    return Theme.DARK if st.context.theme.type == "dark" else Theme.LIGHT


def said_name() -> str:
    """Name that the person gave in this session, "" before one was given."""
    return str(st.session_state.get("person-name", ""))


def keep_name(name: str) -> None:
    """Remember the person's name; "" asks for it again."""
    st.session_state["person-name"] = name
