"""How many affected ones a sample shows by chance alone, going by a baseline: exact, whatever the counts.

A sample and the baseline that drew from one and the same process share out their affected ones by the hypergeometric
distribution, whatever the rate, so tails from it hold for every rate and take in that the baseline itself is a sample:
of 0 in 250 nobody knows whether the rate is 0 or 1 %. No normal curve is used but to name how rare a tail is.

Source: Thatcher, Relationships between Bayesian and confidence limits for predictions, J. R. Stat. Soc. B 26, 1964.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Reals = NDArray[np.float64]
Counts = NDArray[np.int64]


def draw_limits(sizes: Counts, baseline: tuple[int, int], sigma: float = 3.0) -> tuple[Reals, Reals]:
    """Find between which shares samples stay, but for tails as rare as those of a normal curve beyond some sigma.

    A limit lies half a count beyond the last count within it, so that no limit coincides with a possible share and
    the two never meet.

    Args:
        sizes: of the samples, at least 1 each.
        baseline: affected ones in the baseline, and of how many.
        sigma: how rare a tail is; 3 is 0.135 % on each side.

    Returns:
        Lower and upper limits, 0 to 1.

    Example:
        >>> low, high = draw_limits(np.array([25]), (0, 250))
        >>> low.tolist(), high.tolist()
        ([0.0], [0.1])
    """
    affected, of = baseline
    most = _last_within(sizes, baseline, sigma)
    least = sizes - _last_within(sizes, (of - affected, of), sigma)
    return np.maximum((least - 0.5) / sizes, 0.0), np.minimum((most + 0.5) / sizes, 1.0)


def draw_scores(shares: Reals, sizes: Counts, baseline: tuple[int, int]) -> Reals:
    """Say how far out samples lie: by so many sigma of a normal curve whose tail is as rare as theirs.

    Args:
        shares: affected of each sample, 0 to 1; what is no whole count is rounded, halves inwards.
        sizes: of the samples.
        baseline: affected ones in the baseline, and of how many.

    Returns:
        Above 0 for shares so high that less than half of all samples reach them, below 0 for as low ones, else 0.

    Example:
        >>> draw_scores(np.array([0.0, 0.04, 0.12]), np.array([25, 25, 25]), (0, 250)).round(2).tolist()
        [0.0, 1.34, 3.21]
    """
    affected, of = baseline
    counts = shares * sizes
    high = _tail(np.ceil(counts - 0.5 - 1e-9).astype(np.int64), sizes, baseline)
    low = _tail(sizes - np.floor(counts + 0.5 + 1e-9).astype(np.int64), sizes, (of - affected, of))
    scores: Reals = np.maximum(stats.norm.isf(high), 0.0) - np.maximum(stats.norm.isf(low), 0.0)
    return scores


def _tail(counts: Counts, sizes: Counts, baseline: tuple[int, int]) -> Reals:
    """Chance of at least so many affected in a sample, where baseline and sample together have so many."""
    affected, of = baseline
    tail: Reals = np.asarray(stats.hypergeom.sf(counts - 1, of + sizes, affected + counts, sizes), dtype=np.float64)
    return np.clip(tail, 0.0, 1.0)


def _last_within(sizes: Counts, baseline: tuple[int, int], sigma: float) -> Counts:
    """Largest count whose upper tail is no rarer than beyond so many sigma, by halving: tails fall with counts."""
    rare = stats.norm.sf(sigma)
    within, beyond = np.zeros_like(sizes), sizes + 1
    while (beyond - within > 1).any():
        middle = (within + beyond) // 2
        fits = _tail(middle, sizes, baseline) >= rare
        within, beyond = np.where(fits, middle, within), np.where(fits, beyond, middle)
    return within
