"""Learning curves: of the site's own rounds, and of rounds played without people, which say what labels are worth."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.active_learning.curves import band
from core.active_learning.results import BASELINE, Played, worth
from core.active_learning.rounds import Round, own_curve
from core.active_learning.simulation import SELF_TRAINING
from core.drawing.palette import GREYS
from core.selection import Strategy
from pages.parts.blocks.charts import accent, quiet_figure, show_figure
from pages.parts.blocks.table_download import csv_button
from pages.parts.state.choices import current_theme

NAMES = {
    Strategy.ENTROPY: "Least sure (entropy)",
    Strategy.BALD: "Passes disagree (BALD)",
    Strategy.MARGIN: "Closest answers (margin)",
    Strategy.CORESET: "Unlike all labelled (CoreSet)",
    Strategy.HYBRID: "Unsure and unlike (hybrid)",
    Strategy.STRATIFIED: "Unsure, class by class",
    Strategy.TYPICAL: "Typical of groups (start)",
    Strategy.RANDOM: "Random",
    Strategy.RANDOM_FAILING: "Random among failing more than normal",
    SELF_TRAINING: "Random, with the model's own labels",
}
TASKS = {"synthetic": "Synthetic wafers, a label per die", "real": "Real wafers, classes per wafer"}
MEASURED_ON = {"people": "wafers that people labelled", "synthetic": "synthetic wafers"}
GREY = "rgba(128,128,128,0.9)"
HELP = {
    "area": "Area under the learning curve divided by its width: the mean score over all measurements, 0 to 1.",
    "against": "Area less that of random choice, seed by seed: same wafers, same start. In points, 100 points are 1.",
    "interval": "95 % interval of that difference, by the paired t over seeds.",
    "p": "Of no difference, by the paired t over seeds, corrected by Holm for all strategies of the table. From 0.05 "
    "on nothing is proven.",
    "enough": "Labels at which the mean curve reaches 95 % of the score with all labels; – where it never does.",
    "last": "Mean score after the last round.",
}


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
            name=MEASURED_ON[str(on)],
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
    spoken = ", ".join(f"round {number} {iou:.3f} on {MEASURED_ON[on]}" for number, iou, on in said)
    show_figure(figure, "round-curve", f"Mean IoU after each trained round: {spoken}")
    st.caption(
        "Mean IoU over failing dies at the best score of each round's training, on wafers kept out of training. Those "
        "that people labelled grow from round to round, the synthetic ones stay the same. One training a round: no "
        "interval."
    )
    csv_button(points, "rounds")


def curve_block(results: dict[str, Played], arm: str) -> None:
    """Show the curve of an arm against random, and the table of all arms.

    Args:
        results: by task, at least one.
        arm: drawn against random.
    """
    task = st.segmented_control(
        "Task",
        list(results),
        default=next(iter(results)),
        required=True,
        key="task",
        bind="query-params",
        format_func=lambda name: TASKS.get(name, name),
    )
    played = results[str(task)]
    shown = BASELINE if arm not in played.arms else arm
    traces = [*_band(played, BASELINE, GREY), *(_band(played, shown, accent()) if shown != BASELINE else [])]
    figure = quiet_figure(traces, 280, left=48, bottom=40)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.12, "x": 0})
    figure.update_xaxes(title=f"labelled wafers, of {played.wafers:,}")
    figure.update_yaxes(title=played.score)
    show_figure(figure, "learning-curve", f"Learning curve of {NAMES[Strategy(shown)]} against random")
    st.caption(
        f"Played without people: known labels are handed out as the strategy asks, {len(played.all_labels)} seeds; "
        "the bands are 95 % intervals of the mean. A small network learns on features that no label has shaped: the "
        "numbers rank strategies and do not say how good the served model is. Play again with "
        f"`{played.made_by}`."
    )
    _table(played, str(task))


def _band(played: Played, arm: str, color: str) -> list[go.Scatter]:
    mean, low, high = band(played.arms[arm])
    x = played.labels
    return [
        go.Scatter(
            x=[*x, *x[::-1]],
            y=[*high, *low[::-1]],
            mode="lines",
            fill="toself",
            line={"width": 0},
            fillcolor=color,
            opacity=0.2,
            hoverinfo="skip",
            showlegend=False,
        ),
        go.Scatter(
            x=x,
            y=mean,
            mode="lines+markers",
            line={"color": color, "width": 2},
            name=NAMES[Strategy(arm)],
            hovertemplate="%{x} labels: %{y:.3f}<extra></extra>",
        ),
    ]


def _table(played: Played, task: str) -> None:
    found = worth(played)
    frame = pd.DataFrame(
        {
            "strategy": [NAMES.get(one.arm, one.arm) for one in found],
            "area": [one.area for one in found],
            "against random": [100 * one.against_random.mean for one in found],
            "from": [100 * one.against_random.low for one in found],
            "to": [100 * one.against_random.high for one in found],
            "p": [one.against_random.p for one in found],
            "labels to 95 %": [one.enough for one in found],
            "last": [one.last for one in found],
        }
    )
    number = st.column_config.NumberColumn
    st.dataframe(
        frame,
        hide_index=True,
        placeholder="–",
        alt="What each strategy's labels are worth",
        column_config={
            "strategy": st.column_config.TextColumn("Strategy", pinned=True),
            "area": number("Mean score", format="%.3f", help=HELP["area"]),
            "against random": number("Against random, points", format="%+.1f", help=HELP["against"]),
            "from": number("from", format="%+.1f", help=HELP["interval"]),
            "to": number("to", format="%+.1f", help=HELP["interval"]),
            "p": number("p", format="%.3f", help=HELP["p"]),
            "labels to 95 %": number("Labels to 95 %", format="%.0f", help=HELP["enough"]),
            "last": number("At the end", format="%.3f", help=HELP["last"]),
        },
    )
    csv_button(frame, f"learning-{task}")
