"""What each kind of label gave a small network, and what test-time augmentation gives: curves, tables, words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.active_learning.ablation import ARMS, MEASURES, Ablation, AblationMeasure, verdicts
from core.active_learning.curves import PairedDifference, band
from core.drawing.palette import GREYS
from pages.parts.blocks.charts import accent, quiet_figure, show_figure
from pages.parts.blocks.table_download import csv_button
from pages.parts.state.choices import current_theme

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

HELP = {
    "synthetic_iou": "Dies that truth and answer share, over dies that either has, all wafers pooled; mean of the "
    "eight classes. On synthetic wafers.",
    "macro_f1": "Whether the model says that a class is on a wafer: F1, mean of the six classes that people labelled. "
    "On real wafers.",
    "false_alarms": "Share of real wafers without a pattern on which a class is reported. Less is better.",
}
GAINED = (
    "What this row has over the row above: the area between their curves over its width, in points (100 are 1), seed "
    "by seed, with its 95 % interval by the paired t, and p corrected for all these comparisons by Holm. From p "
    "0.05 on nothing is proven."
)
WAYS = {"plain": "as the app sees it", "tta": "averaged over eight turns (test-time augmentation)"}
NAMES = {arm: f"{'+ ' if n else ''}{name}" for n, (arm, name) in enumerate(ARMS.items())}
LOOKS = {
    "synthetic": ("dot", "circle-open"),
    "presence": ("solid", "circle"),
    "fixmatch": ("solid", "diamond"),
    "tta": ("dot", "diamond-open"),
}
"""Dash and marker of each arm's curve."""
OWN = frozenset({"fixmatch", "tta"})
"""Arms that learn from wafers without a label: drawn in the accent colour."""
LEGEND = (
    f"Grey, dotted: {NAMES['synthetic']}, which need no label. Grey: {NAMES['presence']}. "
    f"In colour: {NAMES['fixmatch']}. In colour, dotted: {NAMES['tta']}. "
    "Bars: 95 % intervals of the mean over seeds; the points of a budget are moved apart a little."
)
APART = 0.025
"""Share by which the points of one budget are moved apart, so that their intervals can be seen."""


def ablation_view(found: Ablation | None) -> None:
    """Show the curves and the table of arms, what they say in words, and the model in use."""
    if found is None:
        st.info("Nobody measured what helps yet: run `python -m jobs.ablate`.")
        return
    st.markdown("**What each kind of label gives**")
    if found.seeds:
        _arms(found)
    else:
        st.info("No seed is through yet with every kind of label and every number of wafers: let the job go on.")
    if found.in_use:
        st.markdown("**Test-time augmentation on a trained model**")
        st.caption(
            f"{found.model}, each wafer as the app sees it or averaged over all eight turns and flips, which takes "
            f"up to eight times as long. On {' and '.join(found.on)}; nothing was fitted to these numbers."
        )
        rows = [{"What": WAYS[way], **_named(scores)} for way, scores in found.in_use.items()]
        columns = {m.name: _number(m, f"{m.name}, {m.of}") for m in MEASURES}
        st.dataframe(
            pd.DataFrame(rows), hide_index=True, alt="Test-time augmentation on a trained model", column_config=columns
        )


