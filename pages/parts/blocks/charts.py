"""The charts: small, quiet, coloured only by defect classes."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from core.analysis.summaries import WaferSummary
from core.drawing.palette import GREYS, class_colors
from data.classes import CLASSES
from pages.parts.state.choices import chosen_palette, current_theme

CONFIG = {"displayModeBar": False, "responsive": True}
CLASS_NAMES = {c.key: c.name for c in CLASSES}


def bars_by_class(summary: WaferSummary, *, key: str) -> None:
    """Draw a bar for each class on the wafer: affected dies, with the number of clusters."""
    colors = class_colors(chosen_palette())
    keys = sorted(summary.dies_by_class, key=lambda k: summary.dies_by_class[k])
    bars = go.Bar(
        x=[summary.dies_by_class[k] for k in keys],
        y=[CLASS_NAMES[k] for k in keys],
        orientation="h",
        marker_color=[colors[k] for k in keys],
        text=[f"{summary.dies_by_class[k]:,} ({summary.clusters_by_class[k]})" for k in keys],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:,} dies<extra></extra>",
        width=0.62,
    )
    figure = quiet_figure([bars], 16 + 32 * len(keys), right=64)
    figure.update_xaxes(visible=False)
    spoken = ", ".join(f"{CLASS_NAMES[k]} {summary.dies_by_class[k]}" for k in reversed(keys))
    show_figure(figure, key, f"Affected dies by class: {spoken}")


def confidence_histogram(confidences: NDArray[np.float32], *, key: str, height: int = 200) -> None:
    """Draw how many affected dies have which probability, in steps of 0.05."""
    edges = np.linspace(0, 1, 21)
    counts, _ = np.histogram(confidences, bins=edges)
    first = int(np.flatnonzero(counts)[0]) if counts.any() else 0
    bars = go.Bar(
        x=(edges[first:-1] + 0.025).tolist(),
        y=counts[first:].tolist(),
        width=0.044,
        marker_color=GREYS[current_theme()].outline,
        customdata=np.stack([edges[first:-1], edges[first + 1 :]], axis=1).tolist(),
        hovertemplate="%{customdata[0]:.2f} to %{customdata[1]:.2f}: %{y:,} dies<extra></extra>",
    )
    figure = quiet_figure([bars], height, bottom=24)
    figure.update_xaxes(range=[edges[first], 1], tickformat=".2~f", nticks=6, showgrid=False)
    figure.update_yaxes(visible=False)
    show_figure(figure, key, f"Histogram of the confidence of {confidences.size} affected dies")


def shares(values: Mapping[str, float], *, key: str, alt: str, height: int = 110) -> None:
    """Draw shares of a whole as bars with their percentages."""
    names = list(values)[::-1]
    bars = go.Bar(
        x=[values[name] for name in names],
        y=[name.capitalize() for name in names],
        orientation="h",
        marker_color=GREYS[current_theme()].outline,
        text=[f"{values[name]:.0%}" for name in names],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
        width=0.62,
    )
    figure = quiet_figure([bars], height, right=44)
    figure.update_xaxes(visible=False, range=[0, max(max(values.values()), 0.01)])
    show_figure(figure, key, alt)


def quadrant_shares(values: Mapping[str, float], *, key: str, height: int = 150) -> None:
    """Draw the four quarters of the wafer where they lie, the darker the more of the affected dies they hold."""
    greys = GREYS[current_theme()]
    rows = (("upper left", "upper right"), ("lower left", "lower right"))
    tiles = go.Heatmap(
        z=[[values[name] for name in row] for row in rows],
        text=[[f"{values[name]:.0%}" for name in row] for row in rows],
        customdata=[[name.capitalize() for name in row] for row in rows],
        texttemplate="%{text}",
        hovertemplate="%{customdata}: %{text}<extra></extra>",
        colorscale=[[0, greys.disc], [1, greys.outline]],
        zmin=0,
        zmax=0.5,
        showscale=False,
        xgap=2,
        ygap=2,
    )
    figure = quiet_figure([tiles], height)
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, autorange="reversed", scaleanchor="x", constrain="domain")
    spoken = ", ".join(f"{name} {share:.0%}" for name, share in values.items())
    show_figure(figure, key, f"Share of the affected dies by quadrant: {spoken}")


def defect_mix(weeks: pd.DataFrame, classes: Sequence[str], *, key: str, height: int = 300) -> None:
    """Draw how many wafers of each week have which dominant class, stacked.

    Args:
        weeks: `week` (Monday) and a column of counts for each class.
        classes: the columns to stack, from the bottom.
        key: of the chart.
        height: in pixels.
    """
    colors = class_colors(chosen_palette())
    bars = [
        go.Bar(
            x=weeks["week"],
            y=weeks[k],
            name=CLASS_NAMES[k],
            marker_color=colors[k],
            hovertemplate=f"%{{y:,}} {CLASS_NAMES[k].lower()}<extra></extra>",
        )
        for k in classes
        if weeks[k].any()
    ]
    figure = quiet_figure(bars, height, bottom=24, left=34)
    figure.update_layout(
        barmode="stack",
        bargap=0.18,
        showlegend=True,
        hovermode="x unified",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": "", "traceorder": "normal"},
        margin_t=34,
    )
    figure.update_xaxes(showgrid=False, tickformat="%d %b", hoverformat="week of %d %b %Y")
    figure.update_yaxes(nticks=5, zeroline=False)
    show_figure(figure, key, f"Wafers by dominant defect class over {len(weeks)} weeks")


def yield_line(weeks: pd.DataFrame, *, key: str, height: int = 120) -> None:
    """Draw the yield of each week (`week`, `yield_fraction`) as a line."""
    line = go.Scatter(
        x=weeks["week"],
        y=weeks["yield_fraction"],
        mode="lines+markers",
        line={"width": 1.5, "color": accent()},
        marker={"size": 5},
        hovertemplate="%{y:.1%}<extra></extra>",
    )
    figure = quiet_figure([line], height, bottom=24, left=34)
    figure.update_layout(hovermode="x unified")
    figure.update_xaxes(showgrid=False, tickformat="%d %b", hoverformat="week of %d %b %Y")
    figure.update_yaxes(tickformat=".0%", nticks=4, zeroline=False)
    show_figure(figure, key, f"Yield over {len(weeks)} weeks")


def accent() -> str:
    """Return the app's one accent colour as the theme has it for thin lines."""
    return str(st.get_option(f"theme.{current_theme()}.linkColor"))


def quiet_figure(
    traces: Sequence[go.Bar | go.Scatter | go.Heatmap], height: int, *, left: int = 0, right: int = 8, bottom: int = 4
) -> go.Figure:
    """Put traces on a chart as all of them look: no toolbar, no dragging, margins in pixels."""
    layout = {
        "height": height,
        "margin": {"l": left, "r": right, "t": 4, "b": bottom},
        "showlegend": False,
        "dragmode": False,
        "xaxis": {"fixedrange": True},
        "yaxis": {"fixedrange": True, "automargin": True},
    }
    return go.Figure(list(traces), layout)


def show_figure(figure: go.Figure, key: str, alt: str) -> None:
    """Show a chart, with what it says for those who cannot see it."""
    st.plotly_chart(figure, key=key, config=CONFIG, alt=alt)


def name_dates(figure: go.Figure, dates: pd.Series, most: int) -> None:
    """Name dates along x, few of them each at its place: left to itself, a short axis names a day twice.

    Args:
        figure: a chart over time.
        dates: that it has points at.
        most: names that have room.
    """
    figure.update_xaxes(showgrid=False, tickformat="%d %b %Y", nticks=most)
    if dates.nunique() <= most:
        figure.update_xaxes(tickvals=dates.unique())
