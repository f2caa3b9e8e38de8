"""The wafers of an upload as tiles to choose from, a page of them at a time."""

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from core.analysis.result import WaferResult
from core.drawing.palette import class_colors
from core.ingestion.upload_session import ReadingPlan
from core.ingestion.uploaded_file import Entry
from data.classes import CLASSES
from pages.parts.cache.pictures import result_thumbnail
from pages.parts.state.choices import chosen_palette, current_theme
from pages.parts.state.upload import choose_tile, chosen_tile

ASSETS = Path(__file__).parent
NAMES = {c.key: c.name for c in CLASSES}
TILE_PX = 96
TILES_A_PAGE = 60
ORDERS = {"given": "As given", "worst": "Worst first"}


def results_browser(entries: Sequence[Entry], plan: ReadingPlan, *, key: str) -> Entry:
    """Let a person choose one of the segmented wafers; a single one is chosen without asking.

    Args:
        entries: at least one, all segmented.
        plan: how they were made.
        key: of the browser.

    Returns:
        The chosen entry.
    """
    if len(entries) == 1:
        return entries[0]
    shown = _turned_to(entries, key)
    ids = {entry.id: entry for entry in shown}
    chosen = ids.get(chosen_tile(key), shown[0])
    component_key = f"{key}-tiles"
    _component()(
        key=component_key,
        data={
            "tiles": [_tile(entry.id, entry.result, plan) for entry in shown if entry.result],
            "chosen": chosen.id,
            "label": "Segmented wafers; arrow keys choose",
        },
        on_chosen_change=lambda: choose_tile(key, component_key),
    )
    return chosen


def _turned_to(entries: Sequence[Entry], key: str) -> Sequence[Entry]:
    """Order the entries as the person wants, and give the page that is open."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        order = st.segmented_control(
            "Order",
            list(ORDERS),
            default="given",
            required=True,
            format_func=ORDERS.__getitem__,
            key=f"{key}-order",
            label_visibility="collapsed",
            persist_state="session",
        )
        pages = math.ceil(len(entries) / TILES_A_PAGE)
        page = st.pagination(pages, key=f"{key}-page", persist_state="session") if pages > 1 else 1
    if order == "worst":
        entries = sorted(entries, key=_severity, reverse=True)
    first = (min(page, pages) - 1) * TILES_A_PAGE
    return entries[first : first + TILES_A_PAGE]


def _severity(entry: Entry) -> float:
    return entry.result.severity.score if entry.result else 0.0


def _tile(entry_id: str, result: WaferResult, plan: ReadingPlan) -> dict[str, Any]:
    wafer, found = result.wafer, result.segmentation.classes_present
    colors = class_colors(chosen_palette())
    words = ", ".join(NAMES[key] for key in found) or "no pattern"
    return {
        "id": entry_id,
        "name": f"{wafer.lot_id} {wafer.wafer_id}",
        "title": f"{wafer.lot_id} {wafer.wafer_id}: {words}, severity {result.severity.score:.0f}",
        "picture": result_thumbnail(f"{entry_id} {plan} {found}", result, chosen_palette(), current_theme(), TILE_PX),
        "colors": [colors[key] for key in found],
        "note": f"{result.severity.score:.0f}" if found else "no pattern",
    }


@cache
def _component() -> ComponentRenderer:
    def read(name: str) -> str:
        return (ASSETS / f"results_browser.{name}").read_text(encoding="utf-8")

    return st.components.v2.component(
        "waferscope_results",
        html='<div class="tiles" role="listbox"></div>\n',
        css=read("css"),
        js=read("js"),
    )
