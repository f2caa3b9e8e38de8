"""Which dies exist: grids of many sizes, flats, notches, edge exclusion and untested dies."""

import numpy as np
from numpy.typing import NDArray

from data.wafer import OFF_WAFER, PASS

COMMON_SIDES = (25, 26, 27, 29, 33, 38, 42, 44, 52, 57)


def draw_outline(rng: np.random.Generator, shortest: int = 20, longest: int = 210) -> NDArray[np.uint8]:
    """Draw an all-passing wafer.

    Args:
        rng: source of randomness.
        shortest: fewest dies across.
        longest: most dies across.

    Returns:
        uint8 (H, W) of 0 and 1.
    """
    common = [side for side in COMMON_SIDES if shortest <= side <= longest]
    if common and rng.random() < 0.5:
        across = int(rng.choice(common))
    else:
        across = round(float(np.exp(rng.uniform(np.log(shortest), np.log(longest)))))
    other = across if rng.random() < 0.3 else max(shortest, round(across * rng.uniform(0.62, 1.0)))
    height, width = (across, other) if rng.random() < 0.5 else (other, across)
    dies = round_wafer(height, width, exclusion=float(rng.uniform(-0.01, 0.03)))
    if rng.random() < 0.3:
        _cut_flat(rng, dies)
    if rng.random() < 0.25:
        _drop_untested(rng, dies)
    return dies


def round_wafer(height: int, width: int, exclusion: float = 0.0) -> NDArray[np.uint8]:
    """Return the dies whose centre lies within the wafer less an edge exclusion (share of the radius), uint8 (H, W)."""
    rows = (np.arange(height) + 0.5) / height * 2 - 1
    columns = (np.arange(width) + 0.5) / width * 2 - 1
    inside = np.hypot(rows[:, None], columns[None, :]) <= 1.0 - exclusion
    return np.where(inside, PASS, OFF_WAFER).astype(np.uint8)


def _cut_flat(rng: np.random.Generator, dies: NDArray[np.uint8]) -> None:
    lines = max(1, round(dies.shape[0] * rng.uniform(0.01, 0.05)))
    side = rng.integers(4)
    view = (dies, dies[::-1], dies.T, dies.T[::-1])[side]
    view[:lines] = OFF_WAFER


def _drop_untested(rng: np.random.Generator, dies: NDArray[np.uint8]) -> None:
    """Take out test sites at fixed places or a few dies that the prober skipped."""
    if rng.random() < 0.5:
        rows = (dies.shape[0] * np.array([0.25, 0.5, 0.75])).astype(int)
        columns = (dies.shape[1] * np.array([0.3, 0.5, 0.7])).astype(int)
        dies[np.ix_(rows[rng.random(3) < 0.6], columns[rng.random(3) < 0.6])] = OFF_WAFER
    else:
        dies[rng.random(dies.shape) < rng.uniform(0.001, 0.02)] = OFF_WAFER
