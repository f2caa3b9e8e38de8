import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.splits import held_out

NAMES = [f"L{i}" for i in range(4000)]


@settings(max_examples=30)
@given(st.lists(st.text(max_size=8), max_size=20), st.floats(0, 1), st.integers(0, 9))
def test_a_name_s_side_depends_on_nothing_but_itself_and_the_seed(names, share, seed):
    together = held_out(names, share, seed)
    assert together.tolist() == [bool(held_out([name], share, seed)[0]) for name in names]
    assert held_out(names[::-1], share, seed).tolist() == together.tolist()[::-1]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_share_is_kept(share):
    found = held_out(NAMES, share, 7)
    assert found.dtype == bool
    assert found.mean() == pytest.approx(share, abs=0.02)
    if share in (0.0, 1.0):
        assert found.mean() == share


def test_a_larger_share_holds_out_the_same_names_and_more():
    small, large = held_out(NAMES, 0.1, 7), held_out(NAMES, 0.3, 7)
    assert (small <= large).all()


def test_other_seeds_hold_out_independently():
    a, b = held_out(NAMES, 0.3, 1), held_out(NAMES, 0.3, 2)
    assert np.mean(a & b) == pytest.approx(0.09, abs=0.02)
