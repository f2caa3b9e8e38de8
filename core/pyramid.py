"""How the network looks at a die grid: once as a whole, and for grids too fine for that also through tiles."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.classes import CLASS_KEYS
from data.raster import WORKING_SIZES, die_planes, working_size

LARGEST = WORKING_SIZES[-1]
FINE_PIXELS_PER_CELL = 2
TILE = LARGEST // FINE_PIXELS_PER_CELL
TILE_OVERLAP = 64

# Weight of the tiles against the view of the whole: what is thin or small is seen by the tiles, what is recognised by
# its place on the wafer by the whole.
FINE_WEIGHT = {"scratch": 0.75, "particle": 0.75, "lithography": 0.5}
FINE_WEIGHT_OTHER = 0.25


@dataclass(frozen=True, eq=False)
class View:
    """One look at a wafer.

    Args:
        planes: float32 (3, h, w), the network's channels over the cells it looks at.
        size: working size in pixels that it is drawn at.
        origin: (row, column) of its first cell.
    """

    planes: NDArray[np.float32]
    size: int
    origin: tuple[int, int] = (0, 0)


def views(dies: NDArray[np.uint8]) -> list[View]:
    """Choose how to look at a die grid.

    A grid of up to 320 dies a side is seen once as a whole, at its working size. A finer one is seen as a whole at 640
    pixels and again through overlapping tiles of 320 x 320 cells with two pixels a cell. A grid of more than 640 dies a
    side is first reduced by area, its cells holding the failing share of the dies they cover.

    Args:
        dies: uint8 (H, W).

    Example:
        >>> one = np.ones((1, 1), dtype=np.uint8)
        >>> [len(views(np.tile(one, (n, n)))) for n in (27, 320, 500, 1024)]
        [1, 1, 5, 5]
    """
    planes = reduced(die_planes(dies), _block(dies.shape))
    whole = View(planes, working_size(planes.shape[1:]))
    if max(planes.shape[1:]) <= TILE:
        return [whole]
    return [whole] + [
        View(planes[:, r : r + TILE, c : c + TILE], LARGEST, (r, c))
        for r in tile_starts(planes.shape[1])
        for c in tile_starts(planes.shape[2])
    ]


def fuse(parts: list[View], logits: list[NDArray[np.float32]], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Put the logits of a wafer's views together.

    Args:
        parts: the views, the whole first.
        logits: float32 (8, h, w) of each view, on its cells.
        shape: (H, W) of the die grid.

    Returns:
        float32 (8, H, W)
    """
    fused = logits[0]
    if len(parts) > 1:
        total, weight = np.zeros_like(fused), np.zeros(fused.shape[1:], dtype=np.float32)
        for view, seen in zip(parts[1:], logits[1:], strict=True):
            window = np.s_[
                view.origin[0] : view.origin[0] + seen.shape[1], view.origin[1] : view.origin[1] + seen.shape[2]
            ]
            tent = _tent(seen.shape[1])[:, None] * _tent(seen.shape[2])[None, :]
            total[(..., *window)] += seen * tent
            weight[window] += tent
        share = np.array([FINE_WEIGHT.get(key, FINE_WEIGHT_OTHER) for key in CLASS_KEYS], dtype=np.float32)[
            :, None, None
        ]
        fused = (1 - share) * fused + share * total / weight
    block = _block(shape)
    return fused if block == 1 else fused.repeat(block, axis=1).repeat(block, axis=2)[:, : shape[0], : shape[1]]


def reduced(planes: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Reduce the network's channels by area.

    Args:
        planes: float32 (3, H, W).
        block: side of a cell in dies.

    Returns:
        float32 (3, ceil(H / block), ceil(W / block)): share of the cell's tested dies that fail, whether the cell holds
        a tested die, mean radius share of its tested dies.
    """
    if block == 1:
        return planes
    _, height, width = planes.shape
    padded = np.pad(planes, ((0, 0), (0, -height % block), (0, -width % block)))
    sums = padded.reshape(3, padded.shape[1] // block, block, padded.shape[2] // block, block).sum(axis=(2, 4))
    tested = sums[1]
    means: NDArray[np.float32] = sums / np.maximum(tested, 1)
    return means


def tile_starts(cells: int) -> list[int]:
    """First cells of the fewest evenly spread tiles that cover an axis and overlap by 64 cells or more.

    Example:
        >>> tile_starts(300), tile_starts(512), tile_starts(640)
        ([0], [0, 192], [0, 160, 320])
    """
    if cells <= TILE:
        return [0]
    steps = -(-(cells - TILE) // (TILE - TILE_OVERLAP))
    return [round(i * (cells - TILE) / steps) for i in range(steps + 1)]


def _block(shape: tuple[int, ...]) -> int:
    return -(-max(shape) // LARGEST)


def _tent(cells: int) -> NDArray[np.float32]:
    """Weights that fall towards a tile's border, where the network sees least around a cell."""
    ramp = np.minimum(np.arange(1, cells + 1), np.arange(cells, 0, -1))
    return np.minimum(ramp / TILE_OVERLAP, 1).astype(np.float32)
