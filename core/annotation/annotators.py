"""How fast and how right each annotator is, with how sure one can be of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.annotation.items import LabelItem, Status
from core.annotation.reviews import Review, ReviewKind
from core.labels.agreement import LEAST_AGREEMENT
from core.labels.annotations import Annotation, LabelSource
from core.statistics.significance import wilson

RESAMPLES = 2000
SEED = 95

Interval = tuple[float, float]


@dataclass(frozen=True)
class Annotator:
    """What is known of one annotator; intervals are of 95 %, and what nobody can know yet is NaN.

    Args:
        name: who.
        labels: versions submitted.
        seconds: median seconds a label.
        seconds_interval: where that median lies, by bootstrap.
        gold: hidden wafers of known label that were done.
        gold_right: share of them that agree with the known label by at least 0.85.
        gold_interval: where that share lies, by Wilson.
        gold_iou: mean agreement with the known labels.
        disputed: labels that a colleague's contradicted.
    """

    name: str
    labels: int
    seconds: float
    seconds_interval: Interval
    gold: int
    gold_right: float
    gold_interval: Interval
    gold_iou: float
    disputed: int


def annotators(session: Session) -> list[Annotator]:
    """Measure everybody who has submitted a label, by name: who is best cannot be told from few labels."""
    times: dict[str, list[float]] = {}
    wanted = select(Annotation.annotator, Annotation.seconds).where(Annotation.source == LabelSource.SUBMITTED)
    for name, seconds in session.execute(wanted.order_by(Annotation.id)):
        times.setdefault(name, []).append(seconds)
    gold: dict[str, list[float]] = {}
    done = select(LabelItem.assignee, LabelItem.gold_iou).where(
        LabelItem.status == Status.DONE, LabelItem.gold_iou.is_not(None)
    )
    for assignee, iou in session.execute(done):
        gold.setdefault(assignee or "", []).append(iou or 0.0)
    disputed = _disputed(session)
    return [_measured(name, times[name], gold.get(name, []), disputed.get(name, 0)) for name in sorted(times)]


def _disputed(session: Session) -> dict[str, int]:
    found: dict[str, set[int]] = {}
    for column in (Review.first_id, Review.second_id):
        wanted = select(Annotation.annotator, Annotation.id).join(Review, column == Annotation.id)
        for name, number in session.execute(wanted.where(Review.kind == ReviewKind.DISAGREEMENT)):
            found.setdefault(name, set()).add(number)
    return {name: len(numbers) for name, numbers in found.items()}


def _measured(name: str, seconds: Sequence[float], gold: Sequence[float], disputed: int) -> Annotator:
    right = sum(iou >= LEAST_AGREEMENT for iou in gold)
    low, high = wilson(right, len(gold))
    return Annotator(
        name=name,
        labels=len(seconds),
        seconds=float(np.median(seconds)),
        seconds_interval=median_interval(seconds, np.random.default_rng(SEED)),
        gold=len(gold),
        gold_right=right / len(gold) if gold else float("nan"),
        gold_interval=(low, high),
        gold_iou=float(np.mean(gold)) if gold else float("nan"),
        disputed=disputed,
    )


def median_interval(values: Sequence[float], rng: np.random.Generator) -> Interval:
    """Return the 95 % interval of a median by the percentile bootstrap; NaN of fewer than two values.

    Args:
        values: what was measured.
        rng: draws the resamples.

    Efron and Tibshirani, An introduction to the bootstrap, chapter 13 (1993).
    """
    if len(values) < 2:
        return float("nan"), float("nan")
    given = np.asarray(values, dtype=np.float64)
    medians = np.median(given[rng.integers(0, len(given), (RESAMPLES, len(given)))], axis=1)
    low, high = np.quantile(medians, (0.025, 0.975))
    return float(low), float(high)
