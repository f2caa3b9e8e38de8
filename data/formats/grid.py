"""Dies named by coordinates, laid out on a grid as one sees the wafer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError
from data.orientation import axes_text
from data.wafer import MAX_GRID


@dataclass(frozen=True)
class Axes:
    """Which way a file counts: x to the right or left, y down or up."""

    x: str = "right"
    y: str = "down"


def to_grid(
    x: NDArray[np.int64],
    y: NDArray[np.int64],
    dies: NDArray[np.uint8],
    bins: NDArray[np.int64] | None,
    axes: Axes,
    where: str,
) -> tuple[NDArray[np.uint8], NDArray[np.uint16] | None, str]:
    """Lay dies out; the last of several results of a die counts.

    Args:
        x: of each result.
        y: of each result.
        dies: off, pass or fail of each result.
        bins: its bin, 0 to 65535; None when there are none.
        axes: which way x and y count.
        where: what to call the file in errors.

    Returns:
        dies (H, W), bins (H, W) or None, and the coordinates' way over the grid for the attribute `die_axes`.

    Raises:
        FormatError: the dies span more than a wafer can hold.
    """
    low, high = (int(x.min()), int(y.min())), (int(x.max()), int(y.max()))
    shape = (high[1] - low[1] + 1, high[0] - low[0] + 1)
    if max(shape) > MAX_GRID:
        problem = f"expected at most {MAX_GRID} dies a side, found {shape[0]} x {shape[1]}"
        raise FormatError(where, problem, "Correct the dies' coordinates.")
    first = (low[0] if axes.x == "right" else high[0], low[1] if axes.y == "down" else high[1])
    columns = x - first[0] if axes.x == "right" else first[0] - x
    rows = y - first[1] if axes.y == "down" else first[1] - y
    grid = np.zeros(shape, dtype=np.uint8)
    grid[rows, columns] = dies
    bin_grid = None
    if bins is not None:
        bin_grid = np.zeros(shape, dtype=np.uint16)
        bin_grid[rows, columns] = bins
    return grid, bin_grid, axes_text(axes.x, axes.y, first)
