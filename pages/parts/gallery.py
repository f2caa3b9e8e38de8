"""Wafers as pictures, numbers beside them."""

from collections.abc import Iterable

import pandas as pd
import streamlit as st

from data.classes import CLASSES
from pages.parts.cache import thumbnails
from pages.parts.links import link
from pages.parts.state import chosen_palette, current_theme

NAMES = {c.key: c.name for c in CLASSES}
TILE_PX = 132


def pictures(wafers: pd.DataFrame) -> dict[str, str]:
    """Give the pictures of a page of wafers as data URIs by key, in the palette and theme in use."""
    stamps = [f"{row.tested_at} {row.segmented_at}" for row in wafers.itertuples()]
    return thumbnails(list(wafers["key"]), stamps, chosen_palette(), current_theme())


def class_names(keys: object) -> list[str]:
    """Turn a cell of class keys (a list, or nothing) into names."""
    return [NAMES[key] for key in keys if key in NAMES] if isinstance(keys, Iterable) else []


def gallery(wafers: pd.DataFrame, *, key: str) -> None:
    """Show wafers as tiles: picture, link, severity, classes.

    Args:
        wafers: rows of `Lake.wafers_page`.
        key: of the gallery.
    """
    drawn = pictures(wafers)
    with st.grid("auto", min_column_width=TILE_PX, gap="small", key=key):
        for row in wafers.itertuples():
            with st.container(gap="xxsmall"):
                found = class_names(row.classes_present)
                st.image(drawn[row.key], width=TILE_PX, alt=f"Wafer {row.key}: {', '.join(found) or 'no pattern'}")
                link("wafer", f"{row.lot_id} {row.wafer_id}", wafer=row.key)
                st.caption(f"severity **{row.severity:.0f}**  \n{', '.join(found) or 'no pattern'}")
