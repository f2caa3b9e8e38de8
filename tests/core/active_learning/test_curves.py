import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from core.active_learning.curves import area, band, labels_to_reach, paired_difference, stop_advice, together

SCORES = arrays(float, 6, elements=st.floats(0, 1))
LABELS = [10, 20, 40, 50, 80, 90]


@given(SCORES)
def test_the_area_is_a_mean_score(scores):
    assert scores.min() - 1e-9 <= area(LABELS, scores) <= scores.max() + 1e-9


@given(SCORES, st.floats(0, 1))
def test_a_score_is_first_reached_where_it_is_drawn(scores, goal):
    found = labels_to_reach(LABELS, scores, goal)
    fine = np.linspace(10, 90, 4001)
    there = fine[np.interp(fine, LABELS, scores) >= goal]
    if found is None:
        assert scores.max() < goal
    else:
        assert found == pytest.approx(there[0] if len(there) else found, abs=0.021)


def test_the_band_holds_the_mean():
    mean, low, high = band(np.array([[0.2, 0.5, 0.8], [0.3, 0.6, 0.9]]))
    assert mean == pytest.approx([0.25, 0.55, 0.85])
    assert (low <= mean).all()
    assert (mean <= high).all()


def test_luck_that_both_arms_share_falls_out():
    luck = np.array([0.0, 0.3, 0.6, 0.9, 0.1])
    found = paired_difference(luck + np.array([0.02, 0.03, 0.02, 0.03, 0.02]), luck)
    assert found.mean == pytest.approx(0.024)
    assert found.certain
    assert not paired_difference(luck, luck[::-1]).certain


def test_five_seeds_are_compared_by_the_paired_t():
    """By hand: differences 0.01 to 0.05, mean 0.03, deviation 0.0158, error 0.00707, t of four 2.776."""
    found = paired_difference(np.array([0.11, 0.12, 0.13, 0.14, 0.15]), np.full(5, 0.1))
    assert (found.mean, found.low, found.high) == pytest.approx((0.03, 0.03 - 0.01963, 0.03 + 0.01963), abs=1e-5)
    assert found.p == pytest.approx(stats.ttest_rel([0.11, 0.12, 0.13, 0.14, 0.15], [0.1] * 5).pvalue)
    assert found.p == pytest.approx(0.01324, abs=1e-5)


def test_what_is_certain_alone_may_be_chance_among_nine():
    """By hand: 0.0132 is below 0.05, and above it when nine were looked at."""
    one = paired_difference(np.array([0.11, 0.12, 0.13, 0.14, 0.15]), np.full(5, 0.1))
    none = paired_difference(np.array([0.11, 0.09, 0.1, 0.12, 0.08]), np.full(5, 0.1))
    first, *others = together([one, *[none] * 8])
    assert one.certain
    assert first.p == pytest.approx(9 * one.p)
    assert not first.certain
    assert (first.low, first.high) == (one.low, one.high)
    assert {other.p for other in others} == {1.0}


def test_intervals_of_five_hold_the_mean_as_often_as_they_say():
    drawn = np.random.default_rng(0).normal(5, 1, (2000, 5))
    _, low, high = band(drawn.T)
    assert np.mean((low <= 5) & (high >= 5)) == pytest.approx(0.95, abs=0.015)


def test_under_two_points_is_the_end():
    assert stop_advice([0.5, 0.519]).go_on is False
    assert stop_advice([0.5, 0.52]).go_on is True
    assert stop_advice([0.7, 0.6]).text == "Stop: the last round gained -10.0 points, less than 2."
    assert stop_advice([0.5]).go_on is True
