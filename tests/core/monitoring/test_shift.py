import numpy as np
import pytest
from scipy.spatial.distance import cdist

from core.monitoring.shift import kind_shift, look_shift, value_shift

LOTS = (np.repeat([f"a{n}" for n in range(12)], 10), np.repeat([f"b{n}" for n in range(6)], 10))


def test_the_index_of_kinds_is_that_of_the_formula():
    found = kind_shift(["x"] * 6 + ["y"] * 3, ["x"] * 2 + ["y"] * 5, (range(9), range(7)))
    q, p = np.array([6.5, 3.5]) / 10, np.array([2.5, 5.5]) / 8
    assert found.size == pytest.approx(((p - q) * np.log(p / q)).sum())


def test_the_energy_distance_is_that_of_brute_force():
    rng = np.random.default_rng(1)
    old, new = rng.normal(size=(30, 5)).astype(np.float32), rng.normal(0.7, 1, (20, 5)).astype(np.float32)
    a, b, c = cdist(old, new).mean(), cdist(old, old).mean(), cdist(new, new).mean()
    found = look_shift(old, new, (np.arange(30) // 5, np.arange(20) // 5))
    assert found.size == pytest.approx((2 * a - b - c) / (2 * a), rel=1e-5)  # distances by dot products lose digits


def test_a_shift_is_found_and_lots_that_differ_by_nature_are_none():
    rng = np.random.default_rng(2)
    by_lot = [np.repeat(rng.normal(size=n), 10) for n in (12, 6)]  # every lot has a level of its own
    assert not value_shift(by_lot[0], by_lot[1], LOTS).sure
    assert value_shift(by_lot[0], by_lot[1] + 4, LOTS).sure
    look = [np.repeat(rng.normal(size=(n, 8)), 10, axis=0).astype(np.float32) for n in (12, 6)]
    assert not look_shift(look[0], look[1], LOTS).sure
    assert look_shift(look[0], look[1] + 3, LOTS).sure


def test_too_few_lots_cannot_tell():
    found = value_shift([1.0, 2, 3, 4], [5.0, 6], (list("abcd"), list("ef")))
    assert found.size > 0
    assert np.isnan(found.p)
    assert not found.sure
