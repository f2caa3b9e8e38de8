"""How the network looks at a die grid: die by die, and for larger grids also in cells that make it a small one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.classes import CLASS_KEYS
from data.raster import blocks, die_planes, reduced, working_size

# Weight of the fine look against the coarse one: what is thin, repeats from die to die or is told by how often dies
# fail is judged by both, what is known by its place and extent nearly by the coarse one alone. Chosen among 0, .25,
# .5, .75 and 1 on 60 synthetic wafers of 63 to 210 dies across (seed 779), drawn for nothing else.
FINE_SHARE = {"ring": 0.5, "scratch": 0.5, "lithography": 0.5, "random": 0.5}
FINE_SHARE_OTHER = 0.1


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


def views(dies: NDArray[np.uint8]) -> list[View]:
    """Look at a die grid in cells of the sizes that `data.raster.blocks` says.

    Args:
        dies: uint8 (H, W).

    Example:
        >>> one = np.ones((1, 1), dtype=np.uint8)
        >>> [[view.size for view in views(np.tile(one, (n, n)))] for n in (27, 100, 300, 1024)]
        [[64], [224, 128], [224, 128], [224, 128]]
    """
    planes = die_planes(dies)
    looks = [(reduced(planes, block), block) for block in blocks(dies.shape)]
    return [View(cells, working_size(cells.shape[1:]), block) for cells, block in looks]


def fuse(parts: list[View], logits: list[NDArray[np.float32]], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Put the logits of a wafer's views together.

    Args:
        parts: the views, fine first.
        logits: float32 (8, h, w) of each view, on its cells.
        shape: (H, W) of the die grid.

    Returns:
        float32 (8, H, W)
    """
    return weigh([_spread(seen, view.block, shape) for view, seen in zip(parts, logits, strict=True)])


def weigh(answers: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Put answers (8, ...) of the views, fine first, together by the share of each class."""
    fine, *coarse = answers
    if not coarse:
        return fine
    share = np.array([FINE_SHARE.get(key, FINE_SHARE_OTHER) for key in CLASS_KEYS], dtype=np.float32)
    share = share.reshape(-1, *[1] * (fine.ndim - 1))
    fused: NDArray[np.float32] = share * fine + (1 - share) * coarse[0]
    return fused


def _spread(cells: NDArray[np.float32], block: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Give every die the value of its cell."""
    if block == 1:
        return cells
    return cells.repeat(block, axis=1).repeat(block, axis=2)[:, : shape[0], : shape[1]]
