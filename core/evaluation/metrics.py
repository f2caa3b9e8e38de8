"""How right masks and class presence are. Counts are added first and divided last; what is undefined is NaN."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from data.classes import CLASS_COUNT
from data.errors import WaferValueError

Masks = Sequence[NDArray[np.bool_]]
BOUNDARY_SHARE = 0.02  # of the grid's diagonal, as in Cheng et al., Boundary IoU, CVPR 2021


@dataclass(frozen=True, eq=False)
class Counts:
    """Dies of each wafer and class by what is true and what was predicted.

    Args:
        hit: int64 (N, 8), true and predicted.
        wrong: int64 (N, 8), predicted but not true.
        missed: int64 (N, 8), true but not predicted.
    """

    hit: NDArray[np.int64]
    wrong: NDArray[np.int64]
    missed: NDArray[np.int64]

    @classmethod
    def of_wafers(cls, parts: Sequence["Counts"]) -> "Counts":
        """Put counts of some wafers under one another."""
        empty = np.zeros((0, CLASS_COUNT), dtype=np.int64)
        columns = zip(*((part.hit, part.wrong, part.missed) for part in parts), strict=True)
        return cls(*(np.concatenate(column) for column in columns)) if parts else cls(empty, empty, empty)

    def take(self, rows: NDArray[np.bool_]) -> "Counts":
        """Keep the wafers that `rows`, bool (N,), says."""
        return Counts(self.hit[rows], self.wrong[rows], self.missed[rows])

    @property
    def support(self) -> NDArray[np.int64]:
        """int64 (8,): true dies of each class, over all wafers."""
        total: NDArray[np.int64] = (self.hit + self.missed).sum(axis=0)
        return total


def count(truth: Masks, predicted: Masks) -> Counts:
    """Count dies.

    Args:
        truth: masks (8, H, W) of each wafer.
        predicted: masks of the same shapes.

    Raises:
        WaferValueError: the wafers differ in number or shape, or the masks are not boolean.
    """
    _check(truth, predicted)
    rows = [
        [
            (t & p).reshape(CLASS_COUNT, -1).sum(axis=1),
            (~t & p).reshape(CLASS_COUNT, -1).sum(axis=1),
            (t & ~p).reshape(CLASS_COUNT, -1).sum(axis=1),
        ]
        for t, p in zip(truth, predicted, strict=True)
    ]
    hit, wrong, missed = np.array(rows, dtype=np.int64).reshape(len(rows), 3, CLASS_COUNT).transpose(1, 0, 2)
    return Counts(hit, wrong, missed)


def count_boundaries(truth: Masks, predicted: Masks) -> Counts:
    """Count only the dies of each mask that lie near its boundary, so that large patterns must fit at their rim.

    Args:
        truth: masks (8, H, W) of each wafer.
        predicted: masks of the same shapes.

    Raises:
        WaferValueError: as `count`.
    """
    _check(truth, predicted)
    return count([boundary(masks) for masks in truth], [boundary(masks) for masks in predicted])


def boundary(masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the dies from which one outside the mask is at most 2 % of the grid's diagonal away, at least one die.

    Args:
        masks: bool (8, H, W); what lies off the grid is outside.
    """
    width = max(1, round(BOUNDARY_SHARE * float(np.hypot(*masks.shape[1:]))))
    square = np.ones((3, 3), dtype=np.uint8)
    inner = [
        cv2.erode(m.astype(np.uint8), square, iterations=width, borderType=cv2.BORDER_CONSTANT, borderValue=(0.0,))
        for m in masks
    ]
    near: NDArray[np.bool_] = masks & (np.stack(inner) == 0)
    return near


def iou_over_dies(counts: Counts) -> NDArray[np.float64]:
    """Intersection over union of each class (8,), dies of all wafers pooled; NaN where neither has a die.

    Example:
        >>> one = np.ones((1, 8), dtype=np.int64)
        >>> iou_over_dies(Counts(hit=2 * one, wrong=one, missed=one))[0]
        np.float64(0.5)
    """
    return _divide(counts.hit.sum(axis=0), (counts.hit + counts.wrong + counts.missed).sum(axis=0))


def precision(counts: Counts) -> NDArray[np.float64]:
    """Share of the predicted dies of each class (8,) that are right; NaN where none was predicted."""
    return _divide(counts.hit.sum(axis=0), (counts.hit + counts.wrong).sum(axis=0))


def recall(counts: Counts) -> NDArray[np.float64]:
    """Share of the true dies of each class (8,) that were found; NaN where there are none."""
    return _divide(counts.hit.sum(axis=0), (counts.hit + counts.missed).sum(axis=0))


def mean_iou_over_wafers(counts: Counts) -> float:
    """Mean over wafers of the wafer's mean IoU over the classes that are true or predicted on it.

    Wafers without any are left out; NaN when all are.
    """
    per_wafer = [mean(row) for row in _divide(counts.hit, counts.hit + counts.wrong + counts.missed)]
    return mean(np.array(per_wafer))


def mean(values: NDArray[np.float64]) -> float:
    """Mean of the values that are defined, NaN without any.

    Example:
        >>> mean(np.array([0.5, np.nan, 1.0])), mean(np.array([np.nan]))
        (0.75, nan)
    """
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")


