import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.active_learning.curves import area, band, interval, labels_to_reach, paired_difference, stop_advice

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


def test_the_interval_holds_the_mean_of_most_samples():
    rng = np.random.default_rng(0)
    bounds = [interval(rng.normal(5, 1, 30)) for _ in range(100)]
    assert sum(low <= 5 <= high for low, high in bounds) >= 85


def test_under_two_points_is_the_end():
    assert stop_advice([0.5, 0.519]).go_on is False
    assert stop_advice([0.5, 0.52]).go_on is True
    assert stop_advice([0.7, 0.6]).text == "Stop: the last round gained -10.0 points, less than 2."
    assert stop_advice([0.5]).go_on is True
