"""One number a die on screen: a die-exact picture, its scale with a unit, and every die's numbers on pointing."""

import base64
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.drawing.palette import GREYS, rgb
from core.drawing.sheet import Sheet, lay_out
from core.drawing.value_maps import Scale, draw_values, sharp_cell_px
from core.drawing.wafer import png_bytes
from data.geometry import WaferGeometry, geometry
from data.wafer import WaferMap
from pages.parts.blocks.charts import quiet_figure, show_figure
from pages.parts.state.choices import current_theme

COLORS_OF_BAR, SCALE_STEPS = 32, 4
SCALE_MARGIN_PX = 70
"""Right of the scale, for its numbers and its unit."""
_SCALE_GAP = 0.04
"""Of the picture's width: between map and scale, and the scale's own."""


def value_map(
    outline: WaferMap,
    values: NDArray[np.float64],
    scale: Scale,
    *,
    key: str,
    unit: str,
    said: Sequence[tuple[str, NDArray[np.generic]]],
    alt: str,
    marked: NDArray[np.bool_] | None = None,
    height: int = 480,
) -> None:
    """Show a number on every die, in place on the wafer.

    Args:
        outline: the dies to show.
        values: shares, (H, W), NaN where there is none.
        scale: their colours.
        key: of the chart.
        unit: what the numbers are, beside the scale.
        said: lines shown when a die is pointed at: a name and its number for every die, (H, W).
        alt: the map in words.
        marked: dies with a dot, (H, W).
        height: in pixels.
    """
    theme = current_theme()
    frame = geometry(outline)
    picture = draw_values(outline, values, scale, theme, marked=marked)
    sheet = lay_out(outline, sharp_cell_px(outline))
    figure = quiet_figure(
        [_pointed_at(outline, values, frame, said)], height, left=44, right=SCALE_MARGIN_PX, bottom=38
    )
    left, top, _, tall = box = _place(sheet, frame)
    _add_picture(figure, picture, box)
    right = _add_scale(figure, scale, unit, box)
    words = {"zeroline": False, "showgrid": False, "ticks": "outside", "ticklen": 3, "color": GREYS[theme].outline}
    named = "mm, assumed size" if frame.assumed else "mm from the centre"
    figure.update_xaxes(range=[left, right], title=f"x, {named}", constrain="domain", **words)
    figure.update_yaxes(
        range=[top - tall, top], title=f"y, {named}", scaleanchor="x", constrain="domain", automargin=False, **words
    )
    show_figure(figure, key, alt)


def _place(sheet: Sheet, frame: WaferGeometry) -> tuple[float, float, float, float]:
    """Left, top, width and height of the picture in mm."""
    mm = frame.die_pitch_mm[0] / sheet.cell[0], frame.die_pitch_mm[1] / sheet.cell[1]
    first_x, first_y = frame.to_mm(np.array(sheet.first[0] - 0.5), np.array(sheet.first[1] - 0.5))
    left, top = float(first_x) - sheet.origin[1] * mm[1], float(first_y) + sheet.origin[0] * mm[0]
    return left, top, sheet.size[1] * mm[1], sheet.size[0] * mm[0]


def _pointed_at(
    outline: WaferMap,
    values: NDArray[np.float64],
    frame: WaferGeometry,
    said: Sequence[tuple[str, NDArray[np.generic]]],
) -> go.Heatmap:
    """A heatmap nobody sees, which knows the numbers of the die under the pointer."""
    rows, columns = outline.dies.shape
    x, _ = frame.to_mm(np.zeros(columns), np.arange(columns, dtype=np.float64))
    _, y = frame.to_mm(np.arange(rows, dtype=np.float64), np.zeros(rows))
    indices = np.indices((rows, columns))
    lines = "".join(f"<br>{name} %{{customdata[{at}]}}" for at, (name, _) in enumerate(said, 2))
    return go.Heatmap(
        x=x,
        y=y,
        z=np.where(outline.on_wafer, values, np.nan),
        customdata=np.stack([*indices, *(numbers for _, numbers in said)], axis=-1),
        hovertemplate=f"row %{{customdata[0]}}, column %{{customdata[1]}}{lines}<extra></extra>",
        hoverongaps=False,
        opacity=0,
        showscale=False,
    )


def _add_scale(figure: go.Figure, scale: Scale, unit: str, box: tuple[float, float, float, float]) -> float:
    """Draw the scale beside the map, as tall as the map is drawn; returns its right end in mm.

    Plotly's own colour bar is as tall as the chart, and in a narrow window the chart is taller than its map.
    """
    left, top, width, tall = box
    start, wide = left + width * (1 + _SCALE_GAP), width * _SCALE_GAP
    places = np.linspace(1, 0, COLORS_OF_BAR)
    colors = [(*rgb(scale.colors[round(place * (len(scale.colors) - 1))]), 255) for place in places]
    _add_picture(figure, np.array(colors, dtype=np.uint8)[:, None], (start, top, wide, tall))
    ink = GREYS[current_theme()].outline
    for place in np.linspace(0, 1, SCALE_STEPS + 1):
        figure.add_annotation(
            x=start + wide,
            y=top - tall * (1 - place),
            text=_percent(scale.low + place * (scale.high - scale.low)),
            showarrow=False,
            xanchor="left",
            xshift=3,
            font={"color": ink},
        )
    figure.add_annotation(
        x=start + wide,
        y=top - tall / 2,
        text=unit,
        textangle=-90,
        showarrow=False,
        xanchor="left",
        xshift=44,
        font={"color": ink},
    )
    return start + wide


def _percent(share: float) -> str:
    """A share as the scale names it, with no more digits than tell it from its neighbours.

    Example:
        >>> _percent(0.2), _percent(-0.025)
        ('20%', '-2.5%')
    """
    return f"{share * 100:.3g}%"


def _add_picture(figure: go.Figure, picture: NDArray[np.uint8], box: tuple[float, float, float, float]) -> None:
    """Lay a picture below the chart's lines: its left, top, width and height in mm."""
    figure.add_layout_image(
        source="data:image/png;base64," + base64.b64encode(png_bytes(picture)).decode(),
        xref="x",
        yref="y",
        x=box[0],
        y=box[1],
        sizex=box[2],
        sizey=box[3],
        sizing="stretch",
        layer="below",
    )
