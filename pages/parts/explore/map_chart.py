"""The map of similar wafers as a chart: a point a wafer, coloured by what the person chose, clusters named on it."""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from core.drawing.palette import GREYS, GROUP_TONES, class_colors, heat_ramp, share_ramp
from data.classes import CLASSES
from pages.parts.blocks.charts import CLASS_NAMES, accent
from pages.parts.literal import in_chart
from pages.parts.state.choices import chosen_palette, current_theme

HEIGHT, MARGIN = 620, 3
SYMBOLS = ("circle", "square", "diamond", "triangle-up")
MOST_GROUPS = 60
DIM, SHOWN = 0.12, 0.85
NO_PATTERN, NOT_SEGMENTED, UNKNOWN, OTHERS = "No pattern", "Not segmented", "Not known", "Others"
CONFIG = {
    "displaylogo": False,
    "scrollZoom": True,
    "responsive": True,
    "displayModeBar": True,
    "modeBarButtons": [["lasso2d", "select2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
}


class Coloring(StrEnum):
    """What the colour of a point says."""

    CLUSTER = "Cluster"
    CLASS = "Class"
    PRODUCT = "Product"
    SEVERITY = "Severity"
    TIME = "Time"
    NOVELTY = "Novelty"


Corners = Sequence[tuple[float, float]]


def map_chart(
    points: pd.DataFrame,
    names: Sequence[str],
    coloring: Coloring,
    *,
    chosen: NDArray[np.bool_],
    area: Corners,
    key: str,
    on_select: Callable[[], None],
) -> None:
    """Draw the map; after a click, a box or a lasso the chart's state says which.

    Args:
        points: rows of `LakeMap.points`.
        names: of the clusters.
        coloring: what colours say.
        chosen: bool (points,), those that stand out; the others are dimmed.
        area: corners of the chosen area, none for none.
        key: of the chart.
        on_select: called after a click, a box or a lasso.
    """
    clusters = np.array(names, dtype=object)[points["cluster"].to_numpy()]
    classes = _class_names(points).to_numpy()
    said = pd.DataFrame({"key": points["key"], "text": _hover(points, classes, clusters), "shown": chosen})
    groups = {
        Coloring.CLUSTER: lambda: _grouped(clusters, list(names)),
        Coloring.CLASS: lambda: _by_class(classes),
        Coloring.PRODUCT: lambda: _grouped(points["product"].replace("", UNKNOWN).to_numpy(), None),
    }
    parts = groups[coloring]() if coloring in groups else _ramp(points, coloring)
    figure = go.Figure([trace for part in parts for trace in _traces(points, said, *part)])
    ink = GREYS[current_theme()].ink
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 0, "r": 0, "t": 28, "b": 0},
        dragmode="lasso",
        hovermode="closest",
        clickmode="event+select",
        annotations=_labels(points, names),
        uirevision=key,
        legend={"itemsizing": "constant", "title": "", "font": {"size": 12}},
        showlegend=coloring in (Coloring.CLASS, Coloring.PRODUCT),
        newselection={"line": {"color": ink, "width": 1}},
    )
    if len(area):
        path = "M" + "L".join(f"{x:g},{y:g}" for x, y in area) + "Z"
        figure.add_shape(type="path", path=path, line={"color": ink, "width": 1, "dash": "dot"})
    figure.update_xaxes(visible=False, range=[-MARGIN, 100 + MARGIN])
    figure.update_yaxes(visible=False, range=[-MARGIN, 100 + MARGIN])
    alt = f"Map of {len(points):,} wafers by likeness, coloured by {coloring.lower()}; the list beside it says the same"
    st.plotly_chart(
        figure, key=key, config=CONFIG, alt=alt, on_select=on_select, selection_mode=("points", "box", "lasso")
    )


def _traces(
    points: pd.DataFrame,
    said: pd.DataFrame,
    name: str,
    mask: NDArray[np.bool_],
    marker: dict[str, object],
    values: NDArray[np.float64] | None = None,
) -> Iterator[go.Scattergl]:
    """Points of one group: those that are dimmed below those that stand out."""
    size = 7 if len(said) < 3000 else 5 if len(said) < 15_000 else 3
    chosen = said["shown"].to_numpy()
    for part, opacity in ((mask & ~chosen, DIM), (mask & chosen, SHOWN)):
        if not part.any():
            continue
        first = opacity == SHOWN or not (mask & chosen).any()
        colors = {} if values is None else {"color": values[part], "showscale": first}
        yield go.Scattergl(
            x=points["x"].to_numpy()[part],
            y=points["y"].to_numpy()[part],
            mode="markers",
            name=in_chart(name),
            legendgroup=name,
            showlegend=first,
            marker={"size": size, "opacity": opacity, **marker, **colors},
            customdata=said["key"][part].to_list(),
            hovertext=said["text"][part].to_list(),
            hovertemplate="%{hovertext}<extra></extra>",
        )


