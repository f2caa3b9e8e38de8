import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.statistics.significance import benjamini_hochberg, fisher, mean_change, odds, share_change, wilson

CELL = st.integers(0, 30)


@pytest.mark.parametrize(
    ("now", "before", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((5, 56), (0, 29), -0.0381, 0.1926),
    ],
)
def test_share_intervals_are_newcombes(now, before, low, high):
    """Newcombe 1998, table II, method 10."""
    found = share_change(before, now)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(0, 50), st.integers(1, 50))
def test_wilson_equals_scipy(affected, of):
    affected = min(affected, of)
    expected = stats.binomtest(affected, of).proportion_ci(method="wilson")
    assert wilson(affected, of) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_nothing_to_share_is_undefined():
    assert wilson(0, 0) == (0.0, 1.0)
    assert np.isnan(share_change((0, 0), (1, 2)).p)


@given(st.lists(st.floats(-9, 9), min_size=2, max_size=9), st.lists(st.floats(-9, 9), min_size=2, max_size=9))
def test_mean_changes_equal_welch_by_scipy(before, now):
    spreads = np.std(before, ddof=1), np.std(now, ddof=1)
    found = mean_change((np.mean(before), spreads[0], len(before)), (np.mean(now), spreads[1], len(now)))
    assert found.change == pytest.approx(np.mean(now) - np.mean(before), abs=1e-12)
    if min(spreads) < 1e-6:
        return
    expected = stats.ttest_ind(now, before, equal_var=False)
    interval = expected.confidence_interval()
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-9)


@pytest.mark.parametrize(("before", "now"), [((1.0, 0.0, 5), (2.0, 0.0, 5)), ((1.0, 1.0, 1), (2.0, 1.0, 9))])
def test_a_mean_without_spread_or_number_has_no_interval(before, now):
    found = mean_change(before, now)
    assert found.change == 1
    assert np.isnan([found.low, found.high, found.p]).all()


@given(CELL, CELL, CELL, CELL)
def test_fisher_equals_the_sum_over_all_tables_no_likelier(a, b, c, d):
    total, row, column = a + b + c + d, a + b, a + c
    if total == 0:
        return
    draws = stats.hypergeom(total, row, column)
    possible = draws.pmf(np.arange(max(0, row + column - total), min(row, column) + 1))
    expected = possible[possible <= draws.pmf(a) * (1 + 1e-7)].sum()
    assert fisher(a, b, c, d) == pytest.approx(min(1.0, expected), rel=1e-6)


@given(CELL, CELL, CELL, CELL)
def test_odds_are_finite_and_turn_over_with_the_rows(a, b, c, d):
    one, other = odds(a, b, c, d), odds(c, d, a, b)
    assert 0 < one.low <= one.ratio <= one.high < np.inf
    assert one.ratio * other.ratio == pytest.approx(1)
    assert one.low * other.high == pytest.approx(1)
    if a and b and c and d:
        assert one.ratio == pytest.approx(a * d / (b * c))
    else:
        assert one.ratio == pytest.approx((a + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5)))


def test_odds_intervals_are_woolfs():
    found = odds(20, 80, 10, 190)
    half = 1.959964 * np.sqrt(1 / 20 + 1 / 80 + 1 / 10 + 1 / 190)
    assert (found.low, found.high) == pytest.approx((4.75 * np.exp(-half), 4.75 * np.exp(half)), rel=1e-6)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_corrected_p_is_the_least_rate_at_which_the_step_up_procedure_keeps_it(p):
    corrected = benjamini_hochberg(p)
    ranks = sorted(p)
    for value, q in zip(p, corrected, strict=True):
        expected = min(other * len(p) / (at + 1) for at, other in enumerate(ranks) if other >= value)
        assert q == pytest.approx(min(1.0, expected), abs=1e-12)


def test_what_has_no_p_value_is_not_counted():
    assert benjamini_hochberg([0.01, np.nan, 0.04]).tolist() == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
