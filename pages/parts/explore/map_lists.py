"""What is chosen on the map, and what stands beside and below it.

A cluster is chosen from the list, an area is drawn; both live in the link. Below stand the wafers that are chosen and
those unlike anything seen.
"""

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.exports.cells import encoded_csv
from core.exports.frames import frame_csv
from core.lake import WaferFilter
from core.projection.views import LakeMap, area_of, area_text
from pages.parts.blocks.charts import CLASS_NAMES
from pages.parts.blocks.table_download import csv_button
from pages.parts.blocks.taking import take_button, told
from pages.parts.explore.map_chart import NO_PATTERN, NOT_SEGMENTED, UNKNOWN
from pages.parts.explore.shared_steps import shared_steps
from pages.parts.links import open_page
from pages.parts.literal import literal
from pages.parts.measures import HELP
from pages.parts.state.widgets import clicked_names, drawn_area, set_widget, widget_number
from pages.parts.wafers.gallery import gallery

AREA, CLUSTER, SHOWN = "area", "cluster", "shown"
MOST_CORNERS = 60
TILES, NOVEL = 24, 12
ROW_PX = 30
MOST_SAID = 6


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


def cluster_table(table: pd.DataFrame) -> None:
    """Show the clusters that hold wafers of the filter, as `LakeMap.clusters` gives them."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown("**Clusters**", help=HELP["map_clusters"], width="content")
        csv_button(table, "map-clusters")
    st.dataframe(
        table,
        hide_index=True,
        row_height=ROW_PX,
        height=min(len(table), 18) * ROW_PX + 38,
        placeholder="–",
        alt="Clusters of the map",
        column_config={
            "cluster": st.column_config.TextColumn("Cluster"),
            "wafers": st.column_config.NumberColumn("Wafers", help="Wafers of the filter in this cluster.", width=70),
            "severity": st.column_config.NumberColumn("Severity", format="%.0f", help=HELP["mean_severity"], width=70),
            "novelty": st.column_config.NumberColumn(
                "Novelty", format="%.0f", help=f"Mean over its wafers. {HELP['novelty']}", width=70
            ),
        },
    )


def choice_block(found: LakeMap, where: WaferFilter, cluster: int | None, area: Sequence[tuple[float, float]]) -> None:
    """Show the wafers that are chosen: how many, what they show, what they share, their pictures."""
    keys = found.members(where, cluster=cluster, area=area)
    named = "the map" if cluster is None else found.about.names[cluster]
    part = f"an area of {named}" if area else named
    if not keys:
        st.info(f"No wafer of {literal(part)} passes these filters. Widen them, or choose another area.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(keys):,}** wafers of **{literal(part)}**", width="content")
        take_button(
            "CSV",
            data=told(lambda: encoded_csv(frame_csv(found.rows(keys))), "map-wafers.csv"),
            file_name="map-wafers.csv",
            mime="text/csv",
            on_click="ignore",
            key="map-wafers-csv",
        )
        last = -(-len(keys) // TILES)
        if widget_number(SHOWN, 1) > last:
            set_widget(SHOWN, last)
        page = st.pagination(last, key=SHOWN, bind="query-params")
    left, right = st.columns([2.1, 1], gap="medium")
    with left, st.spinner("Drawing wafers"):
        shown = found.rows(keys[(page - 1) * TILES : page * TILES])
        gallery(shown, key="map-chosen")
    with right:
        _made_up(found.kinds(keys))
        shared_steps(found.lake, keys)


def novelty_block(found: LakeMap, where: WaferFilter) -> None:
    """Show the wafers that are least like all others."""
    wafers = found.novel(where, NOVEL)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown("**Unlike anything seen**", help=HELP["novelty"], width="content")
        csv_button(wafers, "map-novelty")
    notes = {
        key: f"novelty **{novelty:.0f}**  \n{literal(cluster)}"
        for key, novelty, cluster in zip(wafers["key"], wafers["novelty"], wafers["cluster"], strict=True)
    }
    with st.spinner("Drawing wafers"):
        gallery(wafers, key="map-novel", notes=notes)


def _made_up(kinds: pd.DataFrame) -> None:
    """Show which classes and products wafers are of, as `LakeMap.kinds` counts them, most frequent first."""
    none = kinds["segmented"].map({True: NO_PATTERN, False: NOT_SEGMENTED})
    classes = kinds["dominant_class"].map(CLASS_NAMES).fillna(none)
    st.markdown("**What they are**")
    for title, values in (("dominant class", classes), ("product", kinds["product"].replace("", UNKNOWN))):
        counts = kinds["wafers"].groupby(values).sum().sort_values(ascending=False, kind="stable")
        said = [
            f"{literal(name)} {count:,} ({count / counts.sum():.0%})" for name, count in counts.head(MOST_SAID).items()
        ]
        more = f", {len(counts) - MOST_SAID} more" if len(counts) > MOST_SAID else ""
        st.caption(f"{title}: {', '.join(said)}{more}")
