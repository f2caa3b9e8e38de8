"""What a model needs beside its weights: temperatures and thresholds per class, fitted on wafers not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evaluation.reliability import Reliability
from core.segmentation.presence import sigmoid

TEMPERATURES = np.geomspace(0.4, 3.0, 40)
FINE_SHARES = np.array([0.5, 0.375, 0.625, 0.25, 0.75, 0.125, 0.875, 0.0, 1.0])  # of equals the first is taken
COARSE_THRESHOLDS = np.arange(0.1, 0.91, 0.1)
THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.01), 2)


@dataclass(frozen=True, eq=False)
class FailingDies:
    """Logits and truth of failing dies, of all calibration wafers with masks in one row.

    Args:
        logits: float32 (8, D).
        truth: bool (8, D).
    """

    logits: NDArray[np.float32]
    truth: NDArray[np.bool_]


def fit_temperatures(dies: FailingDies) -> NDArray[np.float32]:
    """Find for each class what to divide its logits by so that probabilities mean shares.

    The one that makes the truth most likely, among 40 between 0.4 and 3.

    Returns:
        float32 (8,).

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    costs = [
        np.logaddexp(0, np.where(dies.truth, -1, 1) * dies.logits / temperature).mean(axis=1)
        for temperature in TEMPERATURES
    ]
    return np.asarray(TEMPERATURES[np.argmin(costs, axis=0)], dtype=np.float32)


def fit_fine_shares(fine: FailingDies, coarse: FailingDies) -> NDArray[np.float32]:
    """Find for each class how much the fine look at large grids counts against the coarse one, by pooled IoU.

    Args:
        fine: what the fine look says of the dies.
        coarse: what the coarse look says of the same dies.

    Returns:
        float32 (8,) between 0 and 1; 0.5 for a class without a die. Of shares that do alike the one nearest to 0.5.
    """
    scores = []
    for share in FINE_SHARES:
        mixed = FailingDies(share * fine.logits + (1 - share) * coarse.logits, fine.truth)
        said = sigmoid(mixed.logits / fit_temperatures(mixed)[:, None])
        scores.append(
            [max(_iou(p >= cut, t) for cut in COARSE_THRESHOLDS) for p, t in zip(said, fine.truth, strict=True)]
        )
    return np.asarray(FINE_SHARES[np.argmax(scores, axis=0)], dtype=np.float32)


def calibration_error(dies: FailingDies, temperatures: NDArray[np.float32] | None = None) -> NDArray[np.float64]:
    """Return how far the probabilities of dies are from shares, per class: the expected calibration error.

    Args:
        dies: of wafers that fitted no temperature.
        temperatures: float32 (8,), None for none.

    Returns:
        float64 (8,), 0 to 1; NaN without a die.
    """
    scaled = dies.logits if temperatures is None else dies.logits / temperatures[:, None]
    bins = Reliability()
    bins.add(sigmoid(scaled), dies.truth)
    return bins.expected_error()


def fit_die_thresholds(dies: FailingDies, temperatures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Find for each class the probability from which a die counts, by pooled IoU; float32 (8,), 0.5 without a die."""
    probabilities = sigmoid(dies.logits / temperatures[:, None])
    best = [
        _best_threshold([_iou(p >= threshold, t) for threshold in THRESHOLDS]) if t.any() else 0.5
        for p, t in zip(probabilities, dies.truth, strict=True)
    ]
    return np.array(best, dtype=np.float32)


def fit_presence_thresholds(
    presence: NDArray[np.float32],
    label: NDArray[np.float32],
    false_alarm_weight: float = 1.0,
    source: Sequence[str] | None = None,
    *,
    calibrated: bool = False,
) -> NDArray[np.float32]:
    """Find for each class the probability from which it is on the wafer at all, by F1.

    The best threshold of a dozen wafers that show a class is mostly chance. Of probabilities that mean shares it is
    half of the best F1 there is, which a dozen wafers do tell.

    Args:
        presence: float32 (N, 8), probabilities.
        label: float32 (N, 8) of 0, 1 and NaN where nobody can say.
        false_alarm_weight: how often a false positive on a wafer without any pattern counts: such wafers are far more
            common in a fab than in a training set.
        source: N names of where the wafers come from. F1 is computed in each and averaged, so that a source rich in a
            class does not decide for those in which it is rare; None: they are of one source.
        calibrated: whether the probabilities mean shares.

    Returns:
        float32 (8,); 0.5 for a class that no label names.

    Source: Lipton, Elkan, Naryanaswamy, "Optimal Thresholding of Classifiers to Maximize F1 Measure", ECML PKDD 2014.
    """
    none = (label == 0).all(axis=1)
    sources = np.array(source if source is not None else [""] * len(label))
    thresholds = np.full(label.shape[1], 0.5, dtype=np.float32)
    for k in range(label.shape[1]):
        showing = np.unique(sources[label[:, k] == 1])
        scores = []
        for name in showing:
            # Sources that never show the class tell what a false alarm is, whichever source it is weighed in.
            here = ((sources == name) | ~np.isin(sources, showing)) & ~np.isnan(label[:, k])
            truth, weight = label[here, k] == 1, np.where(none[here], false_alarm_weight, 1.0)
            scores.append([_f1(presence[here, k] >= threshold, truth, weight) for threshold in THRESHOLDS])
        if scores:
            together = np.mean(scores, axis=0)
            thresholds[k] = together.max() / 2 if calibrated else _best_threshold(together.tolist())
    return thresholds


def _best_threshold(scores: Sequence[float]) -> float:
    """Take the threshold of the best score; of the first run of equals the middle, farthest from both mistakes."""
    first = int(np.argmax(scores))
    run = np.flatnonzero(np.diff(np.asarray(scores[first:]) == scores[first]))
    last = first + int(run[0]) if run.size else len(scores) - 1
    return float(THRESHOLDS[(first + last) // 2])


def _iou(predicted: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    either = np.count_nonzero(predicted | truth)
    return np.count_nonzero(predicted & truth) / either if either else 0.0


def _f1(predicted: NDArray[np.bool_], truth: NDArray[np.bool_], weight: NDArray[np.float64]) -> float:
    hit = float(np.count_nonzero(predicted & truth))
    false = float(weight[predicted & ~truth].sum())
    missed = float(np.count_nonzero(~predicted & truth))
    return 2 * hit / (2 * hit + false + missed) if hit else 0.0
