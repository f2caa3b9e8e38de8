"""How training changes wafers by chance: what they show stays, and where and on which die grid it shows does not."""

import numpy as np
from numpy.typing import NDArray

from data.turning import Grid, overlaid, resized, symmetry, turn, turn_sources
from data.wafer import FAIL

TURNED = 0.4
"""Share of the wafers turned by any angle; all are flipped or turned by quarters."""
STRETCH = (0.85, 1.18)
"""Factors between which a grid of another shape is as long as the wafer's own."""
CROWDED = 0.3
"""Share of the dies from which a wafer's failures hide what another's, laid over them, would show."""


def turned(rng: np.random.Generator, dies: Grid) -> Grid:
    """Turn and flip a wafer."""
    if rng.random() < TURNED:
        dies = turn(dies, float(rng.uniform(0, 2 * np.pi)))
    return np.ascontiguousarray(symmetry(dies, int(rng.integers(8))))


def turned_with(rng: np.random.Generator, dies: Grid, masks: NDArray[np.bool_]) -> tuple[Grid, NDArray[np.bool_]]:
    """Turn and flip a wafer and its masks alike."""
    if rng.random() < TURNED:
        rows, columns = turn_sources(dies, float(rng.uniform(0, 2 * np.pi)))
        dies, masks = dies[rows, columns], masks[:, rows, columns]
    k = int(rng.integers(8))
    return np.ascontiguousarray(symmetry(dies, k)), np.ascontiguousarray(symmetry(masks, k))


def stretched(rng: np.random.Generator, dies: Grid, shortest: int, longest: int) -> Grid:
    """Stretch each axis by itself, to no more than `longest` dies and no fewer than `shortest` where it has as many."""
    now = np.array(dies.shape)
    height, width = np.rint(now * rng.uniform(*STRETCH, 2)).clip(np.minimum(now, shortest), longest).astype(int)
    return resized(dies, (height, width))


def joined(
    dies: Grid, presence: NDArray[np.float32], other: Grid, other_presence: NDArray[np.float32]
) -> tuple[Grid, NDArray[np.float32]]:
    """Let a wafer fail where another does, too, and show what either shows; a crowded one stays as it is.

    Args:
        dies: uint8 (H, W).
        presence: float32 (8,) of 0, 1, NaN where nobody knows.
        other: uint8 of any shape.
        other_presence: as `presence`.

    Source: after Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018; failures add up, so labels do.
    """
    if any(np.count_nonzero(one == FAIL) > CROWDED * np.count_nonzero(one) for one in (dies, other)):
        return dies, presence
    either = np.where((presence == 1) | (other_presence == 1), np.float32(1), presence + other_presence)
    return overlaid(dies, other), either
