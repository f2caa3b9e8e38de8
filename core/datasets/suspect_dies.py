"""Likely label errors: labels ranked by how strongly a model disagrees with them, worst first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.classes import CLASS_KEYS
from data.errors import LabelError

TEMPERATURE = 0.1
"""Of the soft minimum: small ones let the worst dies decide."""


@dataclass(frozen=True, eq=False)
class LabelledWafer:
    """A label beside what a model says of the same wafer.

    Args:
        key: the wafer.
        masks: bool (8, H, W), the label.
        probabilities: float32 (8, H, W), of a model.
        failing: bool (H, W): the dies that a label can be right or wrong about.
    """

    key: str
    masks: NDArray[np.bool_]
    probabilities: NDArray[np.float32]
    failing: NDArray[np.bool_]


@dataclass(frozen=True)
class SuspectDies:
    """A label with how likely it is wrong.

    Args:
        key: the wafer.
        suspicion: 0 to 1, higher is worse: 1 less the soft minimum of the dies' self-confidence.
        missed: dies by class that the label leaves out and the model confidently sees there; none left out.
        excess: dies by class that the label holds and the model confidently does not see there.
    """

    key: str
    suspicion: float
    missed: Mapping[str, int]
    excess: Mapping[str, int]


def rank_by_dies(labelled: Sequence[LabelledWafer]) -> list[SuspectDies]:
    """Rank labels, the most suspicious first, ties by key.

    The self-confidence of a die in a class is the probability that the model gives to what the label says of it. A
    label's quality is the soft minimum of these over its failing dies and classes (Lad and Mueller, Estimating label
    quality and errors in semantic segmentation data via any model, arXiv 2307.05080). A die is confidently another when
    the probability of the opposite reaches the mean that the model gives to dies labelled so (Northcutt, Jiang and
    Chuang, Confident learning, JAIR 70, 2021), class by class.

    Args:
        labelled: labels with probabilities of a model, the fairer the less it has learnt from them.

    Raises:
        LabelError: shapes differ.

    Example:
        >>> p = np.full((8, 1, 2), 0.01, dtype=np.float32)
        >>> p[0] = 0.99
        >>> right, none = np.zeros((2, 8, 1, 2), dtype=bool)
        >>> right[0] = True
        >>> found = rank_by_dies([LabelledWafer(k, m, p, right[0]) for k, m in (("good", right), ("bad", none))])
        >>> [(s.key, round(s.suspicion, 2), dict(s.missed)) for s in found]
        [('bad', 0.99, {'edge': 2}), ('good', 0.01, {})]
    """
    said = [_dies(one) for one in labelled]
    if not said:
        return []
    labels, seen = (np.concatenate(parts, axis=1) for parts in zip(*said, strict=True))
    yes, no = _mean_where(seen, labels), _mean_where(1 - seen, ~labels)
    suspects = [
        SuspectDies(
            one.key,
            1.0 - _soft_minimum(np.where(label, p, 1 - p)),
            missed=_counted(~label & (p >= yes[:, None])),
            excess=_counted(label & (1 - p >= no[:, None])),
        )
        for one, (label, p) in zip(labelled, said, strict=True)
    ]
    return sorted(suspects, key=lambda s: (-s.suspicion, s.key))


def _dies(one: LabelledWafer) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Label and probabilities of the failing dies, (8, n) each."""
    if not one.masks.shape == one.probabilities.shape == (len(CLASS_KEYS), *one.failing.shape):
        raise LabelError(one.key, f"label {one.masks.shape}, model {one.probabilities.shape}", "Segment it anew.")
    return one.masks[:, one.failing], one.probabilities[:, one.failing].astype(np.float64)


def _mean_where(values: NDArray[np.float64], where: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean of each row where it counts; infinite where nothing does, so that nothing reaches it."""
    count = where.sum(axis=1)
    sums = (values * where).sum(axis=1)
    means: NDArray[np.float64] = np.divide(sums, count, out=np.full(len(values), np.inf), where=count > 0)
    return means


def _soft_minimum(confidence: NDArray[np.float64]) -> float:
    """Mean weighted towards the least; 1 where there is nothing to be wrong about."""
    if not confidence.size:
        return 1.0
    weights = np.exp((confidence.min() - confidence) / TEMPERATURE)
    return float((weights * confidence).sum() / weights.sum())


def _counted(dies: NDArray[np.bool_]) -> dict[str, int]:
    return {key: int(n) for key, n in zip(CLASS_KEYS, dies.sum(axis=1), strict=True) if n}
