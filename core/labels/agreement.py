"""How far two labels of one wafer agree: shared dies over all dies that either holds, by class and overall."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import LabelError

LEAST_AGREEMENT = 0.85
"""Overall IoU below which two labels go to review."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far two labels agree, 0 to 1.

    Args:
        iou: float64 (8,), intersection over union of each class's dies; NaN where neither label has the class.
        dice: float64 (8,), twice the intersection over the sum of both; NaN likewise.
        overall_iou: over the dies of all classes pooled; 1 where both labels are empty: they agree on no defect.
        overall_dice: likewise.
    """

    iou: NDArray[np.float64]
    dice: NDArray[np.float64]
    overall_iou: float
    overall_dice: float

    @property
    def sufficient(self) -> bool:
        """Whether no review is needed."""
        return self.overall_iou >= LEAST_AGREEMENT


def agreement(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> Agreement:
    """Compare two labels of one wafer.

    Args:
        one: bool (8, H, W).
        other: of the same shape.

    Raises:
        LabelError: they are of different grids.

    Example:
        >>> a, b = np.zeros((2, 8, 1, 4), dtype=bool)
        >>> a[0, 0, :3] = b[0, 0, 1:] = True
        >>> found = agreement(a, b)
        >>> found.overall_iou, round(found.overall_dice, 3), found.sufficient
        (0.5, 0.667, False)
    """
    if one.shape != other.shape:
        raise LabelError("agreement", f"one label is {one.shape}, the other {other.shape}", "Compare labels of a grid.")
    shared = (one & other).sum(axis=(1, 2))
    both = one.sum(axis=(1, 2)) + other.sum(axis=(1, 2))
    return Agreement(
        iou=_divide(shared, both - shared),
        dice=_divide(2 * shared, both),
        overall_iou=_overall(int(shared.sum()), int((both - shared).sum())),
        overall_dice=_overall(2 * int(shared.sum()), int(both.sum())),
    )


def _overall(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _divide(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = np.divide(part, whole, out=np.full(len(part), math.nan), where=whole > 0)
    return shares
