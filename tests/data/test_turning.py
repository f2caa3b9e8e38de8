import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.geometry import clock_angle, radius_share
from data.synthesis.outline import round_wafer
from data.turning import add_noise, overlaid, resized, symmetry, turn, undo_symmetry
from data.wafer import FAIL, OFF_WAFER, PASS

UNEVEN = np.arange(12).reshape(3, 4)


def failing_sector(side: int, middle: float, half: float = 0.4) -> np.ndarray:
    dies = round_wafer(side, side)
    away = np.abs(np.mod(clock_angle(dies) - middle + np.pi, 2 * np.pi) - np.pi)
    dies[(dies == PASS) & (away < half) & (radius_share(dies) > 0.3)] = FAIL
    return dies


@pytest.mark.parametrize("k", range(8))
def test_undoing_a_symmetry_gives_the_grid_back(k):
    assert undo_symmetry(symmetry(UNEVEN, k), k).tolist() == UNEVEN.tolist()


@pytest.mark.parametrize("k", range(8))
def test_a_symmetry_turns_every_plane_of_a_stack_alike(k):
    stack = np.stack([UNEVEN, 100 - UNEVEN])
    assert symmetry(stack, k).tolist() == [symmetry(plane, k).tolist() for plane in stack]
    assert undo_symmetry(symmetry(stack, k), k).tolist() == stack.tolist()


def test_the_eight_symmetries_differ_and_are_closed():
    square = np.arange(9).reshape(3, 3)
    every = {symmetry(square, k).tobytes() for k in range(8)}
    assert len(every) == 8
    assert {symmetry(symmetry(square, a), b).tobytes() for a in range(8) for b in range(8)} == every
    assert symmetry(square, 0).tolist() == square.tolist()


@settings(max_examples=20)
@given(st.floats(-10, 10), st.integers(0, 99))
def test_turning_keeps_which_dies_exist(angle, seed):
    rng = np.random.default_rng(seed)
    dies = round_wafer(int(rng.integers(20, 50)), int(rng.integers(20, 50)))
    dies[(dies > 0) & (rng.random(dies.shape) < 0.3)] = FAIL
    turned = turn(dies, angle)
    assert turned.dtype == np.uint8
    assert ((turned == OFF_WAFER) == (dies == OFF_WAFER)).all()


@pytest.mark.parametrize("shape", [(30, 30), (31, 31), (27, 44)])
@pytest.mark.parametrize("turns", [0, 1, -2])
def test_whole_turns_change_nothing(shape, turns):
    dies = round_wafer(*shape)
    dies[(dies > 0) & (np.random.default_rng(1).random(shape) < 0.3)] = FAIL
    assert turn(dies, 2 * np.pi * turns).tolist() == dies.tolist()


@pytest.mark.parametrize("side", [30, 31])
def test_a_quarter_turn_clockwise_is_numpy_s(side):
    dies = failing_sector(side, 0.7)
    assert turn(dies, np.pi / 2).tolist() == np.rot90(dies, -1).tolist()


@pytest.mark.parametrize("angle", [0.5, 2.0, 4.0])
def test_a_sector_turns_clockwise_by_the_angle(angle):
    turned, wanted = turn(failing_sector(60, 1.0), angle) == FAIL, failing_sector(60, 1.0 + angle) == FAIL
    assert (turned & wanted).sum() / (turned | wanted).sum() > 0.85  # dies at the sector's sides round either way


def test_noise_of_nothing_changes_nothing():
    dies = failing_sector(30, 1.0)
    assert add_noise(np.random.default_rng(1), dies, 0, 0, 0).tolist() == dies.tolist()


def test_noise_flips_and_loses_the_shares_it_was_told():
    dies = np.tile(np.array([[0, 1, 1, 2]], dtype=np.uint8), (300, 100))
    noisy = add_noise(np.random.default_rng(1), dies, failing=0.1, passing=0.3, missing=0.05)
    kept = noisy != OFF_WAFER
    assert (noisy[dies == OFF_WAFER] == OFF_WAFER).all()
    assert (~kept[dies != OFF_WAFER]).mean() == pytest.approx(0.05, abs=0.005)
    assert (noisy[kept & (dies == PASS)] == FAIL).mean() == pytest.approx(0.1, abs=0.005)
    assert (noisy[kept & (dies == FAIL)] == PASS).mean() == pytest.approx(0.3, abs=0.01)


def test_a_wafer_never_loses_its_last_die():
    assert add_noise(np.random.default_rng(1), np.ones((3, 3), np.uint8), 0, 0, missing=1.0).any()


@pytest.mark.parametrize("side", [20, 33, 57])
def test_a_pattern_stays_where_it_is_on_another_grid(side):
    dies = resized(failing_sector(40, 1.0), (side, 40))
    assert dies.shape == (side, 40)
    assert float(radius_share(dies)[dies == FAIL].min()) > 0.2
    middle = np.angle(np.exp(1j * clock_angle(dies)[dies == FAIL]).mean())
    assert middle == pytest.approx(1.0, abs=0.1)


def test_its_own_shape_shows_a_wafer_as_it_is():
    dies = failing_sector(31, 1.0)
    assert resized(dies, dies.shape).tolist() == dies.tolist()


def test_a_wafer_laid_over_adds_its_failures_and_no_dies():
    dies, other = failing_sector(30, 1.0), failing_sector(45, 4.0)
    both = overlaid(dies, other)
    assert ((both == OFF_WAFER) == (dies == OFF_WAFER)).all()
    assert (both[dies == FAIL] == FAIL).all()
    assert ((both == FAIL) == (dies == FAIL) | ((dies == PASS) & (resized(other, (30, 30)) == FAIL))).all()
    assert (both == FAIL).sum() > 1.5 * (dies == FAIL).sum()
    assert overlaid(dies, round_wafer(30, 30)).tolist() == dies.tolist()
