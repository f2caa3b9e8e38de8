import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evaluation.metrics import (
    baseline_masks,
    boundary,
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
from data.errors import WaferValueError

EXACT = {"rel": 1e-12, "nan_ok": True}


@st.composite
def pairs(draw, most=4):
    """True and predicted masks of a few small wafers of different shapes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    truth, predicted = [], []
    for _ in range(draw(st.integers(0, most))):
        shape = (8, draw(st.integers(1, 9)), draw(st.integers(1, 9)))
        truth.append(rng.random(shape) < draw(st.sampled_from([0, 0.2, 0.8])))
        predicted.append(rng.random(shape) < draw(st.sampled_from([0, 0.2, 0.8])))
    return truth, predicted


def _dies(masks, k):
    """Places (wafer, row, column) of class k, as a set."""
    return {(i, r, c) for i, m in enumerate(masks) for r in range(m.shape[1]) for c in range(m.shape[2]) if m[k, r, c]}


def _ratio(a, b):
    return len(a) / len(b) if b else math.nan


def _reference_scores(truth, predicted):
    scores = {"iou": [], "precision": [], "recall": []}
    for k in range(8):
        t, p = _dies(truth, k), _dies(predicted, k)
        scores["iou"].append(_ratio(t & p, t | p))
        scores["precision"].append(_ratio(t & p, p))
        scores["recall"].append(_ratio(t & p, t))
    return scores


def _reference_boundary(mask):
    """Die by die: is any place outside the mask, or off the grid, within reach."""
    height, width = mask.shape
    reach = max(1, round(0.02 * math.hypot(height, width)))
    near = np.zeros_like(mask)
    for r in range(height):
        for c in range(width):
            around = [(r + i, c + j) for i in range(-reach, reach + 1) for j in range(-reach, reach + 1)]
            outside = any(not (0 <= y < height and 0 <= x < width) or not mask[y, x] for y, x in around)
            near[r, c] = mask[r, c] and outside
    return near


def _reference_confusion(truth, predicted):
    table = np.zeros((9, 9), dtype=int)
    for die in range(truth.shape[1]):
        t, p = set(np.flatnonzero(truth[:, die])), set(np.flatnonzero(predicted[:, die]))
        for k in t & p:
            table[k, k] += 1
        for a in (t - p) or ({8} if p - t else set()):
            for b in (p - t) or ({8} if t - p else set()):
                table[a, b] += 1
    return table


@settings(deadline=None)
@given(pairs())
def test_pooled_scores_equal_brute_force(pair):
    counts, expected = count(*pair), _reference_scores(*pair)
    assert iou_over_dies(counts).tolist() == pytest.approx(expected["iou"], **EXACT)
    assert precision(counts).tolist() == pytest.approx(expected["precision"], **EXACT)
    assert recall(counts).tolist() == pytest.approx(expected["recall"], **EXACT)
    assert counts.support.tolist() == [len(_dies(pair[0], k)) for k in range(8)]


@settings(deadline=None)
@given(pairs())
def test_mean_iou_over_wafers_is_the_mean_of_each_wafers_own(pair):
    alone = []
    for t, p in zip(*pair, strict=True):
        defined = [v for v in _reference_scores([t], [p])["iou"] if not math.isnan(v)]
        alone += [sum(defined) / len(defined)] if defined else []
    expected = sum(alone) / len(alone) if alone else math.nan
    assert mean_iou_over_wafers(count(*pair)) == pytest.approx(expected, **EXACT)


@settings(deadline=None)
@given(pairs())
def test_iou_does_not_care_which_side_is_true(pair):
    truth, predicted = pair
    assert np.array_equal(
        iou_over_dies(count(truth, predicted)), iou_over_dies(count(predicted, truth)), equal_nan=True
    )
    assert np.array_equal(precision(count(truth, predicted)), recall(count(predicted, truth)), equal_nan=True)


@settings(deadline=None)
@given(pairs())
def test_perfect_masks_score_one_or_are_undefined(pair):
    counts = count(pair[0], pair[0])
    for scores in (iou_over_dies(counts), precision(counts), recall(counts), [mean_iou_over_wafers(counts)]):
        assert all(v == 1 or math.isnan(v) for v in scores)


@settings(deadline=None, max_examples=30)
@given(pairs(most=2))
def test_boundaries_equal_brute_force(pair):
    for masks in (*pair[0], *pair[1]):
        assert np.array_equal(boundary(masks), np.stack([_reference_boundary(m) for m in masks]))


def test_boundary_reaches_further_on_a_fine_grid():
    masks = np.ones((8, 120, 120), dtype=bool)
    assert np.flatnonzero(~boundary(masks)[0, 60]).tolist() == list(range(3, 117))


def test_boundary_iou_punishes_a_shifted_rim_that_pooled_iou_forgives():
    truth, predicted = np.zeros((2, 8, 40, 40), dtype=bool)
    truth[:, 5:35, 5:35] = True
    predicted[:, 7:33, 7:33] = True
    loose, strict = iou_over_dies(count([truth], [predicted])), iou_over_dies(count_boundaries([truth], [predicted]))
    assert loose[0] > 0.7
    assert strict[0] < 0.1


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(0, 2**32 - 1), st.sampled_from([0.1, 0.5]))
def test_confusion_equals_brute_force(dies, seed, share):
    truth, predicted = np.random.default_rng(seed).random((2, 8, dies)) < share
    assert np.array_equal(confusion(truth, predicted), _reference_confusion(truth, predicted))


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_confusion_of_single_classes_counts_every_die_once(dies, seed):
    rng = np.random.default_rng(seed)
    truth, predicted = (np.eye(9, 8, dtype=bool)[rng.integers(0, 9, dies)].T for _ in range(2))
    in_any = int((truth | predicted).any(axis=0).sum())
    assert confusion(truth, predicted).sum() == in_any


def test_the_baseline_gives_all_failing_dies_to_the_likeliest_class():
    probabilities = np.zeros((8, 1, 4), dtype=np.float32)
    probabilities[2, 0] = [0.9, 0.1, 0.2, 1.0]
    probabilities[5, 0] = [0.3, 0.8, 0.4, 0.0]
    failing = np.array([[True, True, True, False]])
    masks = baseline_masks(probabilities, failing)
    assert np.array_equal(masks[5], failing)
    assert masks.sum() == 3


def test_the_baseline_of_a_wafer_without_failures_is_empty():
    assert not baseline_masks(np.ones((8, 2, 2), dtype=np.float32), np.zeros((2, 2), dtype=bool)).any()


def _reference_presence(truth, predicted):
    """Wafer by wafer in plain Python."""
    f1, sides = [], {"precision": [], "recall": []}
    for k in range(8):
        rows = [(t[k] == 1, bool(p[k])) for t, p in zip(truth, predicted, strict=True) if not math.isnan(t[k])]
        hit, shown, said = (
            sum(1 for t, p in rows if f(t, p)) for f in (lambda t, p: t and p, lambda t, p: t, lambda t, p: p)
        )
        sides["precision"].append(hit / said if said else math.nan)
        sides["recall"].append(hit / shown if shown else math.nan)
        p, r = sides["precision"][-1], sides["recall"][-1]
        f1.append(math.nan if not shown else 2 * p * r / (p + r) if hit else 0.0)
    exact, alarms = [], []
    for t, p in zip(truth, predicted, strict=True):
        known = [k for k in range(8) if not math.isnan(t[k])]
        if known:
            exact.append(all((t[k] == 1) == bool(p[k]) for k in known))
            if not any(t[k] == 1 for k in known):
                alarms.append(any(p[k] for k in known))
    defined = [v for v in f1 if not math.isnan(v)]
    share = lambda values: sum(values) / len(values) if values else math.nan  # noqa: E731
    return sides, f1, share(defined), share(exact), share(alarms)


@settings(deadline=None)
@given(st.integers(0, 12), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.2, 0.6]))
def test_presence_equals_brute_force(wafers, seed, unknown):
    rng = np.random.default_rng(seed)
    truth = (rng.random((wafers, 8)) < 0.2).astype(np.float32)
    truth[rng.random((wafers, 8)) < unknown] = np.nan
    predicted = rng.random((wafers, 8)) < 0.3
    scores = score_presence(truth, predicted)
    sides, f1, macro_f1, exact_match, false_alarm_share = _reference_presence(truth, predicted)
    assert scores.precision.tolist() == pytest.approx(sides["precision"], **EXACT)
    assert scores.recall.tolist() == pytest.approx(sides["recall"], **EXACT)
    assert scores.f1.tolist() == pytest.approx(f1, **EXACT)
    assert scores.macro_f1 == pytest.approx(macro_f1, **EXACT)
    assert scores.exact_match == pytest.approx(exact_match, **EXACT)
    assert scores.false_alarm_share == pytest.approx(false_alarm_share, **EXACT)


def test_what_nobody_knows_is_not_scored():
    truth = np.full((2, 8), np.nan, dtype=np.float32)
    scores = score_presence(truth, np.ones((2, 8), dtype=bool))
    assert np.isnan(scores.precision).all()
    assert math.isnan(scores.exact_match)
    assert math.isnan(scores.false_alarm_share)


def test_the_mean_leaves_out_what_is_undefined():
    assert mean(np.array([np.nan, 0.25, 0.75])) == 0.5
    assert math.isnan(mean(np.zeros(0)))


def test_masks_of_other_shapes_are_refused():
    good = np.zeros((8, 3, 3), dtype=bool)
    with pytest.raises(WaferValueError, match="masks: 2 true and 1 predicted wafers"):
        count([good, good], [good])
    with pytest.raises(
        WaferValueError, match=r"masks of wafer 1: expected two boolean \(8, H, W\), found bool \(8, 3, 3\)"
    ):
        count([good, good], [good, good[:, :2]])
    with pytest.raises(WaferValueError, match="and float32"):
        count_boundaries([good], [good.astype(np.float32)])


def test_presence_of_other_shapes_or_values_is_refused():
    with pytest.raises(WaferValueError, match=r"expected two tables \(N, 8\), found \(1, 8\) and \(2, 8\)"):
        score_presence(np.zeros((1, 8), np.float32), np.zeros((2, 8), bool))
    with pytest.raises(WaferValueError, match="other values than 0, 1 and NaN"):
        score_presence(np.full((1, 8), 0.5, np.float32), np.zeros((1, 8), bool))
