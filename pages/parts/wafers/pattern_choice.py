"""Whether all failing dies are looked at or those of one class."""

import streamlit as st

from core.drawing.palette import class_colors
from data.classes import CLASSES
from pages.parts.state.choices import chosen_palette

ALL = "All failing dies"
_KEYS = {ALL: None, **{c.name: c.key for c in CLASSES}}
NAMES = {c.key: c.name for c in CLASSES}


def choose_pattern() -> str | None:
    """Choose a class by its name; None for all failing dies."""
    chosen = st.selectbox(
        "Show",
        list(_KEYS),
        key="pattern",
        bind="query-params",
        help="All failing dies, or only those of one class; these are counted over segmented wafers.",
        width=200,
    )
    return _KEYS[chosen]


def pattern_color(class_key: str | None) -> str | None:
    """Return the colour of a class, None for the grey of all failing dies."""
    return None if class_key is None else class_colors(chosen_palette())[class_key]


def pattern_words(class_key: str | None) -> str:
    """Return what is counted: "failing" or "with ring"."""
    return "failing" if class_key is None else f"with {NAMES[class_key].lower()}"
