"""The wafers of a round as its page shows them: pictures with reasons and scores, and how they lie on the map."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.decisions.label_items import LabelItem, Status
from core.lake import Lake, WaferFilter
from core.learning.rounds import wafers_of
from core.palette import GREYS
from core.projection.views import LakeMap
from core.settings import settings
from data.errors import MapError
from pages.parts.cache import segmenter
from pages.parts.charts import accent, quiet_figure, show_figure
from pages.parts.gallery import gallery
from pages.parts.links import link
from pages.parts.state import current_theme
from pages.parts.table_download import csv_button

SHOWN = 24
WORDS = {
    Status.PENDING: "not started", Status.IN_PROGRESS: "in progress", Status.DONE: "labelled",
    Status.SKIPPED: "skipped", Status.SPARE: "spare",
}  # fmt: skip
GREY = "rgba(128,128,128,0.35)"


def picks_block(lake: Lake, number: int, items: Sequence[LabelItem]) -> None:
    """Show the wafers of a round, first to label first.

    Args:
        lake: that they are of.
        number: of the round.
        items: of the queue.
    """
    ordered = sorted(items, key=lambda i: (-i.priority, i.id))
    first = ordered[:SHOWN]
    notes = {
        i.wafer_key: f"score **{i.priority:.2f}**: {i.reason or 'chosen by hand'} · {WORDS[i.status]}" for i in first
    }
    gallery(wafers_of(lake, list(notes)), key="picks", notes=notes)
    if len(ordered) > SHOWN:
        st.caption(f"The first {SHOWN} of {len(ordered):,}; the table holds all.")
    frame = pd.DataFrame(
        {
            "wafer": [i.wafer_key for i in ordered],
            "score": [i.priority for i in ordered],
            "reason": [i.reason for i in ordered],
            "status": [WORDS[i.status] for i in ordered],
        }
    )
    with st.expander("All of this round as a table"):
        st.dataframe(
            frame, hide_index=True, alt=f"Wafers of round {number}",
            column_config={
                "wafer": st.column_config.TextColumn("Wafer", pinned=True),
                "score": st.column_config.NumberColumn(
                    "Score", format="%.2f", help="1 for the first to label, falling towards 0 in order."
                ),
                "reason": st.column_config.TextColumn("Reason", help="Why the strategy chose the wafer."),
                "status": st.column_config.TextColumn("Status"),
            },
        )  # fmt: skip
        csv_button(frame, f"round-{number}")


def coverage_block(lake: Lake, labelled: Sequence[str], picks: Sequence[str]) -> None:
    """Show where labelled wafers and picks lie among all, and how many families hold a label.

    Args:
        lake: that they are of.
        labelled: keys of wafers with a label.
        picks: keys of the round's wafers.
    """
    try:
        found = LakeMap.open(lake, settings().home, segmenter().name)
    except MapError as error:
        st.info(f"Coverage is drawn on the map of look-alikes: {error.problem}.")
        link("map", "Go to the map")
        return
    points = found.points(WaferFilter(), lake.count())
    known, chosen = points["key"].isin(labelled), points["key"].isin(picks)
    families = points["family"].nunique()
    covered, soon = points.loc[known, "family"].nunique(), points.loc[known | chosen, "family"].nunique()
    st.metric(
        "Families with a label",
        f"{covered} of {families}",
        f"{soon - covered} more with this round",
        delta_color="off",
        delta_arrow="off",
        help="Families of look-alikes, as the Map page finds them, in which at least one wafer has a label.",
    )
    figure = quiet_figure(
        [
            _dots(points[~known & ~chosen], "no label", GREY, 3),
            _dots(points[known], "labelled", GREYS[current_theme()].ink, 6),
            _dots(points[chosen & ~known], "this round", accent(), 7),
        ],
        380,
    )
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.06, "x": 0})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    show_figure(figure, "coverage", "Where labelled wafers and this round's lie among all wafers")
    st.caption("Wafers close together look alike; the axes have no unit.")


def _dots(points: pd.DataFrame, name: str, color: str, size: int) -> go.Scattergl:
    return go.Scattergl(
        x=points["x"], y=points["y"], mode="markers", name=f"{name} ({len(points):,})", text=points["key"],
        marker={"size": size, "color": color}, hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