def _arms(found: Ablation) -> None:
    about = found.about
    st.caption(
        f"A small experiment: a network ({about['encoder']}), untrained at first, {about['steps']} steps of at most "
        f"{about['pixels']:,} pixels, {found.seeds} seeds; presence labels of {_listed(found.budgets)} real wafers, a "
        f"fifth of them kept for thresholds, and {about['unlabelled']:,} real wafers without their labels. Each row "
        "has what the row above has, and as many steps; real wafers take the place of half of the synthetic ones. "
        f"Judged on {about['drawn']} synthetic wafers of up to 50 dies across and {about['judged']} other real ones. "
        "It says what helps within so few steps, not how good a model becomes: the shipped one took many times these, "
        f"of more wafers. Play it again with `{found.made_by}`."
    )
    for place, measure in zip(st.columns(len(MEASURES), gap="medium"), MEASURES, strict=True):
        with place:
            st.markdown(f"{measure.name}, {measure.of}", help=HELP[measure.key])
            _curves(found, measure)
    st.caption(LEGEND)
    gains = found.gains()
    frame = pd.DataFrame([_row(found, arm, gains) for arm in ARMS])
    columns = {m.name: _number(m, f"{m.name}, mean over budgets") for m in MEASURES}
    gained = {_gained(m): st.column_config.TextColumn("over the row above", help=GAINED) for m in MEASURES}
    st.dataframe(
        frame,
        hide_index=True,
        placeholder="–",
        alt="What each kind of label gives",
        column_config={**columns, **gained},
    )
    csv_button(_points(found), "ablation", label="CSV of all points")
    st.markdown("\n".join(f"- {line}" for line in verdicts(found)))
    st.caption(
        f"Helped and hurt: p below 0.05 by the paired t over {found.seeds} seeds, corrected for {len(gains)} "
        "comparisons by Holm. Points: 100 are 1, mean over seeds."
    )


def _curves(found: Ablation, measure: AblationMeasure) -> None:
    traces = []
    for n, arm in enumerate(ARMS):
        mean, low, high = band(found.arms[arm][measure.key])
        color = accent() if arm in OWN else GREYS[current_theme()].outline
        traces.append(
            go.Scatter(
                x=[budget * (1 + APART * (n - (len(ARMS) - 1) / 2)) for budget in found.budgets],
                y=mean,
                name=NAMES[arm],
                mode="lines+markers",
                line={"color": color, "width": 2, "dash": LOOKS[arm][0]},
                marker={"size": 7, "symbol": LOOKS[arm][1]},
                error_y={"array": high - mean, "arrayminus": mean - low, "width": 2, "thickness": 1},
                customdata=found.budgets,
                hovertemplate=f"{NAMES[arm]}, %{{customdata:,}} labels: %{{y:.3f}}<extra></extra>",
            )
        )
    figure = quiet_figure(traces, 260, left=40, bottom=40)
    figure.update_xaxes(type="log", title="real wafers with a label", tickvals=found.budgets, ticktext=found.budgets)
    figure.update_yaxes(rangemode="tozero")
    spoken = ", ".join(f"{NAMES[arm]} {found.arms[arm][measure.key][:, -1].mean():.3f}" for arm in ARMS)
    show_figure(
        figure, f"ablation-{measure.key}", f"{measure.name} with {found.budgets[-1]:,} labelled wafers: {spoken}"
    )


def _row(found: Ablation, arm: str, gains: Mapping[tuple[str, str], PairedDifference]) -> dict[str, object]:
    row: dict[str, object] = {"What": NAMES[arm]}
    for measure in MEASURES:
        row[measure.name] = found.areas(arm, measure.key).mean()
        gained = gains.get((arm, measure.key))
        row[_gained(measure)] = gained and (
            f"{100 * gained.mean:+z.1f} ({100 * gained.low:+z.1f} to {100 * gained.high:+z.1f}), p {gained.p:.3f}"
        )
    return row


def _points(found: Ablation) -> pd.DataFrame:
    """Every arm, measure and budget: mean over seeds and the bounds of its interval."""
    return pd.DataFrame(
        [
            (NAMES[arm], measure.name, *point)
            for arm in ARMS
            for measure in MEASURES
            for point in zip(found.budgets, *band(found.arms[arm][measure.key]), strict=True)
        ],
        columns=["what", "measure", "labelled wafers", "mean", "from", "to"],
    )


def _gained(measure: AblationMeasure) -> str:
    return f"{measure.name}, gained"


def _named(scores: Mapping[str, float]) -> dict[str, float]:
    return {measure.name: scores[measure.key] for measure in MEASURES}


def _number(measure: AblationMeasure, title: str) -> "ColumnConfig":
    return st.column_config.NumberColumn(title, format="%.3f", help=HELP[measure.key])


def _listed(numbers: list[int]) -> str:
    return " / ".join(f"{number:,}" for number in numbers)
