import math

import numpy as np
import pytest

from core.evaluation.calibration import (
    TEMPERATURES,
    THRESHOLDS,
    FailingDies,
    calibration_error,
    fit_die_thresholds,
    fit_fine_shares,
    fit_presence_thresholds,
    fit_temperatures,
)
from data.classes import CLASS_COUNT

ONES = np.ones(CLASS_COUNT, dtype=np.float32)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def dies(seed: int, count: int = 60, true_temperature: float = 1.0) -> FailingDies:
    """Dies whose truth is drawn with the probability that their logits say once divided by the true temperature."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (CLASS_COUNT, count)).astype(np.float32)
    truth = rng.random((CLASS_COUNT, count)) < 1 / (1 + np.exp(-logits / true_temperature))
    return FailingDies(logits, truth)


@pytest.mark.parametrize("seed", range(3))
def test_the_temperature_is_the_one_that_makes_the_truth_most_likely(seed):
    drawn = dies(seed, true_temperature=1.5)
    fitted = fit_temperatures(drawn)
    assert fitted.dtype == np.float32
    for k in range(CLASS_COUNT):
        costs = []
        for temperature in TEMPERATURES:
            hits = (
                sigmoid(float(x) / temperature if t else -float(x) / temperature)
                for x, t in zip(drawn.logits[k], drawn.truth[k], strict=True)
            )
            costs.append(-sum(math.log(hit) for hit in hits))
        assert fitted[k] == pytest.approx(TEMPERATURES[int(np.argmin(costs))])


@pytest.mark.parametrize("temperature", [0.6, 1.0, 2.2])
def test_an_over_or_unsure_network_is_found_out(temperature):
    assert fit_temperatures(dies(1, 8_000, temperature)) == pytest.approx(temperature * ONES, rel=0.15)


@pytest.mark.parametrize("good", ["fine", "coarse", "both"])
def test_the_look_that_tells_more_counts_for_more(good):
    rng = np.random.default_rng(4)
    truth = rng.random((CLASS_COUNT, 4000)) < 0.3
    noise = {"fine": (0.3, 4.0), "coarse": (4.0, 0.3), "both": (1.0, 1.0)}[good]
    fine, coarse = (
        FailingDies((2.0 * truth - 1 + rng.normal(0, size, truth.shape)).astype(np.float32), truth) for size in noise
    )
    shares = fit_fine_shares(fine, coarse)
    low, high = {"fine": (0.75, 1), "coarse": (0, 0.25), "both": (0.25, 0.75)}[good]
    assert shares.dtype == np.float32
    assert ((shares >= low) & (shares <= high)).all()


def test_looks_that_say_the_same_count_alike():
    drawn = dies(2)
    nobody = FailingDies(drawn.logits, np.zeros_like(drawn.truth))
    assert fit_fine_shares(drawn, drawn).tolist() == [0.5] * CLASS_COUNT
    assert fit_fine_shares(nobody, nobody).tolist() == [0.5] * CLASS_COUNT


@pytest.mark.parametrize("seed", range(3))
def test_the_die_threshold_gives_the_best_iou_there_is(seed):
    drawn = dies(seed)
    temperatures = np.linspace(0.5, 2, CLASS_COUNT, dtype=np.float32)
    fitted = fit_die_thresholds(drawn, temperatures)

    def iou(k: int, threshold: float) -> float:
        said = [sigmoid(float(x) / float(temperatures[k])) >= threshold for x in drawn.logits[k]]
        pairs = list(zip(said, drawn.truth[k], strict=True))
        return sum(s and t for s, t in pairs) / sum(s or t for s, t in pairs)

    for k in range(CLASS_COUNT):
        assert iou(k, float(fitted[k])) == pytest.approx(max(iou(k, t) for t in THRESHOLDS), abs=1e-9)


@pytest.mark.parametrize("weight", [1.0, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_presence_threshold_gives_the_best_f1_there_is(seed, weight):
    rng = np.random.default_rng(seed)
    label = (rng.random((50, CLASS_COUNT)) < 0.3).astype(np.float32)
    label[:20] = 0
    present = np.clip(0.5 + 0.3 * (label - 0.5) + rng.normal(0, 0.25, label.shape), 0, 1).astype(np.float32)
    label[30:35, 2] = np.nan
    plain = {i for i, row in enumerate(label) if (row == 0).all()}
    fitted = fit_presence_thresholds(present, label, weight)

    def f1(k: int, threshold: float) -> float:
        hit = false = missed = 0.0
        for i, (p, truth) in enumerate(zip(present[:, k].tolist(), label[:, k].tolist(), strict=True)):
            if not math.isnan(truth):
                hit += p >= threshold and truth == 1
                missed += p < threshold and truth == 1
                false += (p >= threshold and truth == 0) * (weight if i in plain else 1)
        return 2 * hit / (2 * hit + false + missed)

    for k in (0, 2, 7):
        assert f1(k, float(fitted[k])) == pytest.approx(max(f1(k, float(t)) for t in THRESHOLDS), abs=1e-9)


def test_half_of_the_best_f1_serves_unseen_wafers_better_than_the_threshold_a_dozen_liked_best():
    """Of probabilities that mean shares; the gain is averaged over draws of few wafers, judged by many."""
    rng = np.random.default_rng(5)

    def drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
        present = rng.beta(0.15, 0.9, (count, CLASS_COUNT)).astype(np.float32)
        return present, (rng.random(present.shape) < present).astype(np.float32)

    def f1(present: np.ndarray, label: np.ndarray, threshold: np.ndarray) -> float:
        said, there = present >= threshold, label == 1
        return float((2 * (said & there).sum(axis=0) / (said.sum(axis=0) + there.sum(axis=0))).mean())

    unseen, gains = drawn(20_000), []
    for _ in range(10):
        few = drawn(90)
        half, liked = (fit_presence_thresholds(*few, calibrated=calibrated) for calibrated in (True, False))
        gains.append(f1(*unseen, half) - f1(*unseen, liked))
    assert np.mean(gains) > 0.005
    many = drawn(20_000)
    half, liked = (fit_presence_thresholds(*many, calibrated=calibrated) for calibrated in (True, False))
    assert f1(*unseen, half) == pytest.approx(f1(*unseen, liked), abs=0.005)


def test_dear_false_alarms_never_lower_a_threshold():
    rng = np.random.default_rng(1)
    label = np.zeros((80, CLASS_COUNT), dtype=np.float32)
    label[:25] = 1
    present = np.clip(0.4 + 0.2 * label + rng.normal(0, 0.2, label.shape), 0, 1).astype(np.float32)
    plain, dear = (fit_presence_thresholds(present, label, weight) for weight in (1.0, 10.0))
    assert (dear >= plain).all()
    assert (dear > plain).any()


def test_a_class_that_no_wafer_shows_keeps_a_half():
    none = FailingDies(np.zeros((CLASS_COUNT, 5), np.float32), np.zeros((CLASS_COUNT, 5), dtype=bool))
    assert fit_die_thresholds(none, ONES).tolist() == [0.5] * CLASS_COUNT
    unknown = np.full((4, CLASS_COUNT), np.nan, dtype=np.float32)
    assert fit_presence_thresholds(np.full((4, CLASS_COUNT), 0.9, np.float32), unknown).tolist() == [0.5] * CLASS_COUNT
    absent = np.zeros((4, CLASS_COUNT), dtype=np.float32)
    assert fit_presence_thresholds(np.full((4, CLASS_COUNT), 0.9, np.float32), absent).tolist() == [0.5] * CLASS_COUNT


def test_where_several_thresholds_part_truth_as_well_the_one_in_the_middle_of_them_is_taken():
    label = np.zeros((6, CLASS_COUNT), dtype=np.float32)
    label[:3] = 1
    present = np.where(label == 1, 0.8, 0.2).astype(np.float32)
    assert fit_presence_thresholds(present, label) == pytest.approx(0.5 * ONES, abs=0.011)
    logits = np.where(label.T == 1, np.log(4), -np.log(4)).astype(np.float32)
    assert fit_die_thresholds(FailingDies(logits, label.T == 1), ONES) == pytest.approx(0.5 * ONES, abs=0.011)


def test_a_large_source_does_not_decide_alone():
    """A large source gains a little from a low threshold, a small one much from a high one."""
    label = np.zeros((330, CLASS_COUNT), dtype=np.float32)
    present = np.full((330, CLASS_COUNT), 0.2, dtype=np.float32)
    label[:150], present[:120], present[120:150] = 1, 0.9, 0.4
    label[300:315], present[300:315], present[315:] = 1, 0.9, 0.5
    source = ["large"] * 300 + ["small"] * 30
    assert (fit_presence_thresholds(present, label) < 0.41).all()
    assert (fit_presence_thresholds(present, label, source=source) > 0.5).all()


def test_a_source_without_the_class_still_counts_its_false_alarms():
    label = np.zeros((60, CLASS_COUNT), dtype=np.float32)
    present = np.full((60, CLASS_COUNT), 0.1, dtype=np.float32)
    label[:10], present[:10], present[20:] = 1, 0.8, 0.5
    source = ["synthetic"] * 20 + ["real"] * 40
    assert (fit_presence_thresholds(present, label, source=source) > 0.5).all()


def test_the_calibration_error_equals_the_gaps_summed_by_hand():
    """Three dies are said to be .9, of which two are, and one .2, which is not."""
    logits = np.full((CLASS_COUNT, 4), math.log(0.9 / 0.1), dtype=np.float32)
    logits[:, 3] = math.log(0.2 / 0.8)
    truth = np.tile([True, True, False, False], (CLASS_COUNT, 1))
    expected = (abs(3 * 0.9 - 2) + abs(0.2 - 0)) / 4
    assert calibration_error(FailingDies(logits, truth)) == pytest.approx([expected] * CLASS_COUNT, abs=1e-6)


def test_the_right_temperature_brings_the_calibration_error_down():
    of = dies(1, count=4000, true_temperature=2.5)
    before, after = calibration_error(of), calibration_error(of, np.full(CLASS_COUNT, 2.5, dtype=np.float32))
    assert (after < before / 2).all()
    assert np.isnan(calibration_error(dies(1, count=0))).all()
