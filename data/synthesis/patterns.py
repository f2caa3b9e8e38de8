"""The eight patterns as failure rates: a die with rate p fails with probability p because of the pattern.

Each function takes the random source and the frame and gives float32 (H, W), 0 outside the pattern. What they look like
follows the definitions in `data.classes`.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from data.synthesis.frame import Field, Frame, arc, smooth_noise, wobble
from data.synthesis.scratches import scratch

LEAST_RATE = 0.15


def edge(rng: np.random.Generator, frame: Frame) -> Field:
    """Draw a band or one to three arcs at the rim; arcs may bulge inwards."""
    depth = rng.uniform(1.1, 2.0) * frame.die + abs(rng.normal(0, 0.05))
    if rng.random() < 0.5:
        band = frame.radius > 1 - depth * wobble(rng, frame.angle, 0.25)
        return _dense(rng, band, 0.65)
    inside = np.zeros(frame.dies.shape, dtype=bool)
    for _ in range(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1])):
        middle, span = (
            rng.uniform(0, 2 * np.pi),
            rng.uniform(0.25, 3.4) if rng.random() < 0.6 else rng.uniform(0.2, 0.9),
        )
        away = np.abs(np.mod(frame.angle - middle + np.pi, 2 * np.pi) - np.pi) / (span / 2)
        bulge = depth + rng.uniform(0, 0.28) * (1 - np.clip(away, 0, 1) ** 2)
        inside |= (away <= 1) & (frame.radius > 1 - bulge * wobble(rng, frame.angle, 0.12))
    return _dense(rng, inside, 0.6)


def center(rng: np.random.Generator, frame: Frame) -> Field:
    """Draw a blob near the middle, dense inside, thinning outwards."""
    distance, angle = frame.seen_from(*rng.normal(0, 0.07, 2))
    radius = max(1.3 * frame.die, rng.uniform(0.07, 0.42) if rng.random() < 0.7 else rng.uniform(0.05, 0.18))
    return _blob(rng, distance, angle, radius)


def ring(rng: np.random.Generator, frame: Frame) -> Field:
    """Draw an annulus, whole or in part, maybe off-centre."""
    distance, angle = frame.seen_from(*rng.normal(0, 0.1, 2))
    inner = rng.uniform(0.12, 0.62)
    width = max(1.6 * frame.die, rng.uniform(0.08, 0.34))
    uneven = wobble(rng, angle, 0.07)
    inside = (distance > inner * uneven) & (distance < (inner + width) * uneven) & (frame.radius < 0.93)
    if rng.random() < 0.45:
        inside &= arc(angle, rng.uniform(0, 2 * np.pi), rng.uniform(2.2, 5.6))
    return _dense(rng, inside, 0.5)


def particle(rng: np.random.Generator, frame: Frame) -> Field:
    """Draw one to three compact clusters away from the middle and the rim."""
    rate = np.zeros(frame.dies.shape, dtype=np.float32)
    for _ in range(rng.choice([1, 2, 3], p=[0.75, 0.18, 0.07])):
        place, turn = rng.uniform(0.28, 0.8), rng.uniform(0, 2 * np.pi)
        dx, dy = frame.x - place * np.sin(turn), frame.y - place * np.cos(turn)
        slant, longer = rng.uniform(0, np.pi), rng.uniform(1.0, 2.4)
        along, across = dx * np.cos(slant) + dy * np.sin(slant), dy * np.cos(slant) - dx * np.sin(slant)
        distance, angle = np.hypot(along / longer, across), np.arctan2(along, across)
        radius = max(1.2 * frame.die, rng.uniform(0.05, 0.2))
        rate = np.maximum(rate, _blob(rng, distance, angle, radius))
    return np.where(frame.radius < 0.97, rate, 0).astype(np.float32)


def lithography(rng: np.random.Generator, frame: Frame) -> Field:
    """Let the same dies of every reticle field fail, or whole reticle shots."""
    height, width = frame.dies.shape
    most = max(3, min(10, max(height, width) // 7))
    field = rng.integers(2, most + 1, 2)
    if field.prod() < 4:
        field[:] = 2
    offset = rng.integers(0, field)
    shot_row, in_row = np.divmod(np.arange(height) + offset[0], field[0])
    shot_column, in_column = np.divmod(np.arange(width) + offset[1], field[1])
    if rng.random() < 0.6:
        inside = np.zeros((height, width), dtype=bool)
        for _ in range(1 if field.prod() < 9 or rng.random() < 0.7 else 2):
            row, column = rng.integers(0, field)
            inside |= (in_row == row)[:, None] & (in_column == column)[None, :]
        if rng.random() < 0.2:
            inside &= arc(frame.angle, rng.uniform(0, 2 * np.pi), rng.uniform(2.5, 5.0))
        return _dense(rng, inside, 0.8)
    shots = rng.random((shot_row[-1] + 1, shot_column[-1] + 1)) < rng.uniform(0.06, 0.3)
    shots[
        rng.integers(shots.shape[0] // 4, max(1, shots.shape[0] * 3 // 4) + 1) % shots.shape[0],
        rng.integers(shots.shape[1] // 4, max(1, shots.shape[1] * 3 // 4) + 1) % shots.shape[1],
    ] = True
    return _dense(rng, shots[np.ix_(shot_row, shot_column)], 0.8)


def etching(rng: np.random.Generator, frame: Frame) -> Field:
    """Let the failure rate climb broadly towards one side or one quadrant."""
    turn, start = rng.uniform(0, 2 * np.pi), rng.uniform(-0.35, 0.3)
    along = frame.x * np.sin(turn) + frame.y * np.cos(turn)
    climb = np.clip((along - start) / (1 - start), 0, 1)
    if rng.random() < 0.35:
        side = frame.x * np.cos(turn) - frame.y * np.sin(turn)
        climb *= np.clip(1.1 - np.abs(side) * rng.uniform(0.6, 1.2), 0, 1)
    rate = climb ** rng.uniform(0.5, 1.1) * rng.uniform(0.65, 1.1) * (1 + 0.1 * smooth_noise(rng, frame))
    return _cut(np.clip(rate, 0, 0.97))


def random(rng: np.random.Generator, frame: Frame) -> Field:
    """Let dies fail all over the wafer, with slow unevenness."""
    level = rng.uniform(0.28, 0.62)
    return np.asarray(np.clip(level * (1 + 0.18 * smooth_noise(rng, frame)), 0.2, 0.9), dtype=np.float32)


def near_full(rng: np.random.Generator, frame: Frame) -> Field:
    """Let nearly every die fail, maybe sparing one side: the extreme of `random`."""
    rate = np.full(frame.dies.shape, rng.uniform(0.82, 0.99), dtype=np.float32)
    if rng.random() < 0.5:
        turn = rng.uniform(0, 2 * np.pi)
        along = frame.x * np.sin(turn) + frame.y * np.cos(turn)
        rate = np.where(along > rng.uniform(0.4, 0.9), rng.uniform(0.2, 0.6), rate)
    return rate.astype(np.float32)


PATTERNS: dict[str, Callable[[np.random.Generator, Frame], Field]] = {
    "edge": edge,
    "center": center,
    "ring": ring,
    "scratch": scratch,
    "particle": particle,
    "lithography": lithography,
    "etching": etching,
    "random": random,
}


def _dense(rng: np.random.Generator, inside: np.ndarray, least: float) -> Field:
    """Fill a region with one failure rate between `least` and 1, often near 1."""
    rate = least + (1 - least) * rng.beta(1.6, 0.8)
    return np.where(inside, rate, 0).astype(np.float32)


def _blob(rng: np.random.Generator, distance: Field, angle: Field, radius: float) -> Field:
    """Fill a wobbly disc, flat inside and thinning over its outer part."""
    share = distance / (radius * wobble(rng, angle, 0.15))
    solid = rng.uniform(0.4, 1.0)
    peak = rng.uniform(0.7, 1.0)
    return _cut(peak * np.clip((1.25 - share) / (1.25 - solid), 0, 1) * (share < 1.15))


def _cut(rate: NDArray[np.floating]) -> Field:
    """Return up the faint outskirts, where nobody could tell the pattern from background."""
    return np.where(rate >= LEAST_RATE, rate, 0).astype(np.float32)
