"""How the network looks at a die grid: die by die, and for larger grids also in cells that make it a small one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.classes import CLASS_KEYS
from data.pictures import Raster
from data.raster import blocks, die_planes, reduced

Shares = NDArray[np.float32]
"""Of each class, (8,), the weight of the fine look against the coarse one."""

EVEN: Shares = np.full(len(CLASS_KEYS), 0.5, dtype=np.float32)
"""For a model that says nothing of it."""


@dataclass(frozen=True, eq=False)
class View:
    """One look at a wafer.

    Args:
        planes: float32 (3, h, w), the network's channels over cells.
        size: working size in pixels that it is drawn at.
        block: side of a cell in dies.
    """

    planes: NDArray[np.float32]
    size: int
    block: int


def views(dies: NDArray[np.uint8], raster: Raster) -> list[View]:
    """Look at a die grid in cells of the sizes that `data.raster.blocks` says.

    Args:
        dies: uint8 (H, W).
        raster: how the network wants its pictures.

    Example:
        >>> from data.pictures import RESAMPLED
        >>> one = np.ones((1, 1), dtype=np.uint8)
        >>> [[view.size for view in views(np.tile(one, (n, n)), RESAMPLED)] for n in (27, 100, 300, 1024)]
        [[64], [224, 128], [224, 128], [224, 128]]
    """
    planes = die_planes(dies)
    looks = [(reduced(planes, block), block) for block in blocks(dies.shape)]
    return [View(cells, raster.size(cells.shape[1:]), block) for cells, block in looks]


def fuse(
    parts: list[View], logits: list[NDArray[np.float32]], shape: tuple[int, ...], fine_share: Shares
) -> NDArray[np.float32]:
    """Put the logits of a wafer's views together.

    Args:
        parts: the views, fine first.
        logits: float32 (8, h, w) of each view, on its cells.
        shape: (H, W) of the die grid.
        fine_share: float32 (8,), as the model says.

    Returns:
        float32 (8, H, W)
    """
    return weigh([_spread(seen, view.block, shape) for view, seen in zip(parts, logits, strict=True)], fine_share)


def weigh(answers: Sequence[NDArray[np.float32]], fine_share: Shares) -> NDArray[np.float32]:
    """Put answers (8, ...) of the views, fine first, together by the share of each class."""
    fine, *coarse = answers
    if not coarse:
        return fine
    share = fine_share.reshape(-1, *[1] * (fine.ndim - 1))
    fused: NDArray[np.float32] = share * fine + (1 - share) * coarse[0]
    return fused


def _spread(cells: NDArray[np.float32], block: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return every die the value of its cell."""
    if block == 1:
        return cells
    return cells.repeat(block, axis=1).repeat(block, axis=2)[:, : shape[0], : shape[1]]
