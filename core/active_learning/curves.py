"""Learning curves as numbers: their area, what apart they are by chance, how many labels are enough, when to stop."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
LEAST_GAIN = 0.02
"""A round that gained less is the last one (FR-002)."""


@dataclass(frozen=True)
class PairedDifference:
    """A paired difference with its 95 % interval.

    Args:
        mean: of the pairs.
        low: bound of the interval.
        high: bound of the interval.
    """

    mean: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class StopAdvice:
    """Whether another round is worth it.

    Args:
        go_on: it is.
        text: in words.
    """

    go_on: bool
    text: str


def area(labels: Sequence[int], scores: NDArray[np.floating] | Sequence[float]) -> float:
    """Return the area under a learning curve, divided by its width: the mean score over it; of one point its score.

    Example:
        >>> area([10, 20, 40], [0.0, 1.0, 1.0]), area([10], [0.5])
        (0.8333333333333334, 0.5)
    """
    if len(labels) == 1:
        return float(scores[0])
    return float(np.trapezoid(scores, labels) / (labels[-1] - labels[0]))


def interval(values: NDArray[np.floating], seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of a mean by bootstrap over the values; NaN of fewer than two, which say nothing of it.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, percentile method.
    """
    if len(values) < 2:
        return math.nan, math.nan
    draws = np.random.default_rng(seed).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.percentile(np.asarray(values)[draws].mean(axis=1), (2.5, 97.5))
    return float(low), float(high)


def band(rows: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean curve of an arm and the bounds of its 95 % interval over seeds.

    Args:
        rows: (seeds, measurements).
    """
    bounds = np.array([interval(column) for column in rows.T])
    return np.asarray(rows.mean(axis=0), dtype=np.float64), bounds[:, 0], bounds[:, 1]


def paired_difference(ours: NDArray[np.floating], theirs: NDArray[np.floating]) -> PairedDifference:
    """Compare two arms seed by seed: the same wafers, the same start, so that luck falls out.

    Args:
        ours: one number a seed.
        theirs: the same seeds.
    """
    apart = np.asarray(ours) - np.asarray(theirs)
    return PairedDifference(float(apart.mean()), *interval(apart))


def labels_to_reach(labels: Sequence[int], scores: NDArray[np.floating] | Sequence[float], goal: float) -> float | None:
    """Return the number of labels at which a curve first reaches a score, None where it never does.

    Example:
        >>> labels_to_reach([10, 20, 30], [0.2, 0.6, 0.7], 0.4), labels_to_reach([10, 20], [0.2, 0.6], 0.9)
        (15.0, None)
    """
    if scores[0] >= goal:
        return float(labels[0])
    for n in range(1, len(labels)):
        if scores[n] >= goal:
            share = (goal - scores[n - 1]) / (scores[n] - scores[n - 1])
            return float(labels[n - 1] + share * (labels[n] - labels[n - 1]))
    return None


def stop_advice(scores: Sequence[float]) -> StopAdvice:
    """Return whether to label on, by what the last round gained.

    Args:
        scores: 0 to 1, one a round, oldest first.

    Example:
        >>> stop_advice([0.60, 0.70]).text
        'Continue: the last round gained 10.0 points.'
        >>> stop_advice([0.60, 0.61]).text
        'Stop: the last round gained 1.0 points, less than 2.'
    """
    if len(scores) < 2:
        return StopAdvice(True, "Continue: two trained rounds are needed before a gain can be told.")
    gain = scores[-1] - scores[-2]
    if gain < LEAST_GAIN - 1e-12:
        return StopAdvice(
            False, f"Stop: the last round gained {100 * gain:.1f} points, less than {100 * LEAST_GAIN:.0f}."
        )
    return StopAdvice(True, f"Continue: the last round gained {100 * gain:.1f} points.")
