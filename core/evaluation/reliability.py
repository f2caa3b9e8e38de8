"""Do probabilities mean shares? What was said in bins, against how often it was so."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from data.classes import CLASS_COUNT

BINS = 10


def _table() -> NDArray[np.float64]:
    return np.zeros((CLASS_COUNT, BINS))


@dataclass(frozen=True, eq=False)
class Reliability:
    """Probabilities of each class in ten equal bins, filled wafer by wafer.

    Args:
        count: float64 (8, 10), how many probabilities fell into each bin.
        said: float64 (8, 10), their sum.
        true: float64 (8, 10), how many of them were true.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.

    Example:
        >>> bins = Reliability()
        >>> bins.add(np.full((8, 4), 0.75), np.tile([True, True, True, False], (8, 1)))
        >>> bins.expected_error()[0]
        np.float64(0.0)
    """

    count: NDArray[np.float64] = field(default_factory=_table)
    said: NDArray[np.float64] = field(default_factory=_table)
    true: NDArray[np.float64] = field(default_factory=_table)

    def add(self, probabilities: NDArray[np.floating], truth: NDArray[np.bool_], known: object = True) -> None:
        """Count some more.

        Args:
            probabilities: (8, n), 0 to 1.
            truth: bool (8, n).
            known: bool that broadcasts to (8, n); what nobody knows is not counted.
        """
        places = np.minimum((probabilities * BINS).astype(np.intp), BINS - 1)
        weight = np.broadcast_to(np.asarray(known, dtype=np.float64), truth.shape)
        for k in range(CLASS_COUNT):
            for table, values in (
                (self.count, weight[k]),
                (self.said, weight[k] * probabilities[k]),
                (self.true, weight[k] * truth[k]),
            ):
                table[k] += np.bincount(places[k], weights=values, minlength=BINS)

    def expected_error(self) -> NDArray[np.float64]:
        """Mean gap between what was said and what was so, weighed by how often it was said, (8,); NaN without any."""
        gaps = np.abs(self.said - self.true).sum(axis=1)
        total = self.count.sum(axis=1)
        undefined = np.full(CLASS_COUNT, np.nan)
        error: NDArray[np.float64] = np.divide(gaps, total, out=undefined, where=total > 0)
        return error