def baseline_masks(probabilities: NDArray[np.float32], failing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Predict trivially: all failing dies belong to the wafer's most likely class, by mean probability over them.

    Args:
        probabilities: float32 (8, H, W).
        failing: bool (H, W).

    Returns:
        bool (8, H, W)
    """
    masks = np.zeros(probabilities.shape, dtype=bool)
    if failing.any():
        masks[int(np.argmax(probabilities[:, failing].mean(axis=1)))] = failing
    return masks


def confusion(truth: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count true class against predicted class; wafers may stand where this says dies.

    A die in both a true and a predicted class k counts at (k, k). What is left of its true classes counts against each
    that is left of its predicted ones; where nothing is left on one side, against "none", the last row and column.

    Args:
        truth: bool (8, n), the true classes of each die.
        predicted: bool (8, n).

    Returns:
        int64 (9, 9), rows true, columns predicted. Add the tables of wafers.

    Example:
        >>> edge, ring = np.eye(8, dtype=bool)[:, [0]], np.eye(8, dtype=bool)[:, [2]]
        >>> np.argwhere(confusion(edge, ring)).tolist(), np.argwhere(confusion(edge, edge & ring)).tolist()
        ([[0, 2]], [[0, 8]])
    """
    missed, wrong = truth & ~predicted, predicted & ~truth
    table = np.zeros((CLASS_COUNT + 1, CLASS_COUNT + 1), dtype=np.int64)
    table[:-1, :-1] = missed.astype(np.int64) @ wrong.T.astype(np.int64)
    table[range(CLASS_COUNT), range(CLASS_COUNT)] = (truth & predicted).sum(axis=1)
    table[:-1, -1] = (missed & ~wrong.any(axis=0)).sum(axis=1)
    table[-1, :-1] = (wrong & ~missed.any(axis=0)).sum(axis=1)
    return table


@dataclass(frozen=True, eq=False)
class PresenceScores:
    """How right the sets of classes of wafers are.

    Args:
        precision: float64 (8,), share of the wafers reported with a class that show it; NaN where none was reported.
        recall: float64 (8,), share of the wafers that show a class that are reported with it; NaN where none shows it.
        f1: float64 (8,), harmonic mean of both; NaN where no wafer shows the class.
        support: int64 (8,), wafers that show the class.
        macro_f1: mean f1 over the classes that some wafer shows.
        exact_match: share of the wafers whose known classes are all reported right.
        false_alarm_share: share of the wafers without a pattern that are reported with any; NaN without such wafers.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    support: NDArray[np.int64]
    macro_f1: float
    exact_match: float
    false_alarm_share: float


def score_presence(truth: NDArray[np.float32], predicted: NDArray[np.bool_]) -> PresenceScores:
    """Score the sets of classes of wafers. What nobody knows is not scored.

    Args:
        truth: float32 (N, 8): 1 the class is there, 0 it is not, NaN unknown.
        predicted: bool (N, 8).

    Raises:
        WaferValueError: the shapes differ or are not (N, 8), or a truth is neither 0, 1 nor NaN.
    """
    if truth.shape != predicted.shape or truth.ndim != 2 or truth.shape[1] != CLASS_COUNT:
        raise WaferValueError(
            "presence",
            f"expected two tables (N, {CLASS_COUNT}), found {truth.shape} and {predicted.shape}",
            "Give one row a wafer to both.",
        )
    known = ~np.isnan(truth)
    if not np.isin(truth[known], (0, 1)).all():
        raise WaferValueError("presence", "the truth holds other values than 0, 1 and NaN", "Correct the labels.")
    there, reported = known & (truth == 1), known & predicted
    hit, shown, said = (there & reported).sum(axis=0), there.sum(axis=0), reported.sum(axis=0)
    f1 = np.where(shown > 0, _divide(2 * hit, shown + said), np.nan)
    right = np.count_nonzero(there ^ reported, axis=1) == 0
    scored = np.count_nonzero(known, axis=1) > 0
    clean = scored & (np.count_nonzero(there, axis=1) == 0)
    alarm = np.count_nonzero(reported, axis=1) > 0
    return PresenceScores(
        precision=_divide(hit, said),
        recall=_divide(hit, shown),
        f1=f1,
        support=shown.astype(np.int64),
        macro_f1=mean(f1),
        exact_match=mean(right[scored].astype(np.float64)),
        false_alarm_share=mean(alarm[clean].astype(np.float64)),
    )


def _divide(numerator: NDArray[np.int64], denominator: NDArray[np.int64]) -> NDArray[np.float64]:
    undefined = np.full(numerator.shape, np.nan)
    quotient: NDArray[np.float64] = np.divide(numerator, denominator, out=undefined, where=denominator > 0)
    return quotient


def _check(truth: Masks, predicted: Masks) -> None:
    if len(truth) != len(predicted):
        raise WaferValueError("masks", f"{len(truth)} true and {len(predicted)} predicted wafers", "Give one for each.")
    for i, (t, p) in enumerate(zip(truth, predicted, strict=True)):
        if t.shape != p.shape or t.ndim != 3 or len(t) != CLASS_COUNT or t.dtype != bool or p.dtype != bool:
            raise WaferValueError(
                f"masks of wafer {i}",
                f"expected two boolean ({CLASS_COUNT}, H, W), found {t.dtype} {t.shape} and {p.dtype} {p.shape}",
                "Make masks boolean on the wafer's die grid.",
            )
