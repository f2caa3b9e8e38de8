import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.statistics.draws import draw_limits, draw_scores

RARE = stats.norm.sf(3)


def tail(count, size, affected, of):
    """Chance of at least so many, added up over the posterior prediction of Thatcher: beta(affected + 1, rest)."""
    if affected == of:
        return 1.0
    return float(stats.betabinom.pmf(np.arange(count, size + 1), size, affected + 1, of - affected).sum())


def test_one_of_25_is_within_chance_after_none_of_250():
    low, high = draw_limits(np.array([25]), (0, 250))
    assert low[0] == 0
    assert 2 / 25 < high[0] < 3 / 25
    assert stats.binom.sf(0, 25, 1 - 0.05 ** (1 / 250)) == pytest.approx(
        0.26, abs=0.005
    )  # at the 95 % bound of the rate
    assert draw_scores(np.array([1 / 25]), np.array([25]), (0, 250))[0] < 3


@settings(deadline=None, max_examples=30)
@given(st.data(), st.integers(1, 60), st.integers(1, 400))
def test_limits_are_those_of_adding_up_every_tail(data, size, of):
    affected = data.draw(st.integers(0, of))
    low, high = draw_limits(np.array([size]), (affected, of))
    for count in range(size + 1):
        above, below = tail(count, size, affected, of), tail(size - count, size, of - affected, of)
        if abs(above - RARE) > 1e-9 * RARE:
            assert (count / size > high[0]) == (above < RARE)
        if abs(below - RARE) > 1e-9 * RARE:
            assert (count / size < low[0]) == (below < RARE)
        score = draw_scores(np.array([count / size]), np.array([size]), (affected, of))[0]
        assert score == pytest.approx(
            max(0, stats.norm.isf(min(1, above))) - max(0, stats.norm.isf(min(1, below))), abs=1e-6
        )


@given(st.data(), st.integers(1, 10**6), st.integers(1, 10**6))
def test_limits_never_meet_nor_lie_on_a_count(data, size, of):
    affected = data.draw(st.integers(0, of))
    low, high = draw_limits(np.array([size]), (affected, of))
    assert 0 <= low[0] < high[0] <= 1
    assert high[0] == 1 or (high[0] * size) % 1 == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("share", [0.0005, 0.004, 0.02, 0.1, 0.5, 0.97])
@pytest.mark.parametrize(("size", "of"), [(25, 100), (25, 250), (200, 1000), (500, 60)])
def test_chance_alone_is_out_of_limits_no_more_often_than_three_sigma_says(share, size, of):
    rng = np.random.default_rng(7)
    counts, times = np.unique(rng.binomial(of, share, 40_000), return_counts=True)
    beyond = total = 0
    for affected, repeated in zip(counts, times, strict=True):
        low, high = draw_limits(np.array([size]), (int(affected), of))
        drawn = rng.binomial(size, share, (repeated, 5)) / size
        beyond += np.count_nonzero((drawn > high[0]) | (drawn < low[0]))
        total += drawn.size
    assert beyond / total <= 2 * RARE + 4 * np.sqrt(2 * RARE / total)


def test_a_real_rise_is_out_of_limits():
    for affected, of, count, size in [(0, 250, 5, 25), (1, 1000, 4, 25), (50, 1000, 12, 50), (250, 250, 20, 25)]:
        score = draw_scores(np.array([count / size]), np.array([size]), (affected, of))[0]
        assert abs(score) > 3
