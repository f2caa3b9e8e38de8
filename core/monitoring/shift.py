"""How far two groups of wafers differ, in one measure or in what they look like; lots, not wafers, are shuffled."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Statistic = Callable[[NDArray[np.bool_]], NDArray[np.float64]]
SHUFFLES = 499
SEED = 20261123
BINS = 10
MOVED, SHIFTED = 0.1, 0.25
"""Population stability index from which a measure is said to have moved a little, and a lot: the usual thumb rule."""
SURE = 0.05
LEAST_LOTS, LEAST_TOGETHER = 3, 7
"""With fewer lots on a side, or on both together, no shuffling could tell a shift from chance: of three against three
there are twenty, each as far apart as the one that swaps the sides, so that p is never below a tenth."""


@dataclass(frozen=True)
class Shift:
    """How far two groups differ.

    Args:
        size: 0: not at all; a population stability index, or an energy distance from 0 to 1.
        p: share of the shufflings of lots that differ at least as far; NaN of too few lots, as `tellable` says.
    """

    size: float
    p: float

    @property
    def sure(self) -> bool:
        """Whether it is more than chance."""
        return self.p < SURE


def tellable(reference: int, recent: int) -> bool:
    """Return whether so many lots on either side could show a shift to be more than chance.

    Example:
        >>> tellable(3, 3), tellable(3, 4), tellable(2, 40)
        (False, True, False)
    """
    return min(reference, recent) >= LEAST_LOTS and reference + recent >= LEAST_TOGETHER


def value_shift(reference: ArrayLike, recent: ArrayLike, lots: tuple[ArrayLike, ArrayLike]) -> Shift:
    """Compare a measure by the population stability index over the deciles of the reference.

    PSI = sum((p - q) ln(p / q)), p and q the shares of a bin, half a wafer added to each so that none is empty.
    p as `look_shift` gives it, which sees shifts that bins blur.

    Args:
        reference: values of the wafers to compare with.
        recent: values of the others.
        lots: names of the lots of both.

    Source: Siddiqi, "Credit Risk Scorecards", 2006.

    Example:
        >>> same = value_shift([1, 2, 3, 4], [1, 2, 3, 4], (list("abcd"), list("efgh")))
        >>> same.size, same.p
        (0.0, 1.0)
    """
    old, new = np.asarray(reference, dtype=np.float64), np.asarray(recent, dtype=np.float64)
    edges = np.unique(np.quantile(old, np.linspace(0, 1, BINS + 1)[1:-1]))
    bins = [np.digitize(side, edges, right=True) for side in (old, new)]
    return Shift(_stability(bins[0], bins[1], len(edges) + 1), look_shift(old[:, None], new[:, None], lots).p)


def kind_shift(reference: ArrayLike, recent: ArrayLike, lots: tuple[ArrayLike, ArrayLike]) -> Shift:
    """Compare shares of kinds, such as products, as `value_shift` does; every kind is a bin."""
    kinds, bins = np.unique(np.concatenate([np.asarray(reference), np.asarray(recent)]), return_inverse=True)
    old, new = np.split(bins, [len(np.asarray(reference))])
    each = np.eye(len(kinds))
    return Shift(_stability(old, new, len(kinds)), look_shift(each[old], each[new], lots).p)


def look_shift(
    reference: NDArray[np.floating[Any]], recent: NDArray[np.floating[Any]], lots: tuple[ArrayLike, ArrayLike]
) -> Shift:
    """Compare what wafers look like by the energy distance of their embeddings, 0 to 1.

    H = (2 A - B - C) / (2 A): A the mean distance from one group to the other, B and C within them. It is 0 only where
    both are spread alike, and needs no width of a kernel to be chosen. p by shuffling lots: the wafers of a lot share
    their fate.

    Args:
        reference: (N, D).
        recent: (M, D).
        lots: names of the lots of both.

    Source: Szekely and Rizzo, "Energy statistics", Journal of Statistical Planning and Inference 143, 2013.
    """
    both = np.concatenate([reference, recent]).astype(np.float64)
    squares = (both**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * both @ both.T, 0))
    np.fill_diagonal(distances, 0)
    units, is_recent = _units(lots)
    belongs = (units[:, None] == np.arange(len(is_recent))).astype(np.float64)
    between, sizes = belongs.T @ distances @ belongs, belongs.sum(axis=0)

    def coefficient(chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        new = chosen.astype(np.float64)
        old = 1 - new
        n, m = old @ sizes, new @ sizes
        across, within_old, within_new = (
            np.einsum("si,ij,sj->s", one, between, other, optimize=True) / (a * b)
            for one, other, a, b in ((old, new, n, m), (old, old, n, n), (new, new, m, m))
        )
        rise = 2 * across - within_old - within_new
        found: NDArray[np.float64] = np.divide(rise, 2 * across, out=np.zeros_like(rise), where=across > 0)
        return found

    return _shuffled(coefficient, is_recent)


def _stability(old: NDArray[np.intp], new: NDArray[np.intp], count: int) -> float:
    q, p = ((np.bincount(side, minlength=count) + 0.5) / (len(side) + 0.5 * count) for side in (old, new))
    return float(((p - q) * np.log(p / q)).sum())


def _units(lots: tuple[ArrayLike, ArrayLike]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Number the lots of both sides (one on both sides is two), and say which are recent."""
    old, at_old = np.unique(np.asarray(lots[0], dtype=str), return_inverse=True)
    new, at_new = np.unique(np.asarray(lots[1], dtype=str), return_inverse=True)
    return np.concatenate([at_old, at_new + len(old)]), np.arange(len(old) + len(new)) >= len(old)


def _shuffled(statistic: Statistic, is_recent: NDArray[np.bool_]) -> Shift:
    size = float(statistic(is_recent[None])[0])
    if not tellable(int((~is_recent).sum()), int(is_recent.sum())):
        return Shift(size, float("nan"))
    rng = np.random.default_rng(SEED)
    others = statistic(rng.permuted(np.tile(is_recent, (SHUFFLES, 1)), axis=1))
    return Shift(size, float((1 + (others >= size - 1e-12).sum()) / (1 + SHUFFLES)))
