"""Control charts: points between their limits, those that break a rule marked with the rule's number."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.drawing.palette import GREYS
from core.statistics.spc import ControlChart, Flags, Violation
from pages.parts.blocks.charts import CONFIG, accent, quiet_figure
from pages.parts.literal import in_chart
from pages.parts.state.choices import current_theme

HEIGHT, TICKS = 340, 13


def control_chart(
    chart: ControlChart,
    violations: Sequence[Violation],
    baseline: Flags,
    *,
    labels: Sequence[str],
    hover: Sequence[str],
    unit: str,
    ticks: str,
    alt: str,
    key: str,
    on_click: Callable[[], None],
) -> None:
    """Draw a control chart, its points evenly spaced; after a click `clicked_points(key)` says on which.

    Args:
        chart: points and limits; the centre alone where the baseline cannot tell limits.
        violations: rules that fired.
        baseline: points that the limits come from, drawn on a shade.
        labels: name of each point.
        hover: what each point says.
        unit: title of the vertical axis.
        ticks: format of its numbers, as d3 writes it.
        alt: what the chart shows, for those who cannot see it.
        key: of the chart.
        on_click: called after a click.
    """
    greys, last = GREYS[current_theme()], len(labels) - 0.5
    figure = quiet_figure([_points(chart, violations, hover), *_lines(chart)], HEIGHT, left=64, right=84, bottom=30)
    figure.update_layout(margin_t=20, hovermode="closest", clickmode="event+select")
    small = {"font": {"size": 11, "color": greys.outline}, "showarrow": False}
    edges = np.flatnonzero(np.diff(np.concatenate([[False], baseline, [False]]))) - 0.5
    for start, end in edges.reshape(-1, 2):
        figure.add_vrect(start, end, fillcolor=greys.passing, opacity=0.35, line_width=0, layer="below")
    if baseline.any():
        first = int(np.flatnonzero(baseline)[0])
        figure.add_annotation(
            text="baseline", x=first - 0.5, xanchor="left", yref="paper", y=1, yanchor="bottom", **small
        )
    limits = {"upper limit": chart.upper[-1], "lower limit": chart.lower[-1]} if chart.tells else {}
    ends = {"centre": chart.center, **limits}
    for name, value in ends.items():
        figure.add_annotation(text=name, xref="paper", x=1.005, xanchor="left", y=float(value), **small)
    step = -(-len(labels) // TICKS)
    at = list(range(0, len(labels), step))
    figure.update_xaxes(tickvals=at, ticktext=[in_chart(labels[i]) for i in at], range=[-0.5, last], showgrid=False)
    figure.update_yaxes(title=unit, tickformat=ticks, zeroline=False, nticks=6)
    st.plotly_chart(figure, key=key, config=CONFIG, alt=alt, on_select=on_click, selection_mode="points")


def _points(chart: ControlChart, violations: Sequence[Violation], hover: Sequence[str]) -> go.Scatter:
    rules: dict[int, set[int]] = {}
    for violation in violations:
        rules.setdefault(violation.last, set()).add(violation.rule)
    ink, count = GREYS[current_theme()].ink, len(chart.points)
    fired = [at in rules for at in range(count)]
    return go.Scatter(
        x=list(range(count)),
        y=chart.points,
        mode="lines+markers+text",
        line={"width": 1.5, "color": accent()},
        marker={
            "size": [10 if one else 6 for one in fired],
            "symbol": ["diamond" if one else "circle" for one in fired],
            "color": [ink if one else accent() for one in fired],
            "opacity": 1,
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        text=[",".join(str(rule) for rule in sorted(rules.get(at, ()))) for at in range(count)],
        textposition="top center",
        cliponaxis=False,
        textfont={"size": 10, "color": ink},
        hovertext=list(hover),
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _lines(chart: ControlChart) -> list[go.Scatter]:
    """The centre, and limits where there are any: steps at every point, half a place beyond the first and the last."""
    grey = GREYS[current_theme()].outline
    count = len(chart.points)
    places = np.repeat(np.arange(count + 1) - 0.5, 2)[1:-1]
    limits = ((chart.upper, "dash"), (chart.lower, "dash")) if chart.tells else ()
    lines = ((np.full(count, chart.center), "solid"), *limits)
    return [
        go.Scatter(
            x=places,
            y=np.repeat(values, 2),
            mode="lines",
            line={"width": 1, "color": grey, "dash": dash},
            hoverinfo="skip",
        )
        for values, dash in lines
    ]


def odds_chart(table: pd.DataFrame, *, key: str, on_click: Callable[[], None]) -> None:
    """Draw odds ratios with their intervals on a logarithmic axis; after a click `clicked_points(key)` says on which.

    Args:
        table: `attribute`, `value`, `ratio`, `low`, `high`, `q`, first row on top.
        key: of the chart.
        on_click: called after a click.
    """
    greys = GREYS[current_theme()]
    names = [f"{a.replace('_', ' ')} {v}" for a, v in zip(table["attribute"], table["value"], strict=True)]
    points = go.Scatter(
        x=table["ratio"],
        y=[in_chart(name) for name in names],
        mode="markers",
        marker={"size": 8, "color": accent()},
        error_x={
            "symmetric": False,
            "array": table["high"] - table["ratio"],
            "arrayminus": table["ratio"] - table["low"],
            "color": greys.outline,
            "thickness": 1.5,
            "width": 3,
        },
        unselected={"marker": {"opacity": 1}},
        customdata=np.stack([table["low"], table["high"], table["q"]], axis=1),
        hovertemplate="%{y}: %{x:.3g} (%{customdata[0]:.3g} to %{customdata[1]:.3g}), q %{customdata[2]:.2g}"
        "<br>click for the wafers<extra></extra>",
    )
    figure = quiet_figure([points], 60 + 30 * len(names), bottom=34)
    figure.update_layout(hovermode="closest", clickmode="event+select")
    figure.add_vline(1, line={"width": 1, "color": greys.outline, "dash": "dash"})
    figure.update_xaxes(type="log", title="odds ratio", dtick=1, tickformat="~g")
    figure.update_yaxes(autorange="reversed")
    alt = "Odds ratios: " + ", ".join(f"{name} {ratio:.3g}" for name, ratio in zip(names, table["ratio"], strict=True))
    st.plotly_chart(figure, key=key, config=CONFIG, alt=alt, on_select=on_click, selection_mode="points")
