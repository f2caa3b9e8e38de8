"""What is seen as files to take away: of one wafer, of many as one archive, of a lot, of a period."""

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import streamlit as st

from core.analysis.result import WaferResult
from core.downloads.folder import export_zip
from core.downloads.formats import LOT_FORMATS, PERIOD_FORMATS, WAFER_FORMATS, ExportStyle, Format, FormatKey, chosen
from core.exports.names import safe_part
from core.exports.review_points import Places
from core.lake import Lake, WaferFilter
from core.reports.lot_tables import results_of
from pages.parts.blocks.taking import may_take, take_button, told
from pages.parts.literal import literal
from pages.parts.person import person_here
from pages.parts.state.choices import chosen_palette, current_theme

MOST_WAFERS = 1000
FIRST = [FormatKey.KLARF18]
NO_PITCH = "The wafer's die pitch is not known, so no place on it is: give the pitch when the wafer is read."
PLACES = {Places.DIES: "Dies, by the sampling plan", Places.CENTROIDS: "Centroids of clusters"}
PLACES_HELP = (
    "What becomes a defect in a KLARF file. Dies: some of each class's dies, far from one another; how many, and the "
    "class numbers, says the table of the setting WAFERSCOPE_REVIEW. Centroids: the middle of each cluster, which may "
    "lie beside its dies."
)


def wafer_downloads(result: WaferResult) -> None:
    """Offer one wafer in every format; each file is made when it is asked for."""
    if not may_take():
        return
    style, name = _style(), f"{safe_part(result.wafer.lot_id)}_{safe_part(result.wafer.wafer_id)}"
    with st.popover("Download"):
        for one in WAFER_FORMATS:
            refused = one.needs_pitch and result.wafer.die_pitch_mm is None
            _button(one, name, partial(one.make, result, style), NO_PITCH if refused else "")


def lot_files(lake: Lake, lot_id: str) -> None:
    """Offer a lot's report and workbook, one below the other."""
    for one in LOT_FORMATS if may_take() else ():
        _button(one, safe_part(lot_id), partial(one.make, lake, lot_id, _style()))


def period_files(lake: Lake, where: WaferFilter) -> None:
    """Offer the report of the wafers that a filter lets through."""
    for one in PERIOD_FORMATS if may_take() else ():
        refused = "" if lake.count(where) else "No wafer passes the filter."
        _button(one, "period", partial(one.make, lake, where, _style()), refused, width="content")


def archive_menu(results: Callable[[], Iterable[WaferResult]], count: int, name: str, *, key: str) -> None:
    """Offer many wafers as one archive, in formats of choice.

    Args:
        results: gives them when the archive is made.
        count: how many there are.
        name: of the archive, without its ending.
        key: of the widgets.
    """
    if not may_take():
        return
    with st.popover("Export", help="KLARF, SEMI maps, tables, pictures and reports of these wafers, as one zip."):
        labels = {one.key: one.label for one in WAFER_FORMATS}
        keys = st.pills(
            "Formats",
            list(labels),
            selection_mode="multi",
            default=FIRST,
            format_func=labels.__getitem__,
            key=f"{key}-formats",
        )
        style = _style()
        if {FormatKey.KLARF12, FormatKey.KLARF18} & set(keys):
            places = st.selectbox(
                "Places to review", list(PLACES), format_func=PLACES.__getitem__, key=f"{key}-places", help=PLACES_HELP
            )
            style = replace(style, places=places)
        for one in chosen(WAFER_FORMATS, keys):
            st.caption(f"**{one.label}**: {one.help}")
        if count > MOST_WAFERS:
            st.caption(f"The first {MOST_WAFERS:,} of {count:,} wafers; `python -m jobs.export` takes any number.")
        take_button(
            f"Export {min(count, MOST_WAFERS):,} wafer{'s' * (count != 1)}",
            data=told(partial(_archive, results, keys, style), f"{name}.zip"),
            file_name=f"{name}.zip",
            mime="application/zip",
            on_click="ignore",
            disabled=not keys or not count,
            key=f"{key}-zip",
            type="primary",
        )


def filtered_results(lake: Lake, where: WaferFilter, sort: str) -> Iterable[WaferResult]:
    """Read the results of a filter's wafers in a table's order, as many as an archive takes."""
    return results_of(lake.seen_by(where), lake.wafers_page(where, sort, limit=MOST_WAFERS)["key"])


def _archive(results: Callable[[], Iterable[WaferResult]], keys: Sequence[FormatKey], style: ExportStyle) -> bytes:
    file = io.BytesIO()
    export_zip(results(), keys, style, file)
    return file.getvalue()


def _style() -> ExportStyle:
    return ExportStyle(person_here(), chosen_palette(), current_theme())


def _button(
    one: Format,
    name: str,
    make: Callable[[], bytes],
    refused: str = "",
    *,
    width: Literal["stretch", "content"] = "stretch",
) -> None:
    take_button(
        one.label,
        data=told(make, f"{name}{one.ending}"),
        file_name=f"{name}{one.ending}",
        mime=one.mime,
        help=literal(refused) or one.help,
        on_click="ignore",
        disabled=bool(refused),
        width=width,
    )
