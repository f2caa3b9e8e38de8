"""Wafers as pictures, numbers beside them."""

import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core.lake import WaferFilter
from core.lake.wafer_tests import ids_of_step
from data.classes import CLASSES
from pages.parts.cache.pictures import thumbnails
from pages.parts.cache.stores import lake
from pages.parts.links import TEST, link
from pages.parts.state.choices import chosen_palette, current_theme

NAMES = {c.key: c.name for c in CLASSES}
TILE_PX = 132
EVERYTHING = WaferFilter()


def pictures(wafers: pd.DataFrame, where: WaferFilter = EVERYTHING) -> dict[str, str]:
    """Return the pictures of a page of wafers as data URIs by key, in the palette and theme in use.

    Args:
        wafers: rows of `Lake.wafers_page`.
        where: the filter that they passed: where it chooses a step, pictures are of the tests of it.
    """
    stamps = [f"{test} {found}" for test, found in zip(wafers["tested_at"], wafers["segmented_at"], strict=True)]
    return thumbnails(list(wafers["key"]), stamps, chosen_palette(), current_theme(), where)


def class_names(keys: object) -> list[str]:
    """Turn a cell of class keys (a list, or nothing) into names."""
    return [NAMES[key] for key in keys if key in NAMES] if isinstance(keys, Iterable) else []


def gallery(
    wafers: pd.DataFrame, *, key: str, notes: Mapping[str, str] | None = None, where: WaferFilter = EVERYTHING
) -> None:
    """Show wafers as tiles: picture, link, severity, classes.

    Args:
        wafers: rows of `Lake.wafers_page`.
        key: of the gallery.
        notes: what else is said below wafers, by key.
        where: the filter that they passed: where it chooses a step, pictures and links are of the tests of it.
    """
    drawn, tests = pictures(wafers, where), ids_of_step(lake(), where, list(wafers["key"]))
    with st.grid("auto", min_column_width=TILE_PX, gap="small", key=key):
        for wafer in wafers.to_dict("records"):
            with st.container(gap="xxsmall"):
                _tile(wafer, drawn.get(wafer["key"]), tests.get(wafer["key"], ""))
                if note := (notes or {}).get(wafer["key"]):
                    st.caption(note)


def _tile(wafer: Mapping[Hashable, Any], picture: str | None, test: str) -> None:
    key, severity = str(wafer["key"]), float(wafer["severity"])
    found = ", ".join(class_names(wafer["classes_present"])) or "no pattern"
    if picture:
        st.image(picture, width=TILE_PX, alt=f"Wafer {key}: {found}")
    link("wafer", f"{wafer['lot_id']} {wafer['wafer_id']}", wafer=key, **({TEST: test} if test else {}))
    st.caption("not segmented" if math.isnan(severity) else f"severity **{severity:.0f}**  \n{found}")
