import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data.synthesis import draw_wafer
from models.changes import STRETCH, stretched, turned, turned_with


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
