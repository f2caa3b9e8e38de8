"""A row that goes on below where the window is narrow: nothing in it is cut, whatever the window."""

from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

NARROW_PX, USUAL_PX = 124, 152
DAYS_PX = 216
"""Two dates in full."""


def flowing_row(*widths: int | Literal["stretch"], align: Literal["top", "bottom"] = "bottom") -> list[DeltaGenerator]:
    """Return places beside each other.

    Args:
        widths: of each, in pixels; "stretch" for a title that takes what is left.
        align: the places to the row's top or bottom.
    """
    row = st.container(horizontal=True, vertical_alignment=align)
    return [row.container(width=width) for width in widths]
