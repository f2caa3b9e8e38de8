"""Wafers as pictures, numbers beside them."""

import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from data.classes import CLASSES
from pages.parts.cache.pictures import thumbnails
from pages.parts.links import link
from pages.parts.state.choices import chosen_palette, current_theme

NAMES = {c.key: c.name for c in CLASSES}
TILE_PX = 132


def pictures(wafers: pd.DataFrame) -> dict[str, str]:
    """Return the pictures of a page of wafers as data URIs by key, in the palette and theme in use."""
    stamps = [f"{test} {found}" for test, found in zip(wafers["tested_at"], wafers["segmented_at"], strict=True)]
    return thumbnails(list(wafers["key"]), stamps, chosen_palette(), current_theme())


def class_names(keys: object) -> list[str]:
    """Turn a cell of class keys (a list, or nothing) into names."""
    return [NAMES[key] for key in keys if key in NAMES] if isinstance(keys, Iterable) else []


def gallery(wafers: pd.DataFrame, *, key: str, notes: Mapping[str, str] | None = None) -> None:
    """Show wafers as tiles: picture, link, severity, classes.

    Args:
        wafers: rows of `Lake.wafers_page`.
        key: of the gallery.
        notes: what else is said below wafers, by key.
    """
    drawn = pictures(wafers)
    with st.grid("auto", min_column_width=TILE_PX, gap="small", key=key):
        for wafer in wafers.to_dict("records"):
            with st.container(gap="xxsmall"):
                _tile(wafer, drawn.get(wafer["key"]))
                if note := (notes or {}).get(wafer["key"]):
                    st.caption(note)


def _tile(wafer: Mapping[Hashable, Any], picture: str | None) -> None:
    key, severity = str(wafer["key"]), float(wafer["severity"])
    found = ", ".join(class_names(wafer["classes_present"])) or "no pattern"
    if picture:
        st.image(picture, width=TILE_PX, alt=f"Wafer {key}: {found}")
    link("wafer", f"{wafer['lot_id']} {wafer['wafer_id']}", wafer=key)
    st.caption("not segmented" if math.isnan(severity) else f"severity **{severity:.0f}**  \n{found}")
