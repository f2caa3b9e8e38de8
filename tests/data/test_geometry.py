import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data.geometry import clock_angle, extent, geometry, holds_dies, polar, radius_share
from data.wafer import WaferMap


def _with_one_die(dies: np.ndarray) -> np.ndarray:
    dies.flat[dies.size // 2] = 1
    return dies


grids = arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 2)).map(
    _with_one_die
)


def wafer(dies: np.ndarray, **fields: object) -> WaferMap:
    return WaferMap(dies=dies, lot_id="L", wafer_id="W", **fields)


def _reference_extent(dies: np.ndarray) -> tuple[int, int, int, int]:
    there = [(r, c) for r in range(dies.shape[0]) for c in range(dies.shape[1]) if dies[r, c]]
    rows, columns = zip(*there, strict=True)
    return min(rows), max(rows), min(columns), max(columns)


@settings(max_examples=30)
@given(grids)
def test_the_extent_is_that_of_the_tested_dies(dies):
    assert extent(dies) == _reference_extent(dies)


@settings(max_examples=30)
@given(grids)
def test_radius_and_angle_equal_the_slow_sums(dies):
    top, bottom, left, right = _reference_extent(dies)
    radius, angle = radius_share(dies), clock_angle(dies)
    for r, c in np.ndindex(*dies.shape):
        down = (r - (top + bottom) / 2) / ((bottom - top + 1) / 2)
        across = (c - (left + right) / 2) / ((right - left + 1) / 2)
        assert radius[r, c] == pytest.approx(math.hypot(down, across), abs=1e-6)
        if math.hypot(down, across) > 1e-9:
            away = (angle[r, c] - math.atan2(across, -down)) % (2 * math.pi)
            assert min(away, 2 * math.pi - away) == pytest.approx(0, abs=1e-6)


def test_angles_run_clockwise_from_twelve_o_clock():
    angle = clock_angle(np.ones((3, 3), dtype=np.uint8))
    hours = [angle[0, 1], angle[1, 2], angle[2, 1], angle[1, 0]]
    assert hours == pytest.approx([0, math.pi / 2, math.pi, 3 * math.pi / 2], abs=1e-6)


def test_the_rim_is_at_one_also_where_dies_are_not_square():
    radius = radius_share(np.ones((10, 40), dtype=np.uint8))
    assert radius[0, 20] == pytest.approx(0.9, abs=0.01)  # centre of the outermost die: half a die inside the rim
    assert radius[5, 0] == pytest.approx(0.975, abs=0.01)


def test_empty_margins_do_not_move_the_centre():
    dies = np.pad(np.ones((9, 9), dtype=np.uint8), ((4, 0), (1, 7)))
    frame = geometry(wafer(dies, die_pitch_mm=(2.0, 3.0), diameter_mm=30.0))
    assert frame.center == (8.0, 5.0)
    assert radius_share(dies)[8, 5] == 0


def test_known_lengths_are_taken_as_they_are():
    frame = geometry(wafer(np.ones((4, 4), np.uint8), die_pitch_mm=(2.0, 3.0), diameter_mm=200.0))
    assert (frame.die_pitch_mm, frame.diameter_mm, frame.assumed) == ((2.0, 3.0), 200.0, False)
    assert (frame.radius_mm, frame.die_area_mm2) == (100.0, 6.0)
    assert frame.area_cm2 == pytest.approx(math.pi * 10**2)


@pytest.mark.parametrize(
    ("known", "pitch", "diameter"),
    [
        ({}, (75.0, 50.0), 300.0),
        ({"diameter_mm": 200.0}, (50.0, 200 / 6), 200.0),
        ({"die_pitch_mm": (10.0, 8.0)}, (10.0, 8.0), 300.0),
    ],
)
def test_what_is_unknown_is_assumed_and_said_to_be(known, pitch, diameter):
    frame = geometry(wafer(np.ones((4, 6), np.uint8), **known))
    assert frame.die_pitch_mm == pytest.approx(pitch)
    assert frame.diameter_mm == diameter
    assert frame.assumed


def test_millimetres_run_right_and_up_from_the_centre():
    frame = geometry(wafer(np.ones((5, 5), np.uint8), die_pitch_mm=(2.0, 3.0), diameter_mm=20.0))
    x, y = frame.to_mm(np.array([2.0, 0.0, 4.0]), np.array([2.0, 4.0, 1.0]))
    assert x.tolist() == [0.0, 6.0, -3.0]
    assert y.tolist() == [0.0, 4.0, -4.0]


def test_a_known_centre_goes_before_the_middle_of_the_tested_dies():
    few = wafer(np.array([[1, 2]], np.uint8), die_pitch_mm=(10.0, 5.0), diameter_mm=100.0, center=(3.0, -1.0))
    x, y = geometry(few).to_mm(np.array([0.0, 0.0]), np.array([0.0, 1.0]))
    assert (x.tolist(), y.tolist()) == ([5.0, 10.0], [30.0, 30.0])
    distance, angle = polar(few)
    assert distance[0].tolist() == pytest.approx([math.hypot(5, 30) / 50, math.hypot(10, 30) / 50])
    assert angle[0].tolist() == pytest.approx([math.atan2(5, 30), math.atan2(10, 30)])


@settings(max_examples=20)
@given(grids)
def test_distance_and_angle_are_those_of_the_tested_dies_as_long_as_no_centre_is_known(dies):
    distance, angle = polar(wafer(dies, die_pitch_mm=(2.0, 3.0), diameter_mm=20.0))
    assert np.array_equal(distance, radius_share(dies))
    assert np.array_equal(angle, clock_angle(dies))


@pytest.mark.parametrize(
    ("center", "lengths", "holds"),
    [
        ((4.5, 4.5), {"die_pitch_mm": (10.0, 10.0), "diameter_mm": 150.0}, True),
        ((9.0, 4.5), {"die_pitch_mm": (10.0, 10.0), "diameter_mm": 150.0}, False),
        ((9.0, 4.5), {}, True),
        ((9.5, 4.5), {}, False),
    ],
)
def test_a_centre_from_which_dies_lie_beyond_the_rim_cannot_be(center, lengths, holds):
    assert holds_dies(wafer(np.ones((10, 10), np.uint8), center=center, **lengths)) is holds