Group = tuple[str, NDArray[np.bool_], dict[str, object]]


def _by_class(classes: NDArray[np.object_]) -> Iterator[Group]:
    colors, greys = class_colors(chosen_palette()), GREYS[current_theme()]
    by_name = {NOT_SEGMENTED: greys.passing, NO_PATTERN: greys.outline} | {c.name: colors[c.key] for c in CLASSES}
    for name, color in by_name.items():
        yield name, classes == name, {"color": color}


def _grouped(values: NDArray[np.object_], names: list[str] | None) -> Iterator[Group]:
    """Groups in tones that mean no class, with other symbols where the tones repeat; the smallest of many as one."""
    if names is None:
        counts = pd.Series(values).value_counts()
        names = sorted(counts.index[:MOST_GROUPS])
    tones = GROUP_TONES[current_theme()]
    for place, name in enumerate(names):
        symbol = SYMBOLS[place // len(tones) % len(SYMBOLS)]
        yield name, values == name, {"color": tones[place % len(tones)], "symbol": symbol}
    yield OTHERS, ~np.isin(values.astype(str), names), {"color": GREYS[current_theme()].outline}


def _ramp(
    points: pd.DataFrame, coloring: Coloring
) -> Iterator[tuple[str, NDArray[np.bool_], dict[str, object], NDArray[np.float64] | None]]:
    """One group on a scale of colours, and those of which the value is not known."""
    theme = current_theme()
    bar: dict[str, object] = {"thickness": 10, "outlinewidth": 0, "len": 0.6}
    low, high, ramp = 0.0, 100.0, share_ramp(None, chosen_palette(), theme)
    if coloring is Coloring.TIME:
        moments = points["tested_at"]
        values = (moments - pd.Timestamp(0)) / pd.Timedelta(days=1)
        low, high, ramp = values.min(), values.max(), heat_ramp(accent(), theme)
        ticks = list(pd.date_range(moments.min(), moments.max(), periods=5)) if moments.notna().any() else []
        bar |= {"title": "tested (UTC)", "ticktext": [f"{t:%Y-%m-%d}" for t in ticks]}
        bar |= {"tickvals": [(t - pd.Timestamp(0)) / pd.Timedelta(days=1) for t in ticks]}
    else:
        values = points[coloring.lower()]
        bar |= {"title": f"{coloring.lower()}<br>(0 to 100)"}
    known = values.notna().to_numpy()
    yield UNKNOWN, ~known, {"color": GREYS[theme].outline, "symbol": "circle-open"}, None
    marker = {"colorscale": ramp[::15], "colorbar": bar, "cmin": low, "cmax": high}
    yield str(coloring), known, marker, np.asarray(values, dtype=np.float64)


def _class_names(points: pd.DataFrame) -> pd.Series:
    named = points["dominant_class"].map(CLASS_NAMES)
    return named.fillna(points["severity"].notna().map({True: NO_PATTERN, False: NOT_SEGMENTED}))


def _hover(points: pd.DataFrame, classes: NDArray[np.object_], clusters: NDArray[np.object_]) -> list[str]:
    severity = ["" if s != s else f", severity {s:.0f}" for s in points["severity"]]
    return [
        f"<b>{in_chart(key)}</b><br>{found}{said}<br>cluster: {in_chart(cluster)}<br>novelty {novelty:.0f}"
        for key, found, said, cluster, novelty in zip(
            points["key"], classes, severity, clusters, points["novelty"], strict=True
        )
    ]


def _labels(points: pd.DataFrame, names: Sequence[str]) -> list[dict[str, object]]:
    """The name of each cluster above its points."""
    greys = GREYS[current_theme()]
    by_cluster = points.groupby("cluster")
    tops = pd.DataFrame({"x": by_cluster["x"].median(), "y": by_cluster["y"].quantile(0.75)})
    return [
        {
            "x": top.x,
            "y": top.y,
            "text": in_chart(names[int(str(cluster))]),
            "showarrow": False,
            "yanchor": "bottom",
            "yshift": 4,
            "font": {"size": 11, "color": greys.ink},
            "bgcolor": greys.disc,
            "opacity": 0.82,
        }
        for cluster, top in tops.iterrows()
    ]
