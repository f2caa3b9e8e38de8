"""Two patterns laid on each other: what both have, what only the one asked for has, what only the one found has."""

import numpy as np
from numpy.typing import NDArray

from core.drawing.palette import GREYS, POLES, Theme, rgb
from core.drawing.sheet import lay_out
from core.drawing.value_maps import sharp_cell_px
from core.drawing.wafer import draw_cells
from data.geometry import extent
from data.raster import nearest_index
from data.wafer import WaferMap


def draw_overlay(
    asked: NDArray[np.bool_],
    asked_dies: NDArray[np.uint8],
    found: NDArray[np.bool_],
    wafer: WaferMap,
    theme: Theme | str = Theme.LIGHT,
    cell_px: int | None = None,
) -> NDArray[np.uint8]:
    """Draw the differences of two patterns on the wafer found.

    Args:
        asked: (h, w), dies of the pattern asked for.
        asked_dies: (h, w), grid that they lie on; laid on the other by the tested extents.
        found: (H, W), dies of the pattern found.
        wafer: that they lie on.
        theme: light or dark.
        cell_px: width of a die in pixels, None for a picture of about 900.

    Returns:
        uint8 (height, width, 4) RGBA; `overlay_colors` says what is what.
    """
    theme = Theme(theme)
    sheet = lay_out(wafer, cell_px or sharp_cell_px(wafer))
    top, bottom, left, right = extent(wafer.dies)
    tested = (slice(top, bottom + 1), slice(left, right + 1))
    ours, theirs = laid_on(asked, asked_dies, wafer.dies)[tested], found[tested]
    colors = overlay_colors(theme)
    image = np.zeros((*ours.shape, 4), dtype=np.uint8)
    image[wafer.on_wafer[tested]] = (*rgb(GREYS[theme].passing), 255)
    for where, name in ((ours & theirs, "both"), (ours & ~theirs, "asked"), (theirs & ~ours, "found")):
        image[where] = (*rgb(colors[name]), 255)
    pixels = np.repeat(np.repeat(image, sheet.cell[0], axis=0), sheet.cell[1], axis=1)
    return draw_cells(pixels, sheet, wafer.notch, theme)


def overlay_colors(theme: Theme | str) -> dict[str, str]:
    """Return the colours of `both`, `asked` (only the pattern asked for) and `found` (only the one found)."""
    theme = Theme(theme)
    return {"both": GREYS[theme].ink, "asked": POLES[theme][0], "found": POLES[theme][1]}


def laid_on(mask: NDArray[np.bool_], dies: NDArray[np.uint8], onto: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Lay dies of one grid on another by the extents of what was tested.

    Example:
        >>> small, large = np.ones((2, 2), dtype=np.uint8), np.ones((4, 4), dtype=np.uint8)
        >>> laid_on(np.array([[True, False], [False, False]]), small, large).sum().item()
        4
    """
    top, bottom, left, right = extent(dies)
    cut = mask[top : bottom + 1, left : right + 1]
    first, last, west, east = extent(onto)
    rows = nearest_index(cut.shape[0], last - first + 1)
    columns = nearest_index(cut.shape[1], east - west + 1)
    laid = np.zeros(onto.shape, dtype=np.bool_)
    laid[first : last + 1, west : east + 1] = cut[rows[:, None], columns]
    return laid
