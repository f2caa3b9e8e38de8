"""The lattice of dies in a picture that shows more than dies: free in pitch and place, with or without gaps.

A drawing of dies changes at the sides of its dies, so along each axis its changes gather at equal distances; rims,
letters and noise change everywhere a little. The lattice is the widest one that takes up nearly all that gathers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Numbers = NDArray[np.float64]
Labels = NDArray[np.uint8]
_LOCAL = 15
_QUARTER = 25
_LEAST_SHARE = 0.02
_LEAST_EDGES, _LEAST_DIES = 6, 5
_CANDIDATES = 8
_PEAK = 0.25
_EXPLAINED = 0.9
_GATHERS = 0.3
_SIDE_PX = 10
SHARP, SMOOTHED = 1.6, 3.4
_MAX_GAP = 0.4
_MAX_CHANCE = 1e-3
_SLACK = 0.3
_FINEST = 1.5
_FINE_STEPS = 6
_NOISE = 4
_GAP = 0.75
_BIN = 0.1
_ENDS = 0.025


@dataclass(frozen=True)
class Lattice:
    """Dies along one axis, in pixels.

    Args:
        pitch: from one die to the next.
        start: where some die begins.
        gap: pixels between two dies.
        explained: share of the gathered changes that lie on sides of dies.
    """

    pitch: float
    start: float
    gap: float
    explained: float

    def spans(self, first: int, end: int) -> NDArray[np.intp]:
        """First pixel and the one after the last of every die from one pixel to another, (n, 2)."""
        low = int(np.floor((first - self.start) / self.pitch + _SLACK))
        high = int(np.ceil((end + self.gap - self.start) / self.pitch - _SLACK))
        begins = np.arange(low, max(high, low + 1)) * self.pitch + self.start
        spans = np.stack([np.rint(begins), np.rint(begins + self.pitch - self.gap)], axis=1).astype(np.intp)
        spans = np.clip(spans, first, end)
        return np.asarray(spans[spans[:, 1] > spans[:, 0]])


def looks_drawn(changes: NDArray[np.intp]) -> bool:
    """Whether changes along an axis gather at many places of few pixels each, as sides of dies larger than a pixel."""
    at, weights = _gathered(changes)
    at, weights = at[weights >= _SIDE_PX], weights[weights >= _SIDE_PX]
    if weights.sum() <= _GATHERS * changes.sum():
        return False
    places = 1 + np.count_nonzero(np.diff(at) > 1)
    return bool(places >= _LEAST_EDGES and len(at) <= SMOOTHED * places)


def find_lattice(changes: NDArray[np.intp], wide: float = SHARP) -> Lattice | None:
    """Find the widest lattice on which the changes along an axis lie, None where chance could have laid them so.

    Args:
        changes: (size - 1,) how many pixels differ from the one before, from the second pixel on.
        wide: over how many pixels the changes of one side spread, `SHARP` or `SMOOTHED`.
    """
    at, weights = _gathered(changes)
    if len(at) < _LEAST_EDGES:
        return None
    size = len(changes) + 1
    for lag in _lags(at, size):
        lattice = _fitted(at, weights, _refined(at, weights, lag, size, wide), size, wide)
        if lattice is not None:
            return lattice
    return None


def _gathered(changes: NDArray[np.intp]) -> tuple[Numbers, Numbers]:
    """Where changes stand out from their neighbourhood, and by how much."""
    counts = changes.astype(np.float64)
    base = ndimage.percentile_filter(counts, _QUARTER, size=_LOCAL, mode="reflect")
    excess = np.maximum(counts - base, 0)
    where = np.flatnonzero(excess >= np.maximum(max(_LEAST_SHARE * float(excess.max()), 1.0), _NOISE * np.sqrt(base)))
    return np.asarray(where + 1.0), np.asarray(excess[where], dtype=np.float64)


def _lags(at: Numbers, size: int) -> list[float]:
    """Whole distances at which many of the changes come again, the longest first."""
    edges = np.zeros(size)
    edges[at.astype(np.intp)] = 1
    spectrum = np.abs(np.fft.rfft(np.convolve(edges, [0.5, 1, 0.5], "same"), 2 * size)) ** 2
    again = np.fft.irfft(spectrum)[: size // _LEAST_DIES + 2]
    lags = np.arange(1, len(again) - 1)
    peaks = lags[(again[1:-1] >= again[:-2]) & (again[1:-1] >= again[2:]) & (lags > 1)]
    if not len(peaks):
        return []
    peaks = peaks[again[peaks] >= _PEAK * again[peaks].max()]
    best = peaks[np.argsort(-again[peaks], kind="stable")][:_CANDIDATES]
    shortest = np.sort(peaks)[:_CANDIDATES]
    return [float(lag) for lag in np.unique(np.concatenate([best, shortest]))[::-1]]


def _refined(at: Numbers, weights: Numbers, pitch: float, size: int, wide: float) -> float:
    step = pitch**2 / (12 * size)
    choices = pitch + np.arange(-1.0, 1.0 + step, step)
    choices = choices[choices > _FINEST]
    turns = np.exp(2j * np.pi * at[None, :] / choices[:, None])
    score = sum(np.abs((turns**k).sum(axis=1)) / k for k in (1, 2, 3))
    rough = float(choices[int(np.argmax(score))])
    # the best of coarse steps drifts over many dies; a straight line through them does not
    place, _ = _center(at % rough, weights, rough, wide)
    number = np.rint((at - place) / rough)
    near = np.abs(at - place - number * rough) <= max(rough / 6, wide)
    if np.ptp(number[near]) >= 2:
        rough = float(np.polyfit(number[near], at[near], 1, w=np.sqrt(weights[near]))[0])
    fine = rough + np.arange(-_FINE_STEPS, _FINE_STEPS + 1) * 0.25 * pitch / size
    tried = [choice for choice in (float(np.rint(rough)), *fine.tolist()) if choice > _FINEST]
    return max(tried, key=lambda choice: _center(at % choice, weights, choice, wide)[1], default=pitch)


def _fitted(at: Numbers, weights: Numbers, pitch: float, size: int, wide: float) -> Lattice | None:
    """The lattice of a pitch: its sides lie at one place of the period, or at two where dies are parted by gaps."""
    phase = at % pitch
    first, _ = _center(phase, weights, pitch, wide)
    near = _apart(phase, first, pitch) <= wide / 2
    total, one = weights.sum(), weights[near].sum()
    gap, start, places = 0.0, first, 1
    if one < _EXPLAINED * total or one < 0.97 * total:
        rest = np.where(near, 0, weights)
        second, _ = _center(phase, rest, pitch, wide)
        both = near | (_apart(phase, second, pitch) <= wide / 2)
        forward = (second - first) % pitch
        width = min(forward, pitch - forward)
        # both sides of a gap change alike
        if weights[both & ~near].sum() >= 0.3 * one and width <= _MAX_GAP * pitch:
            gap, near, places = width, both, 2
            start = second if forward == width else first
    elif wide == SHARP and (width := _split(phase[near], weights[near], first, pitch)) >= _GAP:
        gap, start = width, first + width / 2
    # rims and discs touch the box in flat stretches at its very ends
    inner = (at > _ENDS * size) & (at < (1 - _ENDS) * size)
    explained = float(weights[near & inner].sum() / max(float(weights[inner].sum()), 1e-9))
    share = min(1.0, places * wide / pitch)
    if explained < _EXPLAINED or size / pitch < _LEAST_DIES - 1:
        return None
    if 4 * size * share ** (np.count_nonzero(near) - places - 1) > _MAX_CHANCE:
        return None
    return Lattice(pitch, start, gap, explained)


def _split(phase: Numbers, weights: Numbers, place: float, pitch: float) -> float:
    """How far the changes before a place lie from those after it: a pixel where lines of one part dies."""
    offset = (phase - place + pitch / 2) % pitch - pitch / 2
    if not ((offset < 0).any() and (offset >= 0).any()):
        return 0.0
    before, after = (np.average(offset[side], weights=weights[side]) for side in (offset < 0, offset >= 0))
    return float(after - before) if weights[offset < 0].sum() >= 0.3 * weights.sum() else 0.0


def _center(phase: Numbers, weights: Numbers, pitch: float, wide: float) -> tuple[float, float]:
    """The place of the period around which most weight lies, and how much that is."""
    bins = max(int(np.ceil(pitch / _BIN)), 4)
    window = min(max(round(wide / pitch * bins), 1), bins)
    counted = np.bincount((phase / pitch * bins).astype(np.intp) % bins, weights, bins)
    summed = np.concatenate([[0], np.cumsum(np.concatenate([counted, counted[:window]]))])
    within = summed[window : window + bins] - summed[:bins]
    first = (int(np.argmax(within >= within.max() - 1e-9)) + window / 2) / bins * pitch
    offset = (phase - first + pitch / 2) % pitch - pitch / 2
    near = np.abs(offset) <= wide / 2 + _BIN
    middle = float(np.average(offset[near], weights=np.maximum(weights[near], 1e-9))) if near.any() else 0.0
    return (first + middle) % pitch, float(within.max())


def _apart(phase: Numbers, place: float | Numbers, pitch: float) -> Numbers:
    gone = np.abs(phase - place) % pitch
    return np.asarray(np.minimum(gone, pitch - gone))
