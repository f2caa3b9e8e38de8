"""Which wafer a page shows: the one of the link, another of its lot, the previous or next, and one to compare with."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.analysis.result import WaferResult
from core.lake import Lake, WaferFilter
from core.trends.overview import newest_day, worst_of_day
from data.wafer import WaferMap
from pages.parts.links import TEST, link
from pages.parts.literal import literal
from pages.parts.state.widgets import set_widget, widget_text

WAFER, OTHER = "wafer", "other"


def choose_wafer(lake: Lake, place: DeltaGenerator) -> str:
    """Choose a wafer: by the link's `wafer`, then by the lot's list or the buttons; key of the wafer.

    Without a link it is the worst of the newest day, so that the page never stands empty.

    Args:
        lake: the lake.
        place: horizontal container for title and controls.
    """
    key = st.query_params.get(WAFER) or _first(lake)
    lot, name = _lot_and_wafer(lake, key)
    names = _wafers_of(lake, lot)
    place.title(literal(f"{lot} {name}"), width="content")
    if key not in names:
        return key
    position = names.index(key)
    for label, step, shortcut, words in (("‹", -1, "P", "Previous"), ("›", 1, "N", "Next")):
        at = position + step
        place.button(
            label,
            key=f"step{step}",
            disabled=not 0 <= at < len(names),
            on_click=_go,
            args=(names[min(max(at, 0), len(names) - 1)],),
            help=f"{words} wafer of the lot",
            shortcut=shortcut,
        )
    set_widget("lot-wafer", key)
    place.selectbox(
        "Wafer of the lot",
        names,
        format_func=lambda k: k.removeprefix(f"{lot}:"),
        key="lot-wafer",
        on_change=lambda: _go(widget_text("lot-wafer")),
        label_visibility="collapsed",
        width=110,
    )
    place.caption(f"{position + 1} of {len(names)} in the lot", width="content")
    with place:
        link("lot", "The whole lot", lot=lot)
    return key


def compare_with(lake: Lake, wafer: WaferMap) -> WaferResult | None:
    """Choose a second wafer to stand beside the first; None for none, an unknown or an unsegmented one."""
    names = [key for key in _wafers_of(lake, wafer.lot_id) if key != wafer.key]
    given = st.selectbox(
        "Compare with",
        names,
        index=None,
        accept_new_options=True,
        # Options are as people type them: of one that only holds what is typed, the list offers to add another.
        format_func=lambda key: key.removeprefix(f"{wafer.lot_id}:"),
        key=OTHER,
        bind="query-params",
        placeholder="Compare with …",
        label_visibility="collapsed",
        width=210,
        help="A second wafer to see both side by side: one of this lot, such as W19, or type any as LOT:WAFER.",
        on_change=lambda: set_widget(OTHER, _meant(widget_text(OTHER), names) or None),
    )
    if not given:
        return None
    given = _meant(given, names)
    if given not in lake.wafers_by_keys([given]):
        st.warning(literal(f"There is no wafer {given!r} to compare with. Write it like {wafer.key}."))
        return None
    other = lake.result(given)
    if other is None:
        st.warning(f"{literal(given)} is not segmented yet: open it and segment it first.")
    return other


def _meant(given: str, names: Sequence[str]) -> str:
    """Key that was typed: a wafer of the lot may be written without its lot, in upper or lower case."""
    typed = given.strip().lower()
    return next((key for key in names if typed in (key.lower(), key.rpartition(":")[2].lower())), given.strip())


def _first(lake: Lake) -> str:
    everything = WaferFilter()
    day = newest_day(lake, everything)
    worst = worst_of_day(lake, everything, day, 1) if day else None
    table = worst if worst is not None and len(worst) else lake.wafers_page(limit=1)
    return str(table["key"].iloc[0])


def _lot_and_wafer(lake: Lake, key: str) -> tuple[str, str]:
    """Return the names in a key, as its wafer has them: either may hold a colon itself."""
    found = lake.query("SELECT lot_id, wafer_id FROM wafers WHERE key = ?", [key])
    if found.empty:
        lot, _, name = key.rpartition(":")
        return lot, name
    return str(found["lot_id"].iloc[0]), str(found["wafer_id"].iloc[0])


def _wafers_of(lake: Lake, lot: str) -> list[str]:
    return list(lake.query("SELECT key FROM wafers WHERE lot_id = ? ORDER BY key", [lot])["key"])


def _go(key: str) -> None:
    st.query_params[WAFER] = key
    st.query_params.pop(TEST, None)
    st.query_params.pop("cluster", None)
