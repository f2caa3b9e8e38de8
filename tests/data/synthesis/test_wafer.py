import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.classes import CLASS_INDEX, CLASS_KEYS
from data.synthesis import WaferRecipe, draw_over, draw_wafer
from data.synthesis.frame import Frame
from data.synthesis.outline import round_wafer
from data.synthesis.wafer import LEAST_DIES, PATTERN_COUNT_SHARES, compose, with_background
from data.wafer import FAIL, OFF_WAFER, PASS
from tests.data.synthesis.drawn import SEEDS, drawn_freely, drawn_with

classes = st.lists(st.sampled_from(CLASS_KEYS), max_size=4, unique=True).map(tuple)


@settings(max_examples=25)
@given(st.integers(0, 10**6), classes)
def test_masks_hold_failing_dies_alone_and_only_of_what_was_asked(seed, wanted):
    drawn = draw_wafer(np.random.default_rng(seed), WaferRecipe(longest=50, classes=wanted))
    assert drawn.masks.dtype == bool
    assert drawn.masks.shape == (8, *drawn.wafer.dies.shape)
    assert not (drawn.masks & ~drawn.wafer.failing).any()
    assert set(drawn.classes_present) <= set(wanted)
    sizes = drawn.masks.sum(axis=(1, 2))
    assert ((sizes == 0) | (sizes >= LEAST_DIES)).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_seed_draws_the_same_wafer_again_and_another_one_another(seed):
    first, again, other = (draw_wafer(np.random.default_rng(s)) for s in (seed, seed, seed + 1000))
    assert np.array_equal(first.wafer.dies, again.wafer.dies)
    assert np.array_equal(first.masks, again.masks)
    assert first.wafer.key == again.wafer.key
    assert not np.array_equal(first.wafer.dies, other.wafer.dies)


@pytest.mark.parametrize("key", CLASS_KEYS)
def test_a_class_that_is_asked_for_is_almost_always_there(key):
    there = sum(drawn.classes_present == (key,) for drawn in drawn_with(key))
    assert there >= 0.9 * SEEDS  # a speck on a coarse grid may miss every die


def test_sizes_run_from_20_to_210_dies_and_reach_both_ends():
    sides = np.array([drawn.wafer.dies.shape for drawn in drawn_freely()])
    assert sides.min() >= 20
    assert sides.max() <= 210
    assert sides.max(axis=1).min() <= 26
    assert sides.max(axis=1).max() >= 180


def test_zero_to_four_patterns_are_drawn_in_the_shares_told():
    asked = [len(drawn.classes_present) for drawn in drawn_freely()]
    shares = np.bincount(asked, minlength=5) / len(asked)
    assert shares == pytest.approx(PATTERN_COUNT_SHARES, abs=0.08)  # a pattern may be covered by another


def test_every_class_comes_up_alone_and_among_others():
    alone = {d.classes_present[0] for d in drawn_freely() if len(d.classes_present) == 1}
    among = {key for d in drawn_freely() if len(d.classes_present) > 1 for key in d.classes_present}
    assert alone == among == set(CLASS_KEYS)


def test_background_alone_belongs_to_no_class():
    drawn = draw_wafer(np.random.default_rng(3), WaferRecipe(classes=(), background=0.2))
    assert drawn.wafer.fail_count > 0
    assert not drawn.masks.any()


@pytest.mark.parametrize("level", [0.0, 0.05, 0.2])
def test_background_keeps_its_level(level):
    rng = np.random.default_rng(5)
    frame = Frame(round_wafer(120, 120))
    dies = [with_background(rng, frame, level) for _ in range(12)]
    assert all(((d == OFF_WAFER) == (frame.dies == OFF_WAFER)).all() for d in dies)
    failing = np.mean([np.mean(d[d != OFF_WAFER] == FAIL) for d in dies])
    assert failing == pytest.approx(level, rel=0.15)


def test_patterns_are_drawn_over_a_wafer_without_changing_which_dies_exist_or_healing_one():
    rng = np.random.default_rng(8)
    dies = with_background(rng, Frame(round_wafer(40, 33)), 0.1)
    drawn = draw_over(rng, dies, WaferRecipe(classes=("edge",)))
    assert ((drawn.wafer.dies == OFF_WAFER) == (dies == OFF_WAFER)).all()
    assert (drawn.wafer.dies[dies == FAIL] == FAIL).all()
    assert drawn.classes_present == ("edge",)


def test_a_die_belongs_to_every_pattern_whose_region_holds_it_and_to_random_only_without_one():
    dies = np.full((6, 6), PASS, dtype=np.uint8)
    dies[5, 5] = OFF_WAFER
    left, top, all_over = (np.zeros((6, 6), dtype=np.float32) for _ in range(3))
    left[:, :3], top[:3], all_over[:] = 1, 1, 1
    drawn, masks = compose(np.random.default_rng(1), dies, {"edge": left, "ring": top, "random": all_over})
    on_wafer = dies != OFF_WAFER
    assert (drawn[on_wafer] == FAIL).all()
    assert drawn[5, 5] == OFF_WAFER
    assert (masks[CLASS_INDEX["edge"]] == (left > 0)).all()
    assert (masks[CLASS_INDEX["ring"]] == (top > 0)).all()
    assert (masks[CLASS_INDEX["random"]] == (on_wafer & (left == 0) & (top == 0))).all()


def test_a_background_failure_inside_a_pattern_counts_as_the_pattern_s():
    dies = np.full((4, 4), PASS, dtype=np.uint8)
    dies[:2] = FAIL
    faint = np.where(np.arange(4)[:, None] < 2, np.float32(1e-9), np.float32(0)) * np.ones((1, 4), np.float32)
    _, masks = compose(np.random.default_rng(1), dies, {"center": faint})
    assert (masks[CLASS_INDEX["center"]] == (dies == FAIL)).all()


def test_fewer_dies_than_four_are_no_pattern():
    dies = np.full((4, 4), PASS, dtype=np.uint8)
    small, enough = np.zeros((4, 4), np.float32), np.zeros((4, 4), np.float32)
    small[0, :3], enough[3, :4] = 1, 1
    drawn, masks = compose(np.random.default_rng(1), dies, {"scratch": small, "edge": enough})
    assert (drawn == FAIL).sum() == 7
    assert masks[CLASS_INDEX["scratch"]].sum() == 0
    assert masks[CLASS_INDEX["edge"]].sum() == 4
