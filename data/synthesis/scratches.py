"""Scratches: thin curves walked over the die grid, one or two dies wide, maybe broken or in parallel strands."""

import numpy as np

from data.synthesis.frame import Field, Frame


def scratch(rng: np.random.Generator, frame: Frame) -> Field:
    """Draw a scratch and maybe one or two near-parallel companions.

    Returns:
        float32 (H, W), the failure rate along the lines, 0 elsewhere.
    """
    start_radius, start_angle = 0.95 * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
    start = np.array([start_radius * np.cos(start_angle), start_radius * np.sin(start_angle)])
    inward = np.arctan2(-start[1], -start[0]) + rng.normal(0, 0.9)
    length = rng.uniform(0.35, 1.0) if rng.random() < 0.65 else rng.uniform(0.9, 1.8)
    bend = rng.normal(0, 0.9) if rng.random() < 0.7 else rng.choice([-1, 1]) * rng.uniform(1.0, 2.6)
    rate = rng.uniform(0.72, 1.0)
    field = np.zeros(frame.dies.shape, dtype=np.float32)
    for strand in range(rng.choice([1, 2, 3, 4], p=[0.72, 0.15, 0.08, 0.05])):
        shift = rng.normal(0, 0.16, 2) if strand else 0.0
        path = _walk(rng, start + shift, inward + rng.normal(0, 0.08) * bool(strand), length, bend, frame.die)
        _stamp(rng, field, frame, path, rate)
    return field


def _walk(
    rng: np.random.Generator, start: np.ndarray, heading: float, length: float, bend: float, die: float
) -> np.ndarray:
    """Walk a smooth curve in quarter-die steps; (steps, 2) of (down, right) shares of the radius."""
    steps = max(8, round(length / (die / 4)))
    jitter = np.cumsum(rng.normal(0, 0.02, steps)) * np.sqrt(die)
    headings = heading + bend * np.linspace(0, length, steps) + jitter
    moves = np.stack([np.cos(headings), np.sin(headings)], axis=1) * (length / steps)
    return start + np.cumsum(moves, axis=0)


def _stamp(rng: np.random.Generator, field: Field, frame: Frame, path: np.ndarray, rate: float) -> None:
    """Write a path onto the grid, with gaps, and beside itself when two dies wide."""
    height, width = field.shape
    keep = np.ones(len(path), dtype=bool)
    for _ in range(rng.poisson(0.8)):
        gap = rng.integers(len(path))
        keep[gap : gap + rng.integers(3, max(4, len(path) // 6))] = False
    path = path[keep & (np.hypot(path[:, 0], path[:, 1]) < 1.02)]
    rows = np.floor((path[:, 0] + 1) / 2 * height).astype(int)
    columns = np.floor((path[:, 1] + 1) / 2 * width).astype(int)
    wide = rng.random() < 0.3 or (max(height, width) > 80 and rng.random() < 0.6)
    beside = ((0, 0), (0, 1) if rng.random() < 0.5 else (1, 0)) if wide else ((0, 0),)
    for down, right in beside:
        inside = (rows + down >= 0) & (rows + down < height) & (columns + right >= 0) & (columns + right < width)
        field[rows[inside] + down, columns[inside] + right] = rate
