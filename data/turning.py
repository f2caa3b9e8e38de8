"""Changes that keep a wafer a wafer: flips, turns, other die grids, more failures and dies that were not tested."""

import numpy as np
from numpy.typing import NDArray

from data.geometry import extent
from data.raster import nearest_index
from data.wafer import FAIL, OFF_WAFER, PASS, Scalar

Grid = NDArray[np.uint8]
SYMMETRIES = 8


def symmetry(grid: NDArray[Scalar], k: int) -> NDArray[Scalar]:
    """Apply one of the eight flips and quarter turns to the last two axes; `k` in 0..7, 0 changes nothing.

    Example:
        >>> symmetry(np.array([[1, 2], [3, 4]]), 1).tolist()
        [[2, 4], [1, 3]]
    """
    turned = np.rot90(grid, k % 4, axes=(-2, -1))
    return turned if k < 4 else turned[..., ::-1]


def undo_symmetry(grid: NDArray[Scalar], k: int) -> NDArray[Scalar]:
    """Turn back what `symmetry` did with the same `k`."""
    return np.rot90(grid if k < 4 else grid[..., ::-1], -(k % 4), axes=(-2, -1))


def turn(dies: Grid, angle: float) -> Grid:
    """Turn the failures by any angle about the wafer's centre; which dies exist stays as it is.

    Args:
        dies: uint8 (H, W).
        angle: radians, clockwise. A die whose source lies off the wafer keeps its own result.
    """
    rows, columns = turn_sources(dies, angle)
    return dies[rows, columns]


def turn_sources(dies: Grid, angle: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which die each die of a turned wafer was: rows and columns, (H, W) each, to turn masks along."""
    top, bottom, left, right = extent(dies)
    rows = (np.arange(dies.shape[0]) - (top + bottom) / 2) / ((bottom - top + 1) / 2)
    columns = (np.arange(dies.shape[1]) - (left + right) / 2) / ((right - left + 1) / 2)
    cos, sin = np.cos(angle), np.sin(angle)
    from_row = rows[:, None] * cos - columns[None, :] * sin
    from_column = rows[:, None] * sin + columns[None, :] * cos
    r = np.rint(from_row * ((bottom - top + 1) / 2) + (top + bottom) / 2).astype(np.intp)
    c = np.rint(from_column * ((right - left + 1) / 2) + (left + right) / 2).astype(np.intp)
    inside = (r >= 0) & (r < dies.shape[0]) & (c >= 0) & (c < dies.shape[1])
    source = np.where(inside, dies[r.clip(0, dies.shape[0] - 1), c.clip(0, dies.shape[1] - 1)], OFF_WAFER)
    own_rows, own_columns = np.indices(dies.shape)
    turned = (dies != OFF_WAFER) & (source != OFF_WAFER)
    return np.where(turned, r, own_rows), np.where(turned, c, own_columns)


def resized(dies: Grid, shape: tuple[int, int]) -> Grid:
    """Show a wafer on a grid of another shape (H, W), each die as the nearest one was.

    Example:
        >>> resized(np.array([[0, 1], [2, 1]], dtype=np.uint8), (2, 4)).tolist()
        [[0, 0, 1, 1], [2, 2, 1, 1]]
    """
    return dies[np.ix_(*(nearest_index(count, wanted) for count, wanted in zip(dies.shape, shape, strict=True)))]


def overlaid(dies: Grid, other: Grid) -> Grid:
    """Let the dies fail, too, that fail on another wafer; which dies exist stays as it is."""
    fails = resized(other, dies.shape) == FAIL
    return np.where((dies == PASS) & fails, FAIL, dies).astype(np.uint8)


def add_noise(rng: np.random.Generator, dies: Grid, failing: float, passing: float, missing: float) -> Grid:
    """Flip single results and lose single dies.

    Args:
        rng: source of randomness.
        dies: uint8 (H, W).
        failing: share of passing dies that fail by chance.
        passing: share of failing dies that pass by chance.
        missing: share of dies that were not tested.
    """
    chance = rng.random(dies.shape)
    noisy = np.where((dies == PASS) & (chance < failing), FAIL, dies)
    noisy = np.where((dies == FAIL) & (chance < passing), PASS, noisy)
    lost = rng.random(dies.shape) < missing
    if (noisy[~lost] != OFF_WAFER).any():
        noisy = np.where(lost, OFF_WAFER, noisy)
    return noisy.astype(np.uint8)
