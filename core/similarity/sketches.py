"""From a drawing on an empty wafer to a wafer: the dies that the strokes cover fail."""

import numpy as np
from numpy.typing import NDArray

from core.drawing.sheet import Sheet
from core.lake import Lake
from data.geometry import extent, radius_share
from data.wafer import FAIL, OFF_WAFER, PASS, WaferMap

COVERED = 0.4
ROUND_DIES = 36

_GRIDS = """
    SELECT product, arg_max(key, coalesce(tested_at, ingested_at)) AS key FROM wafers WHERE product != ''
    GROUP BY product ORDER BY count(*) DESC, product
"""


def round_wafer(dies: int = ROUND_DIES) -> WaferMap:
    """Return an empty wafer with as many dies across."""
    grid = np.full((dies, dies), PASS, dtype=np.uint8)
    grid[radius_share(grid) > 1] = OFF_WAFER
    return WaferMap(grid, "sketch", "drawn")


def emptied(wafer: WaferMap) -> WaferMap:
    """Return a wafer's grid with every tested die passing."""
    grid = np.where(wafer.on_wafer, PASS, OFF_WAFER).astype(np.uint8)
    return _on(wafer, grid)


def product_examples(lake: Lake) -> dict[str, str]:
    """Return for each product, the commonest first, the key of its newest wafer: whose grid to draw on."""
    return {row["product"]: row["key"] for row in lake.arrow(_GRIDS).to_pylist()}


def snap(drawn: NDArray[np.bool_], empty: WaferMap, sheet: Sheet) -> WaferMap:
    """Let the tested dies fail of whose pixels strokes cover four tenths or more.

    Args:
        drawn: (height, width), the pixels of the picture that strokes cover.
        empty: the wafer that was drawn on.
        sheet: where its dies are on the picture, as `core.drawing.wafer.lay_out` says.

    Example:
        >>> from core.drawing.sheet import lay_out
        >>> empty = round_wafer(10)
        >>> sheet = lay_out(empty, 8)
        >>> drawn = np.zeros(sheet.size, dtype=np.bool_)
        >>> drawn[: sheet.size[0] // 2] = True
        >>> snap(drawn, empty, sheet).fail_count * 2 == empty.tested_count
        True
    """
    top, bottom, left, right = extent(empty.dies)
    rows, columns = bottom - top + 1, right - left + 1
    y, x = sheet.origin
    pixels = drawn[y : y + rows * sheet.cell[0], x : x + columns * sheet.cell[1]]
    covered = pixels.reshape(rows, sheet.cell[0], columns, sheet.cell[1]).mean(axis=(1, 3)) >= COVERED
    dies = empty.dies.copy()
    window = dies[top : bottom + 1, left : right + 1]
    window[covered & (window == PASS)] = FAIL
    return _on(empty, dies)


def _on(wafer: WaferMap, dies: NDArray[np.uint8]) -> WaferMap:
    pitch, diameter = wafer.die_pitch_mm, wafer.diameter_mm
    return WaferMap(dies, "sketch", "drawn", die_pitch_mm=pitch, diameter_mm=diameter, center=wafer.center)
