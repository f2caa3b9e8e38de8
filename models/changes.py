"""How training changes wafers by chance: what they show stays, and where and on which die grid it shows does not."""

import numpy as np
from numpy.typing import NDArray

from data.turning import Grid, resized, symmetry, turn, turn_sources

TURNED = 0.4
"""Share of the wafers turned by any angle; all are flipped or turned by quarters."""
STRETCH = (0.85, 1.18)
"""Factors between which a grid of another shape is as long as the wafer's own."""


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
