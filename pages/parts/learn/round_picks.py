"""The wafers of a round as its page shows them: pictures with reasons and scores, and how they lie on the map."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.active_learning.rounds import wafers_of
from core.annotation.items import LabelItem, Status
from core.drawing.palette import GREYS
from core.lake import Lake, WaferFilter
from core.projection.views import LakeMap
from core.selection import Strategy
from core.settings import settings
from data.errors import MapError
from pages.parts.blocks.charts import accent, quiet_figure, show_figure
from pages.parts.blocks.table_download import csv_button
from pages.parts.cache.models import segmenter
from pages.parts.links import link
from pages.parts.literal import in_chart, literal
from pages.parts.state.choices import current_theme
from pages.parts.wafers.gallery import gallery

SHOWN = 24
WORDS = {
    Status.PENDING: "not started",
    Status.IN_PROGRESS: "in progress",
    Status.DONE: "labelled",
    Status.SKIPPED: "skipped",
    Status.SPARE: "spare",
}
SCORES = {
    Strategy.ENTROPY: ("entropy", "of the class most uncertain, mean over the uncertain dies: 0 sure, 1 bit undecided"),
    Strategy.BALD: ("disagreement", "of passes with other features dropped, mean over the uncertain dies: 0 to 1 bit"),
    Strategy.MARGIN: ("closeness", "1 less the lead of the likeliest answer, mean over the uncertain dies: 0 to 1"),
    Strategy.CORESET: ("distance", "to the nearest wafer that is labelled or chosen, 1 the farthest at the start"),
    Strategy.HYBRID: (
        "mix",
        "the weight of uncertainty times the rank of entropy, the rest times that distance: 0 to 1",
    ),
    Strategy.STRATIFIED: ("turn", "the order in which the classes took turns, 1 the first"),
    Strategy.TYPICAL: ("turn", "the order of the groups, those without a label first, the largest of them 1"),
    Strategy.RANDOM: ("chance", "0 for all, since chance prefers none"),
    Strategy.RANDOM_FAILING: ("failing more", "1 where more fails than is normal for the product, else 0"),
}
"""What each strategy's score is called, and what it means."""
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
    notes = {i.wafer_key: f"{_scored(i)}{literal(i.reason) or 'chosen by hand'} · {WORDS[i.status]}" for i in first}
    meant = [f"*{SCORES[s][0]}*: {SCORES[s][1]}" for s in Strategy if any(i.strategy == s for i in ordered)]
    if meant:
        st.caption(f"Scores, comparable within one choice: {'; '.join(meant)}.")
    gallery(wafers_of(lake, list(notes)), key="picks", notes=notes)
    if len(ordered) > SHOWN:
        st.caption(f"The first {SHOWN} of {len(ordered):,}; the table holds all.")
    frame = pd.DataFrame(
        {
            "wafer": [i.wafer_key for i in ordered],
            "place": range(1, len(ordered) + 1),
            "chosen by": [_name(i) for i in ordered],
            "score": [i.score for i in ordered],
            "reason": [i.reason for i in ordered],
            "status": [WORDS[i.status] for i in ordered],
        }
    )
    with st.expander("All of this round as a table"):
        st.dataframe(
            frame,
            hide_index=True,
            placeholder="–",
            alt=f"Wafers of round {number}",
            column_config={
                "wafer": st.column_config.TextColumn("Wafer", pinned=True),
                "place": st.column_config.NumberColumn("Place", help="1 is labelled first."),
                "chosen by": st.column_config.TextColumn("Chosen by", help="Which score it is; – for by hand."),
                "score": st.column_config.NumberColumn(
                    "Score", format="%.3f", help="What the strategy went by, as said above the pictures."
                ),
                "reason": st.column_config.TextColumn("Reason", help="Why the strategy chose the wafer."),
                "status": st.column_config.TextColumn("Status"),
            },
        )
        csv_button(frame, f"round-{number}")


def _name(item: LabelItem) -> str | None:
    """What the item's score is called, None where no strategy chose it."""
    return None if item.strategy is None else SCORES[Strategy(item.strategy)][0]


def _scored(item: LabelItem) -> str:
    return "" if item.score is None else f"{_name(item)} **{item.score:.2f}**: "


def coverage_block(lake: Lake, labelled: Sequence[str], picks: Sequence[str]) -> None:
    """Show where labelled wafers and picks lie among all, and how many clusters hold a label.

    Args:
        lake: that they are of.
        labelled: keys of wafers with a label.
        picks: keys of the round's wafers.
    """
    try:
        found = LakeMap.open(lake, settings().home, segmenter().name)
    except MapError as error:
        st.info(f"Coverage is drawn on the map of similar wafers: {literal(error.problem)}.")
        link("map", "Go to the map")
        return
    points = found.points(WaferFilter(), lake.count())
    known, chosen = points["key"].isin(labelled), points["key"].isin(picks)
    clusters = points["cluster"].nunique()
    covered, soon = points.loc[known, "cluster"].nunique(), points.loc[known | chosen, "cluster"].nunique()
    st.metric(
        "Clusters with a label",
        f"{covered} of {clusters}",
        f"{soon - covered} more with this round",
        delta_color="off",
        delta_arrow="off",
        help="Clusters of similar wafers, as the Map page finds them, in which at least one wafer has a label.",
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
        x=points["x"],
        y=points["y"],
        mode="markers",
        name=f"{name} ({len(points):,})",
        text=points["key"].map(in_chart),
        marker={"size": size, "color": color},
        hovertemplate="%{text}<extra></extra>",
    )
