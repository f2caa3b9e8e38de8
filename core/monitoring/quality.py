"""How right the model is: by time, by class, by version of the model, and at every threshold."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluation.bootstrap import iou_change, iou_interval
from core.evaluation.metrics import Counts, iou_over_dies, precision, recall
from core.monitoring.judging import COLUMNS, LEVELS, OVERALL, Judged
from data.classes import CLASS_KEYS

LEAST_LABELLED = 10
"""Fewer labelled wafers say nothing about a model."""
LEAST_FOR_INTERVAL = 5
"""An interval of fewer wafers is narrower than it should be."""


class CalendarPeriod(StrEnum):
    """What makes one point."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def starts(moments: "pd.Series[pd.Timestamp]", period: CalendarPeriod) -> "pd.Series[pd.Timestamp]":
    """Return the first day of the period that each moment lies in; weeks begin on Monday.

    Example:
        >>> starts(pd.Series(pd.to_datetime(["2026-03-05 12:00"])), CalendarPeriod.WEEK).dt.date.astype(str).tolist()
        ['2026-03-02']
    """
    begun: pd.Series[pd.Timestamp] = moments.dt.to_period(
        {"day": "D", "week": "W-SUN", "month": "M"}[period]
    ).dt.start_time
    return begun


def scores(counts: Counts) -> pd.DataFrame:
    """Score each class, and all dies pooled.

    Returns:
        Rows in the order of COLUMNS: `class`, `wafers` (that show the class in label or result), `true_dies`, `iou`
        with its 95 % interval `low` and `high` (NaN below five wafers), `precision`, `recall`; undefined is NaN.
    """
    seen = (counts.hit + counts.wrong + counts.missed > 0).sum(axis=0)
    table = pd.DataFrame(
        {
            "class": COLUMNS,
            "wafers": [*seen[:-1], len(counts.hit)],
            "true_dies": counts.support,
            "iou": iou_over_dies(counts),
            "low": np.nan,
            "high": np.nan,
            "precision": precision(counts),
            "recall": recall(counts),
        }
    )
    if len(counts.hit) >= LEAST_FOR_INTERVAL:
        table[["low", "high"]] = iou_interval(counts)[: len(COLUMNS)]
    return table


def trend(judged: Judged, period: CalendarPeriod) -> pd.DataFrame:
    """Score each period in which labelled wafers were tested.

    Returns:
        `period` (its first day), then the columns of `scores`; by period. Wafers without a time of test are left out.
    """
    begun = starts(judged.wafers["tested_at"], period)
    rows = [
        scores(judged.some((begun == start).to_numpy())).assign(period=start)
        for start in sorted(begun.dropna().unique())
    ]
    columns = ["period", *scores(judged.some(np.zeros(len(begun), dtype=bool))).columns]
    return pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns)


def curve(judged: Judged, class_key: str) -> pd.DataFrame:
    """Precision and recall of a class over failing dies at every threshold of 1/255, the highest first.

    Returns:
        `threshold`, `precision`, `recall`, without thresholds that change nothing; empty where no die is of the class.
    """
    right, wrong = (part[CLASS_KEYS.index(class_key)][::-1].cumsum() for part in judged.levels)
    if not right[-1]:
        return pd.DataFrame(columns=["threshold", "precision", "recall"])
    said = right + wrong
    changed = (said > 0) & (np.diff(said, prepend=0) > 0)
    return pd.DataFrame(
        {
            "threshold": (np.arange(LEVELS)[::-1] / (LEVELS - 1))[changed],
            "precision": right[changed] / said[changed],
            "recall": right[changed] / right[-1],
        }
    )


def average_precision(points: pd.DataFrame) -> float:
    """Area under a curve as steps: precision, weighted by how much recall rises; NaN for an empty curve.

    Example:
        >>> average_precision(pd.DataFrame({"precision": [1.0, 0.5], "recall": [0.5, 1.0]}))
        0.75
    """
    if points.empty:
        return float("nan")
    return float((points["precision"] * np.diff(points["recall"], prepend=0)).sum())


def confusion_table(judged: Judged) -> pd.DataFrame:
    """Dies by true class (rows) and predicted class (columns), "none" last."""
    names = [*CLASS_KEYS, "none"]
    table = pd.DataFrame(judged.confusion, columns=names)
    table.insert(0, "true", names)
    return table


@dataclass(frozen=True)
class ABComparison:
    """Two models on wafers of their own.

    Args:
        change: by class and overall, IoU of the second less that of the first.
        interval: float64 (9, 2), 95 % interval of the change.
    """

    change: NDArray[np.float64]
    interval: NDArray[np.float64]


def by_model(judged: Judged) -> pd.DataFrame:
    """Score every model by the labelled wafers that it segmented: `model`, `labelled`, overall IoU, mean F1 over dies.

    Of fewer than ten wafers the scores are NaN: a mean of two would outrank any model that has been tried. F1
    over dies is 2 hit / (2 hit + wrong + missed), the mean over the classes that have any die.
    """
    rows = []
    for model in sorted(judged.wafers["model"].dropna().unique()):
        counts = judged.some((judged.wafers["model"] == model).to_numpy())
        iou = scores(counts).set_index("class")
        f1 = 2 * iou["iou"] / (1 + iou["iou"])  # of the same counts
        overall = iou.loc[OVERALL]
        said = (overall["iou"], overall["low"], overall["high"], f1.drop(OVERALL).mean())
        labelled = len(counts.hit)
        rows.append((model, labelled, *(said if labelled >= LEAST_LABELLED else (np.nan,) * len(said))))
    return pd.DataFrame(rows, columns=["model", "labelled", "iou", "low", "high", "mean_f1"])


def ab_comparison(
    judged: Judged, first: str, second: str, among: NDArray[np.bool_] | None = None
) -> ABComparison | None:
    """Compare two models, None unless both segmented ten labelled wafers; wafers are taken as independent.

    Args:
        judged: results of labelled wafers.
        first: name of a model.
        second: of the other, whose IoU less that of the first is given.
        among: (N,), the wafers of `judged` that may be compared, as those of a trial; None: all.
    """
    fair = np.ones(len(judged.wafers), dtype=bool) if among is None else among
    sides = [judged.some((judged.wafers["model"] == model).to_numpy() & fair) for model in (first, second)]
    if min(len(side.hit) for side in sides) < LEAST_LABELLED:
        return None
    return ABComparison(iou_over_dies(sides[1]) - iou_over_dies(sides[0]), iou_change(sides[0], sides[1]))
