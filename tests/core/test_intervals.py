import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.intervals import newcombe, wilson

counts = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_wilson_is_what_scipy_gives(pair):
    k, n = pair
    expected = stats.binomtest(k, n).proportion_ci(method="wilson")
    low, high = wilson(k, n)
    assert float(low) == pytest.approx(expected.low, abs=1e-9)
    assert float(high) == pytest.approx(expected.high, abs=1e-9)


def test_wilson_of_none_and_all_touches_the_end():
    low, high = wilson([0, 7], [7, 7])
    assert (low[0], high[1]) == (0.0, 1.0)
    assert high[0] > 0.3
    assert low[1] < 0.7


def test_nothing_tried_has_no_interval():
    assert np.isnan(wilson(0, 0)).all()
    assert np.isnan(newcombe(0, 0, 1, 2)).all()
    assert np.isnan(newcombe(1, 2, 0, 0)).all()


@pytest.mark.parametrize(
    ("a", "n", "b", "m", "low", "high"),
    [  # table II of Newcombe 1998, method 10
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (10, 10, 0, 20, 0.6791, 1.0),
    ],
)
def test_newcombe_gives_the_published_intervals(a, n, b, m, low, high):
    assert newcombe(a, n, b, m) == pytest.approx((low, high), abs=5e-5)


@given(counts, counts)
def test_the_difference_lies_within_and_turns_its_sign_with_the_groups(a, b):
    low, high = newcombe(*a, *b)
    assert low - 1e-12 <= a[0] / a[1] - b[0] / b[1] <= high + 1e-12
    assert newcombe(*b, *a) == pytest.approx((-high, -low))
