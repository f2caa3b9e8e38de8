"""What is chosen on the map: a cluster from the list, an area drawn on it; both live in the link."""

import math
from collections.abc import Sequence

import streamlit as st

from core.projection.views import area_of, area_text
from pages.parts.links import open_page
from pages.parts.state import clicked_names, drawn_area, set_widget

AREA, CLUSTER, SHOWN = "area", "cluster", "shown"
MOST_CORNERS = 60


def choose_cluster(names: Sequence[str]) -> int | None:
    """Choose a cluster by its name; None for all."""
    chosen = st.selectbox(
        "Cluster",
        list(names),
        index=None,
        key=CLUSTER,
        bind="query-params",
        placeholder="All clusters",
        help="Shows the wafers of one cluster below, and dims all others. By keyboard as well as by lasso.",
    )
    return None if chosen is None else list(names).index(chosen)


def chosen_area() -> list[tuple[float, float]]:
    """Corners of the area in the link, none where it names none that can be read."""
    return area_of(st.query_params.get(AREA, ""))


def keep_chosen(chart: str) -> None:
    """Keep the area that was just drawn in the link; after a click on a point open its wafer."""
    corners = drawn_area(chart)
    if corners:
        st.query_params[AREA] = area_text(corners[:: math.ceil(len(corners) / MOST_CORNERS)])
    elif len(keys := clicked_names(chart)) == 1:
        open_page("wafer", wafer=keys[0])


def clear_chosen() -> None:
    """Choose all wafers again."""
    st.query_params.pop(AREA, None)
    set_widget(CLUSTER, None)
