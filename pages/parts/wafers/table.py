"""The table of wafers: order, pages, thumbnails; a click on a row opens the wafer."""

import pandas as pd
import streamlit as st

from core.lake import WaferFilter
from core.lake.wafer_tests import ids_of_step
from pages.parts.cache.stores import lake
from pages.parts.links import PAGE, ROWS, SORT, TEST, VIEW, open_page
from pages.parts.measures import HELP
from pages.parts.state.widgets import clicked_row, set_widget, widget_number
from pages.parts.wafers.cluster_table import class_column
from pages.parts.wafers.gallery import class_names, pictures

PAGE_SIZES = (25, 50, 100)
VIEWS = ("Table", "Pictures")
TABLE = "wafer-table"
ROW_PX = 60
ORDERS = {
    "Newest first": "-tested_at",
    "Oldest first": "tested_at",
    "Most severe first": "-severity",
    "Least severe first": "severity",
    "Lowest yield first": "yield_fraction",
    "Highest yield first": "-yield_fraction",
    "Most clusters first": "-cluster_count",
    "Least sure first": "mean_confidence",
    "By lot and wafer": "key",
    "By product": "product",
}
WORST_FIRST = "Most severe first"


def choose_sort() -> str:
    """Choose the order of the whole table, as `Lake.wafers_page` takes it."""
    order = st.selectbox(
        "Sort",
        list(ORDERS),
        key=SORT,
        bind="query-params",
        help="Sorts all wafers of the filter, not only this page. A click on a heading sorts within the page.",
    )
    return ORDERS[order]


def choose_size() -> int:
    """Choose how many wafers stand on a page."""
    return st.selectbox("Rows", PAGE_SIZES, key=ROWS, bind="query-params", help="Wafers on a page.")


def choose_view() -> bool:
    """Choose between the table and its pictures; true for pictures."""
    view = st.segmented_control(
        "View", VIEWS, default=VIEWS[0], required=True, key=VIEW, bind="query-params", label_visibility="collapsed"
    )
    return view == VIEWS[1]


def choose_page(found: int, size: int) -> int:
    """Choose a page, from 1; a page beyond the last, as after a narrower filter, becomes the last."""
    last = -(-found // size)
    if widget_number(PAGE, 1) > last:
        set_widget(PAGE, last)
    return st.pagination(last, key=PAGE, bind="query-params")


def wafer_table(wafers: pd.DataFrame, where: WaferFilter) -> None:
    """Show a page of wafers.

    Args:
        wafers: rows of `Lake.wafers_page`.
        where: the filter that they passed: where it chooses a step, a row opens the test of it.
    """
    drawn = pictures(wafers, where)
    st.dataframe(
        pd.DataFrame(
            {
                "map": [drawn.get(key) for key in wafers["key"]],
                "lot": wafers["lot_id"],
                "wafer": wafers["wafer_id"],
                "product": wafers["product"],
                "tested": wafers["tested_at"],
                "yield": wafers["yield_fraction"] * 100,
                "severity": wafers["severity"],
                "classes": [class_names(keys) for keys in wafers["classes_present"]],
                "clusters": wafers["cluster_count"],
                "affected": wafers["affected_dies"],
                "confidence": wafers["mean_confidence"],
                "step": wafers["step"],
                "program": wafers["test_program"],
            }
        ),
        key=TABLE,
        on_select=lambda: _open(wafers, where),
        selection_mode="single-cell",
        hide_index=True,
        row_height=ROW_PX,
        height=min(len(wafers), 10) * ROW_PX + 38,
        alt="Wafers",
        placeholder="–",
        column_config={
            "map": st.column_config.ImageColumn("Map", width=68, pinned=True),
            "lot": st.column_config.TextColumn("Lot"),
            "wafer": st.column_config.TextColumn("Wafer", width=64),
            "product": st.column_config.TextColumn("Product"),
            "tested": st.column_config.DatetimeColumn("Tested", format="YYYY-MM-DD HH:mm", help=HELP["tested"]),
            "yield": st.column_config.NumberColumn("Yield", format="%.1f %%", help=HELP["yield"], width=72),
            "severity": st.column_config.ProgressColumn(
                "Severity", min_value=0, max_value=100, format="%.0f", help=HELP["severity"]
            ),
            "classes": class_column("Classes"),
            "clusters": st.column_config.NumberColumn("Clusters", help=HELP["clusters"], width=72),
            "affected": st.column_config.NumberColumn("Affected", help=HELP["affected"], width=76),
            "confidence": st.column_config.NumberColumn("Confidence", format="%.2f", help=HELP["confidence"], width=88),
            "step": st.column_config.TextColumn("Step", help=HELP["step"]),
            "program": st.column_config.TextColumn("Program"),
        },
    )


def _open(wafers: pd.DataFrame, where: WaferFilter) -> None:
    row = clicked_row(TABLE)
    if row is not None:
        key = str(wafers["key"].iloc[row])
        tests = ids_of_step(lake(), where, [key])
        open_page("wafer", wafer=key, **({TEST: tests[key]} if key in tests else {}))
