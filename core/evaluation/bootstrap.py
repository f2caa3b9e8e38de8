"""How far a score could be off by which wafers were looked at: wafers are drawn again, with replacement."""

import numpy as np
from numpy.typing import NDArray

from core.evaluation.metrics import Counts

RESAMPLES = 1000
LEVEL = 0.95
SEED = 20261123
_AT_ONCE = 50  # resamples whose weights stand in memory: 50 x 12,000 wafers are 5 MB


def iou_interval(counts: Counts, resamples: int = RESAMPLES, seed: int = SEED) -> NDArray[np.float64]:
    """Return the 95 % intervals of `iou_over_dies` by class, and of their mean.

    Wafers are drawn, not dies: the dies of a wafer are right or wrong together. A class that no draw holds is NaN.

    Args:
        counts: of N wafers.
        resamples: how often they are drawn anew.
        seed: of the draws.

    Returns:
        float64 (9, 2): low and high, the mean over classes last.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, percentile interval.

    Example:
        >>> one = np.ones((4, 8), dtype=np.int64)
        >>> iou_interval(Counts(hit=2 * one, wrong=one, missed=one))[0].tolist()
        [0.5, 0.5]
    """
    return _interval(counts.hit, counts.hit + counts.wrong + counts.missed, resamples, seed)


def f1_interval(
    truth: NDArray[np.float32], reported: NDArray[np.bool_], resamples: int = RESAMPLES, seed: int = SEED
) -> NDArray[np.float64]:
    """Return the 95 % intervals of the F1 of class presence by class, and of their mean.

    Args:
        truth: float32 (N, 8): 1 there, 0 not, NaN unknown.
        reported: bool (N, 8).
        resamples: how often the wafers are drawn anew.
        seed: of the draws.

    Returns:
        float64 (9, 2): low and high, the mean over classes last; NaN for a class that no wafer shows.
    """
    there, said = truth == 1, reported & ~np.isnan(truth)
    shown = there.any(axis=0)
    return _interval(2 * (there & said & shown), (there.astype(np.int64) + said) * shown, resamples, seed)


def iou_change(before: Counts, now: Counts, resamples: int = RESAMPLES, seed: int = SEED) -> NDArray[np.float64]:
    """Return the 95 % interval of how far `iou_over_dies` moved between two sets of wafers, column by column.

    Args:
        before: of the first wafers, (N, C).
        now: of the others, (M, C).
        resamples: how often both are drawn anew, each by itself.
        seed: of the draws.

    Returns:
        float64 (C, 2): low and high of now less before; NaN where either has no die of the column.
    """
    sides = [
        _drawn(one.hit, one.hit + one.wrong + one.missed, resamples, seed + place)[:, : one.hit.shape[1]]
        for place, one in enumerate((before, now))
        if len(one.hit)
    ]
    if len(sides) < 2:
        return np.full((before.hit.shape[1], 2), np.nan)
    return _percentiles((sides[1] - sides[0]).T)


def _interval(over: NDArray[np.int64], under: NDArray[np.int64], resamples: int, seed: int) -> NDArray[np.float64]:
    """Percentile intervals of sum(over) / sum(under), columns one by one and their mean."""
    if len(over) == 0:
        return np.full((over.shape[1] + 1, 2), np.nan)
    return _percentiles(_drawn(over, under, resamples, seed).T)


def _drawn(over: NDArray[np.int64], under: NDArray[np.int64], resamples: int, seed: int) -> NDArray[np.float64]:
    """Scores of each draw, float64 (resamples, C + 1): the columns and their mean; NaN where undefined."""
    wafers = len(over)
    rng = np.random.default_rng(seed)
    drawn = []
    for start in range(0, resamples, _AT_ONCE):
        weights = rng.multinomial(wafers, np.full(wafers, 1 / wafers), size=min(_AT_ONCE, resamples - start))
        top, bottom = weights @ over, weights @ under
        drawn.append(np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0))
    scores = np.concatenate(drawn)
    defined = ~np.isnan(scores)
    means = np.divide(
        np.nansum(scores, axis=1), defined.sum(axis=1), out=np.full(len(scores), np.nan), where=defined.any(axis=1)
    )
    return np.column_stack([scores, means])


def _percentiles(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    tails = (1 - LEVEL) / 2, (1 + LEVEL) / 2
    known = [column[~np.isnan(column)] for column in columns]
    return np.array([np.quantile(c, tails) if c.size else (np.nan, np.nan) for c in known])
