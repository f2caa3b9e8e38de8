import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy as reference_entropy

from core.segmentation.uncertainty import binary_entropy, lead, over_region, region, split, uncertainty
from data.classes import CLASS_COUNT

PROBABILITIES = arrays(np.float32, (4, CLASS_COUNT, 6), elements=st.floats(0, 1, width=32))


def on_row(values: dict[int, float], dies: int = 40, passes: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """A wafer of one row, all failing; the first class has these probabilities at these dies, 0 elsewhere."""
    samples = np.zeros((passes, CLASS_COUNT, 1, dies), dtype=np.float32)
    for die, p in values.items():
        samples[:, 0, 0, die] = p
    return samples, np.ones((1, dies), dtype=bool)


@settings(max_examples=30)
@given(PROBABILITIES)
def test_entropy_is_that_of_scipy(samples):
    expected = reference_entropy(np.stack([samples, 1 - samples]).astype(np.float64), base=2, axis=0)
    assert binary_entropy(samples) == pytest.approx(expected, abs=1e-5)


@given(PROBABILITIES)
def test_the_two_parts_add_up_and_are_never_negative(samples):
    found = split(samples)
    assert (found.aleatoric >= 0).all()
    assert (found.epistemic >= 0).all()
    assert found.aleatoric + found.epistemic == pytest.approx(found.total, abs=1e-6)
    assert found.total.max() <= 1 + 1e-6


@given(PROBABILITIES)
def test_passes_that_agree_leave_nothing_epistemic(samples):
    same = np.repeat(samples[:1], 4, axis=0)
    assert split(same).epistemic == pytest.approx(0, abs=1e-6)


@settings(max_examples=10)
@given(PROBABILITIES)
def test_bald_is_the_mutual_information_computed_the_long_way(samples):
    found = split(samples).epistemic
    for k in range(CLASS_COUNT):
        for die in range(samples.shape[2]):
            p = samples[:, k, die].astype(np.float64)
            joint = np.stack([p, 1 - p], axis=1) / len(p)  # pass, answer
            apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
            there = joint > 0
            expected = (joint[there] * np.log2(joint[there] / apart[there])).sum()
            assert found[k, die] == pytest.approx(expected, abs=2e-6)


def test_a_small_pattern_in_doubt_beats_a_little_doubt_all_over():
    small = uncertainty("small", *on_row(dict.fromkeys(range(8), 0.5)))
    all_over = uncertainty("all over", *on_row(dict.fromkeys(range(40), 0.06)))
    assert small.entropy == pytest.approx(1)
    assert all_over.entropy < 0.4
    assert 40 * binary_entropy(np.array([0.06]))[0] > 8  # summed over the wafer it would be the other way round


@given(st.integers(8, 500))
def test_dies_that_are_sure_change_nothing(dies):
    some = uncertainty("a", *on_row(dict.fromkeys(range(8), 0.4), dies=dies))
    fewest = uncertainty("a", *on_row(dict.fromkeys(range(8), 0.4), dies=8))
    assert (some.entropy, some.dies) == (fewest.entropy, fewest.dies)


def test_one_odd_die_is_no_pattern():
    assert uncertainty("one", *on_row({3: 0.5})).entropy == pytest.approx(1 / 5)


def test_a_wafer_without_failures_is_in_no_doubt():
    samples, _ = on_row(dict.fromkeys(range(40), 0.5))
    found = uncertainty("clean", samples, np.zeros((1, 40), dtype=bool))
    assert (found.entropy, found.bald, found.margin, found.dies, found.failing) == (0, 0, 0, 0, 0)


def test_it_says_which_class_is_in_doubt_and_why():
    samples, failing = on_row({}, passes=2)
    samples[0, 3, 0, :6], samples[1, 3, 0, :6] = 1, 0
    found = uncertainty("apart", samples, failing)
    assert (found.most_uncertain, found.dies) == ("scratch", 6)
    assert (found.entropy, found.epistemic, found.aleatoric, found.bald) == pytest.approx((1, 1, 0, 1))


def test_the_lead_is_between_the_two_likeliest_answers():
    probabilities = np.zeros((CLASS_COUNT, 3), dtype=np.float32)
    probabilities[0] = 0.9, 0.5, 0.9
    probabilities[2] = 0.0, 0.0, 0.8
    assert lead(probabilities) == pytest.approx([0.8, 0.0, 0.1])


@given(arrays(np.float32, 12, elements=st.floats(0, 1, width=32)))
def test_the_mean_over_the_region_lies_within_its_values(uncertainty):
    inside = region(uncertainty)
    assert 0 <= over_region(uncertainty, inside) <= uncertainty.max() * (1 + 1e-6)
    assert inside.any() == (uncertainty.max() >= np.finfo(np.float32).tiny)
