"""Map: all wafers by likeness, in clusters with names, and those unlike anything seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from core.lake import Lake, WaferFilter
from core.projection.views import inside
from pages.parts.blocks.filters import class_filter, date_filter, product_filter, severity_filter, wafer_filter
from pages.parts.blocks.flowing_row import DAYS_PX, NARROW_PX, USUAL_PX, flowing_row
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.explore.map_chart import Coloring, map_chart
from pages.parts.explore.map_lists import (
    choice_block,
    choose_cluster,
    chosen_area,
    clear_chosen,
    cluster_table,
    keep_chosen,
    novelty_block,
)
from pages.parts.explore.map_state import ready_map
from pages.parts.measures import HELP

CHART = "likeness"
Area = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Choice:
    """What is chosen above the map.

    Args:
        coloring: what the points' colours say.
        cluster: number of the cluster looked at, None for all.
        where: filter of the wafers.
    """

    coloring: Coloring
    cluster: int | None
    where: WaferFilter


def choose(lake: Lake, names: Sequence[str]) -> Choice:
    """Choose colours, a cluster and a filter."""
    slots = flowing_row(USUAL_PX, USUAL_PX, USUAL_PX, NARROW_PX, DAYS_PX, NARROW_PX)
    with slots[0]:
        coloring = Coloring(
            st.selectbox(
                "Colour", list(map(str, Coloring)), key="color", bind="query-params", help=HELP["map_clusters"]
            )
        )
    with slots[1]:
        cluster = choose_cluster(names)
    with slots[2]:
        products = product_filter(lake)
    with slots[3]:
        classes = class_filter()
    with slots[4]:
        days = date_filter(lake)
    with slots[5]:
        low, high = severity_filter()
    where = replace(wafer_filter(products, days, lake), defect_class=classes, severity_min=low, severity_max=high)
    return Choice(coloring, cluster, where)


def draw_map(points: pd.DataFrame, held: int, names: Sequence[str], choice: Choice, area: Area) -> None:
    """Draw the points, dimming those that are not chosen, and say how to read them.

    Args:
        points: of the wafers that are drawn.
        held: wafers that pass the filter, of which the points may be a part.
        names: of the clusters.
        choice: what is chosen above.
        area: corners of what was drawn on the map.
    """
    everything = np.ones(len(points), dtype=np.bool_)
    shown = everything if choice.cluster is None else (points["cluster"] == choice.cluster).to_numpy()
    if area:
        shown &= inside(np.array(area), points[["x", "y"]].to_numpy())
    map_chart(points, names, choice.coloring, chosen=shown, area=area, key=CHART, on_select=lambda: keep_chosen(CHART))
    thinned = f" {len(points):,} of {held:,} wafers are drawn, thinned evenly; choices take in all of them."
    st.caption(
        "The map's axes have no unit. Wafers close together look alike; how far apart distant groups lie, and how "
        "large a group looks, means little. Draw a lasso or a box around wafers, or click one to open it."
        + (thinned if len(points) < held else "")
    )


def show() -> None:
    """Show the map, what is chosen on it, and what is unlike anything seen."""
    lake = open_lake()
    st.title("Map")
    stop_if_empty(lake)
    found = ready_map(lake)
    choice = choose(lake, found.about.names)
    with st.spinner("Drawing the map"):
        clusters = found.clusters(choice.where)
        held = int(clusters["wafers"].sum())
        points = found.points(choice.where, held)
    if points.empty:
        st.info("No wafer of the map passes these filters. Widen one of them.")
        return
    area = chosen_area()
    left, right = st.columns([2.1, 1], gap="medium")
    with left:
        draw_map(points, held, found.about.names, choice, area)
    with right:
        cluster_table(clusters)
    if choice.cluster is None and not area:
        st.info("Choose a cluster from the list above, or draw around wafers on the map: they are shown here.")
    else:
        st.button("Choose all again", on_click=clear_chosen)
        choice_block(found, choice.where, choice.cluster, area)
    st.divider()
    novelty_block(found, choice.where)


with explained():
    show()
