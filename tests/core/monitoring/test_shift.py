from itertools import combinations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from core.monitoring.shift import SURE, kind_shift, look_shift, tellable, value_shift

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


def apart(recent, count):
    """Energy distance of two groups of lots that lie on a line, lot n at 2 to the n."""
    new = [2.0**n for n in recent]
    old = [2.0**n for n in range(count) if n not in recent]
    return 2 * cdist([*zip(old)], [*zip(new)]).mean() - sum(cdist([*zip(s)], [*zip(s)]).mean() for s in (old, new))


@pytest.mark.parametrize(("old", "new"), [(3, 3), (3, 4), (4, 3), (4, 4), (5, 3)])
def test_so_many_lots_can_tell_as_have_a_shuffling_rare_enough(old, new):
    splits = [apart(recent, old + new) for recent in combinations(range(old + new), new)]
    rarest = np.mean([distance >= max(splits) - 1e-9 for distance in splits])
    assert tellable(old, new) == (rarest < SURE)


def test_three_lots_against_three_cannot_tell_however_far_apart():
    lots = ([*"aaabbbccc"], [*"dddeeefff"])
    assert np.isnan(value_shift(np.arange(9.0), np.arange(9.0) + 1000, lots).p)
    more = ([*"aaabbbccc"], [*"dddeeefffggg"])
    assert value_shift(np.arange(9.0), np.arange(12.0) + 1000, more).sure
