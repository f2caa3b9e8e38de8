"""Learning curves as numbers: their area, what apart they are by chance, how many labels are enough, when to stop."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.statistics.significance import holm, t_interval

SURE = 0.05
LEAST_GAIN = 0.02
"""A round that gained less is the last one (FR-002)."""


@dataclass(frozen=True)
class PairedDifference:
    """A paired difference with its 95 % interval.

    Args:
        mean: of the pairs.
        low: bound of the interval.
        high: bound of the interval.
        p: of no difference; corrected for all comparisons that are looked at together, where `together` did so.
    """

    mean: float
    low: float
    high: float
    p: float

    @property
    def certain(self) -> bool:
        """Whether it is more than chance; where p is corrected, the interval may leave out zero and it be chance."""
        return self.p < SURE


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


def band(rows: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean curve of an arm and the bounds of its 95 % interval over seeds.

    Args:
        rows: (seeds, measurements).
    """
    found = [t_interval(column) for column in rows.T]
    mean, low, high = (np.array([getattr(one, name) for one in found]) for name in ("change", "low", "high"))
    return mean, low, high


def paired_difference(ours: NDArray[np.floating], theirs: NDArray[np.floating]) -> PairedDifference:
    """Compare two arms seed by seed by the paired t: the same wafers, the same start, so that luck falls out.

    Args:
        ours: one number a seed.
        theirs: the same seeds.
    """
    found = t_interval(np.asarray(ours) - np.asarray(theirs))
    return PairedDifference(found.change, found.low, found.high, found.p)


def together(found: Sequence[PairedDifference]) -> list[PairedDifference]:
    """Correct the p-values of differences that are looked at together, by Holm's procedure; intervals stay."""
    return [replace(one, p=float(p)) for one, p in zip(found, holm([one.p for one in found]), strict=True)]


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
