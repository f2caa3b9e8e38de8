"""Die-exact pictures of one number a die: the share of wafers that fail there, or a difference of shares."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.drawing.palette import GREYS, Palette, Theme, difference_ramp, rgb, share_ramp
from core.drawing.sheet import cell_aspect, lay_out
from core.drawing.wafer import draw_cells
from data.geometry import extent
from data.wafer import WaferMap

STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
"""Where a scale of shares may end, so that two maps are often on the same one."""
DOT_SHARE = 0.25
PICTURE_PX = 900


@dataclass(frozen=True)
class Scale:
    """Which number has which colour.

    Args:
        colors: "#rrggbb" from the lowest to the highest number, evenly spread.
        low: number of the first colour; lower ones have it too.
        high: number of the last colour; higher ones have it too.
    """

    colors: Sequence[str]
    low: float
    high: float

    def rgba(self, values: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Colour numbers, uint8 (..., 4); NaN is transparent."""
        table = np.array([(*rgb(color), 255) for color in self.colors], dtype=np.uint8)
        place = np.clip((np.nan_to_num(values) - self.low) / (self.high - self.low), 0, 1)
        colors: NDArray[np.uint8] = table[np.rint(place * (len(table) - 1)).astype(np.intp)]
        colors[np.isnan(values)] = 0
        return colors


def share_scale(
    shares: NDArray[np.float64],
    class_key: str | None = None,
    palette: Palette | str = Palette.STANDARD,
    theme: Theme | str = Theme.LIGHT,
) -> Scale:
    """Return a scale from 0 to the round share that no share of these exceeds."""
    return Scale(share_ramp(class_key, palette, theme), 0.0, _end(shares))


def difference_scale(differences: NDArray[np.float64], theme: Theme | str = Theme.LIGHT) -> Scale:
    """Return a scale that is symmetric about 0 and holds all of these differences of shares."""
    end = _end(np.abs(differences))
    return Scale(difference_ramp(theme), -end, end)


def draw_values(
    outline: WaferMap,
    values: NDArray[np.float64],
    scale: Scale,
    theme: Theme | str = Theme.LIGHT,
    cell_px: int | None = None,
    marked: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Draw a number on every die.

    Args:
        outline: a wafer whose dies are those to draw.
        values: the numbers, (H, W); a die without one, NaN, shows the disc.
        scale: their colours.
        theme: light or dark.
        cell_px: width of a die in pixels, None for a picture of about 900.
        marked: dies with a dot, (H, W).

    Returns:
        uint8 (height, width, 4) RGBA, transparent off the wafer; `core.drawing.wafer.lay_out` says where each die is.

    Raises:
        WaferValueError: `cell_px` is below 1.
    """
    sheet = lay_out(outline, cell_px or sharp_cell_px(outline))
    top, bottom, left, right = extent(outline.dies)
    tested = (slice(top, bottom + 1), slice(left, right + 1))
    colors = np.repeat(np.repeat(scale.rgba(values[tested]), sheet.cell[0], axis=0), sheet.cell[1], axis=1)
    if marked is not None:
        colors[np.kron(marked[tested], _dot(sheet.cell)).astype(bool)] = (*rgb(GREYS[Theme(theme)].ink), 255)
    return draw_cells(colors, sheet, outline.notch, Theme(theme))


def sharp_cell_px(outline: WaferMap) -> int:
    """Width of a die that makes a picture of about 900 pixels."""
    rows, columns = outline.dies.shape
    return max(1, int(PICTURE_PX // max(rows * cell_aspect(outline), columns)))


def _end(values: NDArray[np.float64]) -> float:
    most = float(np.nanmax(values, initial=0.0))
    return next((step for step in STEPS if most <= step), 1.0)


def _dot(cell: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels of a cell that a dot in its middle covers; at least one."""
    rows, columns = (np.abs(np.arange(side) - (side - 1) / 2) for side in cell)
    return np.asarray(np.hypot(rows[:, None], columns[None, :]) <= max(0.75, DOT_SHARE * min(cell)))
