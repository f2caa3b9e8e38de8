"""How good a model is on wafers whose truth is known: per die where dies are marked, per wafer where wafers are."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.analysis.result import bounded_batches
from core.evaluation.bootstrap import LEVEL, RESAMPLES, f1_interval, iou_interval
from core.evaluation.metrics import (
    Counts,
    baseline_masks,
    confusion,
    count,
    count_boundaries,
    iou_over_dies,
    mean,
    mean_iou_over_wafers,
    precision,
    recall,
    score_presence,
)
from core.evaluation.reliability import Reliability
from core.segmentation import Segmenter
from data.classes import CLASS_COUNT, CLASS_KEYS
from data.datasets import LabelledMaps
from data.truth import MarkedWafer, presence
from data.wafer import WaferMap

Report: TypeAlias = (
    "dict[str, Report | list[str] | list[list[int]] | list[int] | list[float | None] | str | int | float | None]"
)

SYNTHETIC = "synthetic:"
"""Begins the name of data that anyone can draw again: synthetic:N:SEED."""
LABELS = "labels:"
"""Begins the name of wafers that people labelled die by die: labels:NAME, test part of a frozen dataset or of now."""
BLIND_LABELS, ALL_LABELS = "blind labels", "all labels"
"""By which labels wafers that people labelled were scored: `scored` of such a report."""
PATTERNS = ("one pattern", "two patterns", "three or more")
"""How many patterns the wafers of a group show, in words."""


def evaluate_marked(
    marked: Iterable[MarkedWafer],
    segmenter: Segmenter,
    *,
    tta: bool = False,
    progress: Callable[[int], object] = lambda done: None,
) -> Report:
    """Score a model on wafers whose dies are marked. Classes that nobody looked for are left out on both sides.

    Args:
        marked: read as they are needed.
        segmenter: the model.
        tta: average over eight turns and flips.
        progress: is told how many wafers are done.

    Returns:
        Measures by name, what is undefined as None: n, iou_over_dies, mean_iou_over_wafers, boundary_iou, precision,
        recall, baseline_iou_over_dies (all failing dies given to the wafer's likeliest class), support in dies,
        confusion in dies, presence of classes; iou_interval (95 %, wafers drawn anew), by_patterns (the wafers with
        one, two, more patterns each by themselves), reliability over failing dies.

    Raises:
        ModelError: the network fails.
    """
    counts, boundaries, trivial = list[Counts](), list[Counts](), list[Counts]()
    reliability = Reliability()
    table = np.zeros((CLASS_COUNT + 1, CLASS_COUNT + 1), dtype=np.int64)
    there, reported = [np.zeros((0, CLASS_COUNT), dtype=np.float32)], [np.zeros((0, CLASS_COUNT), dtype=bool)]
    waiting: deque[MarkedWafer] = deque()

    def wafers() -> Iterator[WaferMap]:
        for one in marked:
            waiting.append(one)
            yield one.wafer

    for batch in bounded_batches(wafers()):
        for found in segmenter.segment(batch, tta=tta):
            one = waiting.popleft()
            known = np.isin(CLASS_KEYS, one.known)[:, None, None]
            truth, predicted = one.masks & known, found.masks & known
            counts.append(count([truth], [predicted]))
            boundaries.append(count_boundaries([truth], [predicted]))
            trivial.append(count([truth], [baseline_masks(found.probabilities, one.wafer.failing) & known]))
            table += confusion(truth.reshape(CLASS_COUNT, -1), predicted.reshape(CLASS_COUNT, -1))
            reliability.add(found.probabilities[:, one.wafer.failing], truth[:, one.wafer.failing], known[:, :, 0])
            there.append(presence(one)[None])
            reported.append(np.array([[mask.any() for mask in predicted]]))
            progress(len(counts))
    pooled = Counts.of_wafers(counts)
    return {
        "n": len(counts),
        "iou_over_dies": _by_class(iou_over_dies(pooled)),
        "mean_iou_over_wafers": _number(mean_iou_over_wafers(pooled)),
        "boundary_iou": _by_class(iou_over_dies(Counts.of_wafers(boundaries))),
        "precision": _by_class(precision(pooled)),
        "recall": _by_class(recall(pooled)),
        "baseline_iou_over_dies": _by_class(iou_over_dies(Counts.of_wafers(trivial))),
        "support": dict(zip(CLASS_KEYS, pooled.support.tolist(), strict=True)),
        "confusion": _confusion(table, "dies"),
        "presence": _presence(np.concatenate(there), np.concatenate(reported)),
        "iou_interval": _intervals(iou_interval(pooled)),
        "by_patterns": _by_patterns(pooled),
        "reliability": _reliability(reliability, "failing dies"),
    }


def evaluate_labelled(
    labelled: LabelledMaps,
    segmenter: Segmenter,
    *,
    tta: bool = False,
    progress: Callable[[int], object] = lambda done: None,
) -> Report:
    """Score a model on wafers with one label each, or several bits. A class counts as reported with its first die.

    Args:
        labelled: maps and labels.
        segmenter: the model.
        tta: average over eight turns and flips.
        progress: is told how many wafers are done.

    Returns:
        Measures by name, what is undefined as None: n, presence of classes, confusion in wafers, near_full (how many,
        and the share of them reported with each class; they are in no other measure), f1_interval (95 %, wafers drawn
        anew), reliability of the probabilities that a class is on the wafer.

    Raises:
        ModelError: the network fails.
        WaferValueError: a map is not a wafer.
    """
    named = zip(labelled.maps, labelled.names, strict=True)
    wafers = (WaferMap(dies=dies, lot_id="labelled", wafer_id=name) for dies, name in named)
    reported, done = np.zeros((len(labelled), CLASS_COUNT), dtype=bool), 0
    said = np.zeros((len(labelled), CLASS_COUNT), dtype=np.float32)
    for batch in bounded_batches(wafers):
        for found in segmenter.segment(batch, tta=tta):
            reported[done], said[done] = found.masks.any(axis=(1, 2)), found.presence
            done += 1
            progress(done)
    near_full, known = labelled.near_full, ~np.isnan(labelled.presence)
    shares = np.array([mean(column) for column in reported[near_full].T.astype(np.float64)])
    table = confusion((labelled.presence == 1).T, (known & reported).T)
    reliability = Reliability()
    reliability.add(said.T, (labelled.presence == 1).T, known.T & ~near_full)
    return {
        "n": len(labelled),
        "presence": _presence(labelled.presence[~near_full], reported[~near_full]),
        "support": dict(zip(CLASS_KEYS, (labelled.presence == 1).sum(axis=0).tolist(), strict=True)),
        "confusion": _confusion(table, "wafers"),
        "near_full": {
            "n": int(near_full.sum()),
            "reported": dict(zip(CLASS_KEYS, map(_number, shares), strict=True)),
        },
        "f1_interval": _intervals(f1_interval(labelled.presence[~near_full], reported[~near_full])),
        "reliability": _reliability(reliability, "wafers"),
    }


def _presence(truth: NDArray[np.float32], reported: NDArray[np.bool_]) -> Report:
    scores = score_presence(truth, reported)
    report: Report = {
        key: {
            "precision": _number(scores.precision[k]),
            "recall": _number(scores.recall[k]),
            "f1": _number(scores.f1[k]),
            "support": int(scores.support[k]),
        }
        for k, key in enumerate(CLASS_KEYS)
    }
    for name in ("macro_f1", "exact_match", "false_alarm_share"):
        report[name] = _number(getattr(scores, name))
    return report


def _confusion(counts: NDArray[np.int64], unit: str) -> Report:
    return {"unit": unit, "classes": [*CLASS_KEYS, "none"], "true_by_predicted": counts.tolist()}


def _intervals(bounds: NDArray[np.float64]) -> Report:
    """Intervals (9, 2) by class, the mean's last, and how they were made."""
    by_class: Report = {
        key: [_number(low), _number(high)] for key, (low, high) in zip((*CLASS_KEYS, "mean"), bounds, strict=True)
    }
    return {**by_class, "level": LEVEL, "resamples": RESAMPLES}


def _by_patterns(counts: Counts) -> Report:
    """IoU on wafers by how many patterns they truly show: patterns hide one another."""
    shown = np.count_nonzero(counts.hit + counts.missed, axis=1)
    return {
        name: {"wafers": int(members.sum()), "iou_over_dies": _by_class(iou_over_dies(counts.take(members)))}
        for name, members in zip(PATTERNS, (shown == 1, shown == 2, shown > 2), strict=True)
    }


def augmented(report: Report) -> bool:
    """Return whether a report was made with test-time augmentation, which earlier versions called careful."""
    return bool(report.get("tta", report.get("careful", False)))


def _reliability(bins: Reliability, of: str) -> Report:
    """What was said and what was so in each bin, by class, and the expected calibration error."""
    report: Report = {"of": of}
    for key, held, said, true, error in zip(
        CLASS_KEYS, bins.count, bins.said, bins.true, bins.expected_error(), strict=True
    ):
        report[key] = {
            "count": held.astype(int).tolist(),
            "said": [_number(value) for value in said / np.where(held > 0, held, np.nan)],
            "true": [_number(value) for value in true / np.where(held > 0, held, np.nan)],
            "expected_error": _number(error),
        }
    return report


def _by_class(values: NDArray[np.float64]) -> Report:
    return {**dict(zip(CLASS_KEYS, map(_number, values), strict=True)), "mean": _number(mean(values))}


def _number(value: float) -> float | None:
    """Return a number as JSON has it: what is undefined is None."""
    return None if np.isnan(value) else float(value)
