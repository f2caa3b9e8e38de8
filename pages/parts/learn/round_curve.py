"""The site's own learning curve: what the training after each round of labelling measured."""

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from core.active_learning.rounds import Round, own_curve
from core.drawing.palette import GREYS
from pages.parts.blocks.charts import accent, quiet_figure, show_figure
from pages.parts.blocks.table_download import csv_button
from pages.parts.state import current_theme

NAMES = {"people": "wafers that people labelled", "synthetic": "synthetic wafers"}


def round_curve(found: Sequence[Round]) -> None:
    """Draw labels against the IoU of every trained round, once there are two.

    Args:
        found: the rounds, oldest first.
    """
    points = own_curve(found)
    if points["round"].nunique() < 2:
        return
    colors = {"people": accent(), "synthetic": GREYS[current_theme()].outline}
    traces = [
        go.Scatter(
            x=part["labels"],
            y=part["iou"],
            name=NAMES[str(on)],
            mode="lines+markers",
            customdata=part["round"],
            line={"color": colors[str(on)], "width": 2},
            hovertemplate="round %{customdata}, %{x:,} labels: %{y:.3f}<extra></extra>",
        )
        for on, part in points.groupby("on")
    ]
    figure = quiet_figure(traces, 220, left=48, bottom=40)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    figure.update_xaxes(title="labels of all rounds up to then")
    figure.update_yaxes(title="mean IoU")
    said = zip(points["round"], points["iou"], points["on"], strict=True)
    spoken = ", ".join(f"round {number} {iou:.3f} on {NAMES[on]}" for number, iou, on in said)
    show_figure(figure, "round-curve", f"Mean IoU after each trained round: {spoken}")
    st.caption(
        "Mean IoU over failing dies at the best score of each round's training, on wafers kept out of training. Those "
        "that people labelled grow from round to round, the synthetic ones stay the same. One training a round: no "
        "interval."
    )
    csv_button(points, "rounds")
