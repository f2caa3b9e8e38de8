"""Dies named by coordinates, laid out on a grid as one sees the wafer."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError
from data.orientation import axes_text
from data.wafer import MAX_GRID

Count = TypeVar("Count", NDArray[np.int64], float)


@dataclass(frozen=True)
class Axes:
    """Which way a file counts: x to the right or left, y down or up."""

    x: str = "right"
    y: str = "down"

    def first(self, x: NDArray[np.int64], y: NDArray[np.int64]) -> tuple[int, int]:
        """Return (x, y) of the die at row 0, column 0 of the box around some dies."""
        return int(x.min() if self.x == "right" else x.max()), int(y.min() if self.y == "down" else y.max())

    def place(self, first: tuple[int, int], x: Count, y: Count) -> tuple[Count, Count]:
        """Return rows and columns of dies, or of points between them, on the grid that begins at `first`."""
        rows = y - first[1] if self.y == "down" else first[1] - y
        return rows, x - first[0] if self.x == "right" else first[0] - x


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
    shape = (int(y.max()) - int(y.min()) + 1, int(x.max()) - int(x.min()) + 1)
    if max(shape) > MAX_GRID:
        problem = f"expected at most {MAX_GRID} dies a side, found {shape[0]} x {shape[1]}"
        raise FormatError(where, problem, "Correct the dies' coordinates.")
    first = axes.first(x, y)
    rows, columns = axes.place(first, x, y)
    grid = np.zeros(shape, dtype=np.uint8)
    grid[rows, columns] = dies
    bin_grid = None
    if bins is not None:
        bin_grid = np.zeros(shape, dtype=np.uint16)
        bin_grid[rows, columns] = bins
    return grid, bin_grid, axes_text(axes.x, axes.y, first)
