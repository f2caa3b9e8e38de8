"""Shares as bars with their intervals: by distance, by clock hour, by slot, by group."""

from collections.abc import Callable, Sequence

import plotly.graph_objects as go
import streamlit as st

from core.drawing.palette import GREYS
from pages.parts.blocks.charts import CONFIG, quiet_figure
from pages.parts.state.choices import current_theme


def share_bars(
    labels: Sequence[str],
    shares: Sequence[float],
    *,
    key: str,
    across: str,
    up: str,
    hover: str,
    alt: str,
    low: Sequence[float] = (),
    high: Sequence[float] = (),
    said: Sequence[object] = (),
    color: str | None = None,
    on_select: Callable[[], None] | None = None,
    height: int = 220,
) -> None:
    """Draw shares as bars.

    Args:
        labels: below the bars.
        shares: 0 to 1; NaN draws none.
        key: of the chart.
        across: what the labels are, with the unit.
        up: what the shares are.
        hover: shown at a bar; `%{y}` is its share, `%{x}` its label, `%{customdata}` what `said` holds for it.
        alt: the chart in words.
        low: lower ends of the intervals, empty for none.
        high: their upper ends.
        said: something for each bar.
        color: "#rrggbb", None for grey.
        on_select: called when a bar is clicked; its place is then in the chart's state.
        height: in pixels.
    """
    theme = current_theme()
    bars = go.Bar(
        x=list(labels),
        y=list(shares),
        marker_color=color or GREYS[theme].outline,
        customdata=list(said) or None,
        hovertemplate=f"{hover}<extra></extra>",
        error_y=_whiskers(shares, low, high, GREYS[theme].ink) if len(high) else None,
    )
    figure = quiet_figure([bars], height, left=50, bottom=40)
    figure.update_layout(bargap=0.3)
    figure.update_xaxes(title=across, type="category", showgrid=False)
    figure.update_yaxes(title=up, tickformat=".2~%", nticks=5, rangemode="tozero", zeroline=False)
    if on_select is None:
        st.plotly_chart(figure, key=key, config=CONFIG, alt=alt)
    else:
        figure.update_layout(clickmode="event+select")
        st.plotly_chart(figure, key=key, config=CONFIG, alt=alt, on_select=on_select, selection_mode="points")


def _whiskers(shares: Sequence[float], low: Sequence[float], high: Sequence[float], color: str) -> dict[str, object]:
    return {
        "array": [end - share for end, share in zip(high, shares, strict=True)],
        "arrayminus": [share - end for end, share in zip(low, shares, strict=True)],
        "color": color,
        "thickness": 1,
        "width": 3,
    }
