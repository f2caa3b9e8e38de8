import numpy as np
import pytest

from core.lots.profiles import angular_profile, radial_profile
from core.lots.stacking import Grid, Stack, stack_layers
from data.classes import CLASS_COUNT, CLASS_INDEX
from data.wafer import WaferMap
from tests.core.wafers import disc, radius

SIZE = 40
GRID = Grid("P", SIZE, SIZE, "down")


def stacked(failing: np.ndarray, **size) -> Stack:
    """Four wafers on which these dies fail, all of class ring."""
    dies = disc(SIZE)
    dies[failing & (dies > 0)] = 2
    fails = int((dies == 2).sum())
    masks = np.zeros((CLASS_COUNT, fails), dtype=np.uint8)
    masks[CLASS_INDEX["ring"]] = 1
    like = WaferMap(dies=dies, lot_id="L", wafer_id="W", **size)
    return stack_layers([(dies, masks)] * 4, GRID, like, 4)


def test_a_band_at_the_rim_fails_in_the_outer_rings_alone():
    profile = radial_profile(stacked(radius(SIZE) >= 0.8))
    assert list(profile["share"][:8]) == [0] * 8
    assert list(profile["share"][8:]) == [1, 1]


def test_rings_are_in_millimetres_where_the_size_is_known():
    known = radial_profile(stacked(radius(SIZE) >= 0.8, die_pitch_mm=(7.5, 7.5), diameter_mm=300.0))
    assert known["to_mm"].tolist() == pytest.approx(np.arange(15, 151, 15).tolist())
    assert known["share"].tolist()[:8] == [0] * 8
    assert radial_profile(stacked(radius(SIZE) >= 0.8))["to_mm"].isna().all()


def test_every_tested_die_counts_once_in_both_profiles():
    stack = stacked(radius(SIZE) >= 0.5)
    for profile in (radial_profile(stack, "ring"), angular_profile(stack)):
        assert profile["tested"].sum() == stack.tested.sum()
        assert profile["failing"].sum() == stack.failing.sum()
        assert (profile["low"] <= profile["share"] + 1e-12).all()
        assert (profile["share"] <= profile["high"] + 1e-12).all()


def test_another_class_has_no_share_anywhere():
    assert (radial_profile(stacked(radius(SIZE) >= 0.5), "edge")["share"] == 0).all()


@pytest.mark.parametrize(
    ("row", "column", "hour"),
    [(0, SIZE // 2, 12), (SIZE // 2, SIZE - 1, 3), (SIZE - 1, SIZE // 2, 6), (SIZE // 2, 0, 9)],
)
def test_a_failing_die_counts_at_its_clock_hour(row, column, hour):
    failing = np.zeros((SIZE, SIZE), dtype=bool)
    failing[row, column] = True
    profile = angular_profile(stacked(failing)).set_index("hour")
    assert profile["failing"].to_dict() == {h: 4 * (h == hour) for h in profile.index}


def test_hours_run_round_the_clock():
    assert angular_profile(stacked(radius(SIZE) >= 0.5))["hour"].tolist() == [12, *range(1, 12)]


def test_rings_without_a_die_are_left_out():
    dies = disc(SIZE)
    dies[radius(SIZE) < 0.35] = 0
    stack = stack_layers([(dies, None)], GRID, WaferMap(dies=dies, lot_id="L", wafer_id="W"), 1)
    assert radial_profile(stack)["from_radius"].min() == pytest.approx(0.3)
