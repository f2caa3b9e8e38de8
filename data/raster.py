"""What a network sees of a die grid: planes of numbers, die by die or over cells of several dies."""

import numpy as np
from numpy.typing import NDArray

from data.geometry import radius_share
from data.wafer import FAIL, OFF_WAFER

WHOLE_CELLS = 62
FINE_CELLS = 210
CHANNELS = ("fail", "on_wafer", "radius_share")


def blocks(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return how many dies wide the cells are through which a die grid is looked at, fine first.

    A grid of up to 62 dies across is seen die by die. A larger one is also seen in cells of several dies, few enough
    for the network to take in a ring or a gradient as a whole; and one of more than 210 dies in finer cells only.

    Args:
        shape: (H, W) of the die grid.

    Example:
        >>> [blocks((n, n)) for n in (27, 100, 210, 300)]
        [(1,), (1, 2), (1, 4), (2, 5)]
    """
    fine, whole = -(-max(shape) // FINE_CELLS), -(-max(shape) // WHOLE_CELLS)
    return (fine, whole) if whole > fine else (fine,)


def reduced(planes: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Reduce planes as `die_planes` gives them by area.

    Args:
        planes: float32 (3, H, W).
        block: side of a cell in dies.

    Returns:
        float32 (3, ceil(H / block), ceil(W / block)): share of the cell's tested dies that fail, whether the cell holds
        a tested die, mean radius share of its tested dies.
    """
    if block == 1:
        return planes
    sums = cell_sums(planes, block)
    means: NDArray[np.float32] = sums / np.maximum(sums[1], 1)
    return means


def cell_sums(planes: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Sum planes (C, H, W) over cells of `block` x `block` dies; (C, ceil(H / block), ceil(W / block))."""
    channels, height, width = planes.shape
    padded = np.pad(planes, ((0, 0), (0, -height % block), (0, -width % block)))
    cells = padded.reshape(channels, padded.shape[1] // block, block, padded.shape[2] // block, block)
    sums: NDArray[np.float32] = cells.sum(axis=(2, 4))
    return sums


def nearest_index(dies: int, size: int) -> NDArray[np.intp]:
    """Return for each of `size` pixels along an axis the die it shows, (size,) rising from 0 to dies - 1."""
    return ((np.arange(size) + 0.5) * dies / size).astype(np.intp)


def die_planes(dies: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the network's channels on the die grid.

    Returns:
        float32 (3, H, W): failing, on wafer, distance from the centre as a share of the radius (0 off wafer).
    """
    on_wafer = dies != OFF_WAFER
    return np.stack([(dies == FAIL), on_wafer, np.where(on_wafer, radius_share(dies), 0)]).astype(np.float32)
