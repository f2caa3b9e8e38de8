import numpy as np
import pytest

from core.evaluation.bootstrap import f1_interval, iou_interval
from core.evaluation.metrics import Counts, iou_over_dies, mean
from data.classes import CLASS_COUNT


def counts(wafers: int, seed: int = 1) -> Counts:
    rng = np.random.default_rng(seed)
    return Counts(*(rng.integers(0, most, (wafers, CLASS_COUNT)) for most in (40, 15, 15)))


def drawn_one_by_one(found: Counts, resamples: int, seed: int) -> np.ndarray:
    """The same bootstrap, by picking wafers instead of weighing them."""
    rng = np.random.default_rng(seed)
    scores = []
    for _ in range(resamples):
        picks = rng.integers(0, len(found.hit), len(found.hit))
        scores.append(iou_over_dies(Counts(found.hit[picks], found.wrong[picks], found.missed[picks])))
    table = np.array([[*row, mean(row)] for row in scores])
    return np.quantile(table, (0.025, 0.975), axis=0).T


def test_intervals_are_those_of_wafers_drawn_one_by_one():
    found = counts(60)
    # Both are estimates from 4,000 draws of their own: an end lies within a few thousandths.
    assert iou_interval(found, 4000) == pytest.approx(drawn_one_by_one(found, 4000, 5), abs=0.006)


def test_the_score_lies_within_and_more_wafers_narrow_the_interval():
    few, many = counts(30), counts(3000)
    for found in (few, many):
        low, high = iou_interval(found)[:-1].T
        score = iou_over_dies(found)
        assert (low < score).all()
        assert (score < high).all()
    assert (np.diff(iou_interval(many)) < np.diff(iou_interval(few)) / 5).all()


def test_a_class_without_dies_has_no_interval_and_does_not_count_in_the_mean():
    found = counts(20)
    for table in (found.hit, found.wrong, found.missed):
        table[:, 3] = 0
    bounds = iou_interval(found)
    assert np.isnan(bounds[3]).all()
    assert np.isfinite(bounds[-1]).all()
    assert np.isnan(iou_interval(Counts.of_wafers([]))).all()


def test_unknown_presence_counts_on_neither_side():
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, (50, CLASS_COUNT)).astype(np.float32)
    reported = rng.random((50, CLASS_COUNT)) < 0.5
    reported[:, 0] = truth[:, 0] == 1  # always right: nothing to be unsure of
    truth[:, 1] = 0  # never there: no F1
    low, high = f1_interval(truth, reported).T
    assert (low[0], high[0]) == (1.0, 1.0)
    assert np.isnan(low[1])
    more = np.concatenate([truth, np.full((30, CLASS_COUNT), np.nan, dtype=np.float32)])
    said = np.concatenate([reported, np.ones((30, CLASS_COUNT), dtype=bool)])
    wide = f1_interval(more, said)
    assert (wide[0] == 1.0).all()
