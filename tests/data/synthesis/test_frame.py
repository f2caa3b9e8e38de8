import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.synthesis.frame import Frame, arc, smooth_noise, wobble
from data.synthesis.outline import round_wafer

FRAME = Frame(round_wafer(41, 41))


def test_x_runs_right_and_y_up_from_the_centre():
    assert (FRAME.x[20, 20], FRAME.y[20, 20]) == (0, 0)
    assert FRAME.x[20, 40] == pytest.approx(40 / 41, abs=1e-6)
    assert FRAME.y[0, 20] == pytest.approx(40 / 41, abs=1e-6)
    assert np.hypot(FRAME.x, FRAME.y) == pytest.approx(FRAME.radius, abs=1e-6)


def test_a_die_is_two_over_the_longer_side_wide():
    assert Frame(round_wafer(20, 50)).die == pytest.approx(2 / 50)


def test_seen_from_the_centre_nothing_moves():
    distance, angle = FRAME.seen_from(0, 0)
    away = np.mod(angle - FRAME.angle + np.pi, 2 * np.pi) - np.pi
    assert distance == pytest.approx(FRAME.radius, abs=1e-6)
    assert away[FRAME.radius > 0] == pytest.approx(0, abs=1e-5)


def test_seen_from_elsewhere_the_nearest_die_is_there():
    distance, _ = FRAME.seen_from(0.5, -0.25)
    row, column = np.unravel_index(distance.argmin(), distance.shape)
    assert FRAME.x[row, column] == pytest.approx(0.5, abs=FRAME.die)
    assert FRAME.y[row, column] == pytest.approx(-0.25, abs=FRAME.die)


@settings(max_examples=40)
@given(st.floats(0, 6.28), st.floats(0, 6.28), st.floats(0.01, 6.2))
def test_an_arc_holds_what_lies_within_half_its_span_either_way_round(angle, middle, span):
    away = min(abs(angle - middle + turn) for turn in (-2 * np.pi, 0, 2 * np.pi))
    if abs(away - span / 2) > 1e-6:
        assert bool(arc(np.array([angle]), middle, span)[0]) == (away < span / 2)


@pytest.mark.parametrize("seed", range(5))
def test_an_uneven_outline_closes_and_stays_near_one(seed):
    angle = np.linspace(0, 2 * np.pi, 500)
    factor = wobble(np.random.default_rng(seed), angle, 0.1)
    assert factor[0] == pytest.approx(factor[-1], abs=1e-5)
    assert np.abs(np.diff(factor)).max() < 0.02
    assert factor.mean() == pytest.approx(1, abs=0.02)
    assert (factor >= 0.3).all()
    assert (factor <= 2).all()


def test_smooth_noise_has_mean_0_and_deviation_1_and_is_smooth():
    fields = np.stack([smooth_noise(np.random.default_rng(seed), FRAME) for seed in range(200)])
    assert fields.mean() == pytest.approx(0, abs=0.12)
    assert fields.std() == pytest.approx(1, abs=0.1)
    steps = np.abs(np.diff(fields[:, 5:-5, 5:-5], axis=2))
    assert np.median(steps) < 0.15
