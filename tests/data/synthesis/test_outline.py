import math

import numpy as np
import pytest

from data.synthesis.outline import COMMON_SIDES, draw_outline, round_wafer
from data.wafer import PASS

OUTLINES = [draw_outline(np.random.default_rng([3, seed])) for seed in range(200)]


def test_outlines_hold_passing_dies_and_nothing_else():
    assert all(dies.dtype == np.uint8 and set(np.unique(dies)) == {0, PASS} for dies in OUTLINES)


@pytest.mark.parametrize(("shortest", "longest"), [(20, 31), (31, 45), (45, 63), (99, 181), (20, 20)])
def test_sides_keep_the_bounds_they_were_given(shortest, longest):
    sides = np.array([draw_outline(np.random.default_rng(s), shortest, longest).shape for s in range(60)])
    assert sides.min() >= shortest
    assert sides.max() <= longest


def test_common_sides_are_common_and_others_are_drawn_too():
    longest = [max(dies.shape) for dies in OUTLINES]
    common = np.mean([side in COMMON_SIDES for side in longest])
    assert 0.4 < common < 0.75
    assert len(set(longest)) > 40


def test_wafers_are_round():
    share = [np.count_nonzero(dies) / dies.size for dies in OUTLINES]
    assert np.median(share) == pytest.approx(math.pi / 4, abs=0.04)
    assert min(share) > 0.6


@pytest.mark.parametrize(("height", "width", "exclusion"), [(20, 20, 0.0), (25, 41, 0.02), (60, 33, -0.01)])
def test_a_die_exists_where_its_centre_lies_within_the_wafer(height, width, exclusion):
    dies = round_wafer(height, width, exclusion)
    for r, c in np.ndindex(height, width):
        away = math.hypot((2 * r + 1) / height - 1, (2 * c + 1) / width - 1)
        if abs(away - (1 - exclusion)) > 1e-9:
            assert dies[r, c] == (away <= 1 - exclusion)


def test_some_wafers_have_a_flat_and_some_miss_dies_inside():
    round_ones = [round_wafer(*dies.shape, exclusion=0.03) for dies in OUTLINES]  # type: ignore[misc]
    cut = [((whole == 1) & (dies == 0)) for dies, whole in zip(OUTLINES, round_ones, strict=True)]
    flat = [bool(c[[0, -1]].any() or c[:, [0, -1]].any()) for c in cut]
    inside = [bool(c[c.shape[0] // 4 : -c.shape[0] // 4, c.shape[1] // 4 : -c.shape[1] // 4].any()) for c in cut]
    assert 0.08 < np.mean(flat) < 0.5
    assert 0.1 < np.mean(inside) < 0.4
