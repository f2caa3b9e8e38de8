"""The clusters of a wafer: a table whose chosen row the map zooms to, and the chosen cluster's measures."""

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.analysis.result import WaferResult
from core.drawing.palette import class_colors
from core.instances import Instance
from data.classes import CLASSES
from pages.parts.measures import HELP
from pages.parts.state.choices import chosen_palette
from pages.parts.state.view import ViewState

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

NAMES = {c.key: c.name for c in CLASSES}
ROW_PX, ROWS_SHOWN = 30, 8


def class_column(label: str = "Class", help_key: str = "classes") -> "ColumnConfig":
    """Configure a table's column of class names (lists of them) as badges in the classes' colours."""
    colors = class_colors(chosen_palette())
    return st.column_config.MultiselectColumn(
        label, options=list(NAMES.values()), color=[colors[k] for k in NAMES], help=HELP[help_key]
    )


def cluster_table(result: WaferResult, *, state: ViewState, focus: Instance | None) -> None:
    """List a wafer's clusters; choosing one zooms the view's map to it and shows its measures.

    Args:
        result: the analysed wafer.
        state: of the wafer view.
        focus: the cluster chosen now.
    """
    if not result.instances:
        return
    key = result.wafer.key
    rows = [position for position, i in enumerate(result.instances) if focus is not None and i.number == focus.number]
    st.dataframe(
        _table(result.instances),
        key=state.table_key(key),
        on_select=lambda: state.choose_row(key, [i.number for i in result.instances]),
        selection_mode="single-row",
        selection_default={"selection": {"rows": rows, "columns": [], "cells": []}},
        hide_index=True,
        row_height=ROW_PX,
        height=min(len(result.instances), ROWS_SHOWN) * ROW_PX + 38,
        alt=f"Clusters of wafer {key}",
        column_config={
            "number": st.column_config.NumberColumn("#", width=36),
            "class": class_column(),
            "dies": st.column_config.NumberColumn("Dies", help=HELP["dies"], width=56),
            "area": st.column_config.NumberColumn("mm²", help=HELP["area"], format="%.0f", width=64),
            "confidence": st.column_config.ProgressColumn(
                "Confidence", help=HELP["confidence"], min_value=0, max_value=1, format="%.2f", width=110
            ),
            "zone": st.column_config.TextColumn("Zone", help=HELP["zone"], width=64),
            "clock": st.column_config.NumberColumn("Clock", help=HELP["clock"], format="%d h", width=60),
        },
    )
    if focus is None:
        st.caption("Choose a cluster in the table or on the map to zoom to it.")
    else:
        _details(focus)


def _table(instances: list[Instance]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": [i.number for i in instances],
            "class": [[NAMES[i.class_key]] for i in instances],
            "dies": [i.die_count for i in instances],
            "area": [i.area_mm2 for i in instances],
            "confidence": [i.mean_confidence for i in instances],
            "zone": [i.zone for i in instances],
            "clock": [i.sector for i in instances],
        }
    )


def _details(cluster: Instance) -> None:
    first_row, first_column, last_row, last_column = cluster.bbox_die
    (row, column), (x, y) = cluster.centroid_die, cluster.centroid_mm
    measures = (
        ("Area", f"{cluster.area_mm2:,.0f} mm²", f"{cluster.area_px:,.0f} px", "area"),
        ("Perimeter", f"{cluster.perimeter_mm:,.0f} mm", f"{cluster.perimeter_px:,.0f} px", "perimeter"),
        ("Compactness", f"{cluster.compactness:.3f}", "", "compactness"),
        ("Centroid", f"{x:.1f}, {y:.1f} mm", f"row {row:.1f}, column {column:.1f}", "centroid"),
        ("Extent", f"rows {first_row}–{last_row}", f"columns {first_column}–{last_column}", "box"),
    )
    name = f"{NAMES[cluster.class_key]} {cluster.number}"
    words = "\n\n".join(f"**{label}**: {HELP[help_key]}" for label, _, _, help_key in measures)
    st.markdown(f"**{name}**", help=words)
    told = {label: f"{value}  ·  {other}" if other else value for label, value, other, _ in measures}
    st.table(told, border="horizontal", alt=f"Measures of {name}")
