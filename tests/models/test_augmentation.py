import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data.synthesis import draw_wafer
from models.augmentation import STRETCH, joined, stretched, turned, turned_with


@given(seed=st.integers(0, 2**16))
@settings(max_examples=20, deadline=None)
def test_masks_turn_with_their_wafer(seed):
    drawn = draw_wafer(np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    dies, masks = turned_with(rng, drawn.wafer.dies, drawn.masks)
    assert dies.tolist() == turned(np.random.default_rng(seed), drawn.wafer.dies).tolist()
    assert masks.shape[1:] == dies.shape
    assert not (masks & (dies != 2)).any()


@given(seed=st.integers(0, 2**16), height=st.integers(8, 70), width=st.integers(8, 70))
def test_a_grid_is_stretched_within_what_is_allowed(seed, height, width):
    shape = stretched(np.random.default_rng(seed), np.ones((height, width), np.uint8), 33, 70).shape
    for side, before in zip(shape, (height, width), strict=True):
        assert min(before, 33) <= side <= 70
        assert before * STRETCH[0] - 1 <= side <= before * STRETCH[1] + 1


def test_two_wafers_joined_fail_where_either_does_and_show_what_either_shows():
    dies, other = np.ones((10, 10), np.uint8), np.ones((20, 20), np.uint8)
    dies[0], other[:2, 0] = 2, 2
    unknown = np.float32(np.nan)
    presence = np.array([1, 0, 0, unknown, unknown, 0, 1, unknown], dtype=np.float32)
    other_presence = np.array([0, 1, 0, 0, 1, unknown, unknown, unknown], dtype=np.float32)
    both, shown = joined(dies, presence, other, other_presence)
    np.testing.assert_array_equal(shown, [1, 1, 0, unknown, 1, unknown, 1, unknown])
    assert both.tolist() == np.where(np.arange(10)[:, None] == 0, 2, dies).tolist()
    other[:, :2] = 2
    assert (joined(dies, presence, other, other_presence)[0][:, 0] == 2).all()


def test_a_crowded_wafer_is_joined_with_none():
    dies, crowded = np.ones((10, 10), np.uint8), np.full((10, 10), 2, np.uint8)
    presence, other = np.zeros(8, np.float32), np.ones(8, np.float32)
    assert joined(dies, presence, crowded, other) == (dies, presence)
    assert joined(crowded, other, dies, presence) == (crowded, other)
