"""One number a die on screen: a die-exact picture, its scale with a unit, and every die's numbers on pointing."""

import base64
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.drawing.palette import GREYS
from core.drawing.sheet import Sheet, lay_out
from core.drawing.value_maps import Scale, draw_values, sharp_cell_px
from core.drawing.wafer import png_bytes
from data.geometry import WaferGeometry, geometry
from data.wafer import WaferMap
from pages.parts.blocks.charts import quiet_figure, show_figure
from pages.parts.state.choices import current_theme

COLORS_OF_BAR = 32


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
    figure = quiet_figure([_pointed_at(outline, values, frame, said), _bar(scale, unit)], height, left=44, bottom=38)
    left, top, width, tall = _place(sheet, frame)
    figure.add_layout_image(
        source="data:image/png;base64," + base64.b64encode(png_bytes(picture)).decode(),
        xref="x",
        yref="y",
        x=left,
        y=top,
        sizex=width,
        sizey=tall,
        sizing="stretch",
        layer="below",
    )
    words = {"zeroline": False, "showgrid": False, "ticks": "outside", "ticklen": 3, "color": GREYS[theme].outline}
    named = "mm, assumed size" if frame.assumed else "mm from the centre"
    figure.update_xaxes(range=[left, left + width], title=f"x, {named}", constrain="domain", **words)
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


def _bar(scale: Scale, unit: str) -> go.Scatter:
    """The scale alone: a heatmap that nobody sees has none to see. An empty line keeps its title off the numbers."""
    places = np.linspace(0, 1, COLORS_OF_BAR)
    colors = [[place, scale.colors[round(place * (len(scale.colors) - 1))]] for place in places]
    return go.Scatter(
        x=[None],
        y=[None],
        mode="markers",
        hoverinfo="skip",
        marker={
            "colorscale": colors,
            "cmin": scale.low,
            "cmax": scale.high,
            "color": [0],
            "showscale": True,
            "colorbar": {
                "title": {"text": f"<br>{unit}", "side": "right"},
                "tickformat": ".2~%",
                "thickness": 12,
                "nticks": 6,
                "outlinewidth": 0,
                "x": 1.01,
            },
        },
    )
