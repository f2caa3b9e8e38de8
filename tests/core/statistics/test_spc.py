import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.statistics.spc import (
    EWMA_WEIGHT,
    RULES,
    ControlChart,
    Violation,
    ewma_chart,
    individuals_chart,
    no_steadier_than_chance,
    outside,
    p_chart,
    western_electric,
)
from data.errors import WaferValueError

JUICE = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
"""Nonconforming cans of orange juice in 30 samples of 50: Montgomery, example 7.1."""
PURCHASES = [
    (12, 100), (8, 80), (6, 80), (9, 100), (10, 110), (12, 110), (11, 100), (16, 100), (10, 90), (6, 90), (20, 110),
    (15, 120), (9, 120), (8, 120), (6, 110), (8, 80), (10, 80), (7, 80), (5, 90), (8, 100), (8, 100), (5, 100),
    (8, 100), (10, 90), (6, 90),
]  # fmt: skip
"""Purchase orders with errors and orders in all, by week: Montgomery, table 7.4."""
HARDNESS = [9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.2, 10.34, 9.03, 11.47, 10.51, 9.4, 10.08, 9.37]
"""First values of Montgomery's EWMA example 9.2; target 10, sigma 1, lambda 0.1, L 2.7."""
HARDNESS_EWMA = [9.945, 9.7495, 9.70355, 9.8992, 10.1253, 10.1307, 9.92167, 10.0755]


def everywhere(values):
    return np.ones(len(values), dtype=bool)


def standard(z, sigma=1.0, center=0.0):
    """A chart whose points lie `z` sigma from the centre."""
    points = center + sigma * np.asarray(z, dtype=float)
    spread = np.full(points.size, sigma)
    return ControlChart(points, center, spread, center - 3 * spread, center + 3 * spread)


def test_p_chart_of_equal_samples_is_the_textbooks():
    chart = p_chart(JUICE, [50] * 30, everywhere(JUICE))
    assert chart.center == pytest.approx(0.2313, abs=5e-5)
    assert chart.center + 3 * chart.sigma[0] == pytest.approx(0.4102, abs=5e-5)
    assert chart.center - 3 * chart.sigma[0] == pytest.approx(0.0524, abs=5e-5)
    assert np.flatnonzero(outside(chart)).tolist() == [14, 22]  # samples 15 and 23


def test_p_chart_of_unequal_samples_is_the_textbooks():
    counts, sizes = zip(*PURCHASES, strict=True)
    chart = p_chart(counts, sizes, everywhere(counts))
    assert chart.center == pytest.approx(233 / 2450, rel=1e-12)
    assert chart.center + 3 * chart.sigma[0] == pytest.approx(0.183, abs=1e-3)
    assert chart.sigma[:2] == pytest.approx([0.029, 0.033], abs=1e-3)


def test_p_chart_limits_end_at_none_and_all():
    chart = p_chart([1, 1, 9], [10, 20, 10], [True, True, False])
    assert chart.lower.min() == 0
    assert p_chart([9, 19, 9], [10, 20, 10], everywhere("abc")).upper.max() == 1


def test_p_chart_limits_are_those_of_exact_prediction():
    chart = p_chart(JUICE, [50] * 30, everywhere(JUICE))
    predicted = stats.betabinom(50, sum(JUICE) + 1, 1500 - sum(JUICE))
    assert chart.upper[0] * 50 == predicted.isf(stats.norm.sf(3)) + 0.5
    assert np.array_equal(outside(chart), np.abs(chart.away()) > 3)


@pytest.mark.parametrize("all_of_them", [False, True])
def test_a_baseline_without_any_or_of_all_leaves_room_for_chance(all_of_them):
    counts, sizes, normal = [*[0] * 10, 1, 2, 5], [25] * 13, [True] * 10 + [False] * 3
    if all_of_them:
        counts = [25 - k for k in counts]
    chart = p_chart(counts, sizes, normal)
    assert (chart.upper > chart.lower).all()
    fired = [(v.rule, v.last, v.high) for v in western_electric(chart)]
    assert fired == [(1, 12, not all_of_them), (2, 12, not all_of_them)]


def test_one_wafer_after_a_clean_baseline_is_within_limits_on_every_chart_of_shares():
    counts, sizes, normal = [*[0] * 10, 1], [25] * 11, np.array([True] * 10 + [False])
    shares = np.array(counts) / sizes
    for chart, weight in [
        (p_chart(counts, sizes, normal), 1.0),
        (individuals_chart(shares, normal), 1.0),
        (ewma_chart(shares, normal), EWMA_WEIGHT),
    ]:
        widened = no_steadier_than_chance(chart, counts, sizes, normal, weight=weight)
        assert (widened.upper > widened.lower).all()
        assert not outside(widened).any()
        assert western_electric(widened) == []


def test_a_rise_after_a_clean_baseline_is_beyond_limits_on_every_chart_of_shares():
    counts, sizes, normal = [*[0] * 10, 9, 9, 9], [25] * 13, np.array([True] * 10 + [False] * 3)
    shares = np.array(counts) / sizes
    for chart, weight in [(individuals_chart(shares, normal), 1.0), (ewma_chart(shares, normal), EWMA_WEIGHT)]:
        assert not chart.tells
        widened = no_steadier_than_chance(chart, counts, sizes, normal, weight=weight)
        assert widened.tells
        assert 12 in np.flatnonzero(outside(widened))
        assert [v.last for v in western_electric(widened, (1,))] == np.flatnonzero(outside(widened)).tolist()


def test_where_lots_scatter_more_than_chance_their_own_limits_stay():
    rng = np.random.default_rng(3)
    sizes = np.full(40, 400)
    counts = rng.binomial(sizes, np.clip(rng.normal(0.3, 0.1, 40), 0.01, 0.9))
    chart = individuals_chart(counts / sizes, everywhere(sizes))
    widened = no_steadier_than_chance(chart, counts, sizes, everywhere(sizes))
    assert np.array_equal(widened.upper, chart.upper)
    assert np.array_equal(widened.lower, chart.lower)


@pytest.mark.parametrize(("share", "of"), [(0.004, 10), (0.02, 10), (0.1, 12)])
def test_chance_alone_rarely_breaks_rule_one_on_an_ewma_of_shares(share, of):
    rng, fired, points = np.random.default_rng(5), 0, 0
    normal = np.arange(of + 20) < of
    for _ in range(60):
        counts, sizes = rng.binomial(25, share, normal.size), np.full(normal.size, 25)
        chart = no_steadier_than_chance(ewma_chart(counts / sizes, normal), counts, sizes, normal, weight=EWMA_WEIGHT)
        fired += sum(v.last >= of for v in western_electric(chart, (1,)))
        points += 20
    assert fired / points < 0.01


@pytest.mark.parametrize("level", [0.0, 0.1 + 0.2, 71.3])
def test_a_baseline_that_does_not_move_tells_no_limits(level):
    values, normal = [level] * 6 + [level + 1, level + 40], [True] * 6 + [False] * 2
    for chart in (individuals_chart(values, normal), ewma_chart(values, normal)):
        assert not chart.tells
        assert np.isnan(chart.upper).all()
        assert western_electric(chart) == []
        assert not outside(chart).any()


def test_individuals_limits_are_the_mean_of_moving_ranges():
    values = [310, 288, 297, 298, 307, 303, 294, 297, 308, 306, 294, 299, 297, 299, 314, 295, 293, 306, 301, 304]
    chart = individuals_chart(values, everywhere(values))  # the loan costs of Montgomery, example 6.5
    assert chart.center == pytest.approx(300.5, abs=1e-9)
    assert chart.upper[0] == pytest.approx(321.22, abs=0.02)  # the book rounds d2 to 1.128
    assert chart.lower[0] == pytest.approx(279.78, abs=0.02)


def test_limits_come_from_the_baseline_alone():
    values = [10.0, 12.0, 11.0, 500.0, 13.0, 10.0]
    normal = np.array([True, True, True, False, True, True])
    chart = individuals_chart(values, normal)
    assert chart.center == pytest.approx(56 / 5)
    assert chart.sigma[0] == pytest.approx(np.mean([2, 1, 3]) * np.sqrt(np.pi) / 2, rel=1e-12)


def test_ewma_points_are_the_textbooks():
    points = HARDNESS[:8]
    before = [9.0, 11.0]  # a baseline whose mean is the target
    chart = ewma_chart([*before, *points], [True, True, *[False] * 8], weight=0.1)
    shifted = ewma_chart([10.0, 10.0, *points], [True, True, *[False] * 8], weight=0.1)
    assert shifted.points[2:] == pytest.approx(HARDNESS_EWMA, abs=5e-4)
    assert chart.points[1] == pytest.approx(0.1 * 11 + 0.9 * 9.9, rel=1e-12)


def test_ewma_limits_are_the_textbooks():
    values = [10.0, 10.0 + 2 / np.sqrt(np.pi)]  # one moving range, so that sigma is 1
    chart = ewma_chart([*values, 10, 10], [True, True, False, False], weight=0.1, width=2.7)
    assert chart.upper[:2] - chart.center == pytest.approx([0.27, 0.3633], abs=1e-4)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=20), st.floats(0.01, 1))
def test_ewma_is_the_weighted_sum_of_all_before(values, weight):
    chart = ewma_chart(values, everywhere(values), weight=weight)
    for i in range(len(values)):
        terms = [weight * (1 - weight) ** j * values[i - j] for j in range(i + 1)]
        expected = sum(terms) + (1 - weight) ** (i + 1) * np.mean(values)
        assert chart.points[i] == pytest.approx(expected, abs=1e-9)


def test_an_ewma_of_weight_one_is_the_individuals_chart():
    values = [3.0, 5.0, 4.0, 9.0]
    one, other = ewma_chart(values, everywhere(values), weight=1.0), individuals_chart(values, everywhere(values))
    assert one.points == pytest.approx(other.points)
    assert one.upper == pytest.approx(other.upper)


@pytest.mark.parametrize(
    ("z", "fired"),
    [
        ([0, 3.1], [(1, 1, 1, True)]),
        ([0, -3.1], [(1, 1, 1, False)]),
        ([2.1, 0, 2.1], [(2, 0, 2, True)]),
        ([2.1, 0, -2.1], []),
        ([2.1, 0, 0, 2.1], []),
        ([1.1, 1.1, 0, 1.1, 1.1], [(3, 0, 4, True)]),
        ([1.1, 1.1, 1.1, 1.1, 0], [(3, 0, 3, True)]),
        ([-0.1] * 8, [(4, 0, 7, False)]),
        ([0.1] * 7 + [-0.1], []),
        ([0.1] * 7 + [0], []),
        ([3.0], []),
    ],
)
def test_each_rule_fires_where_the_handbook_says(z, fired):
    assert western_electric(standard(z)) == [Violation(*one) for one in fired]


@given(
    st.lists(st.sampled_from([-3.5, -2.5, -1.5, -0.5, 0.0, 0.5, 1.5, 2.5, 3.5]), max_size=40),
    st.sampled_from([0.1, 1.0, 30.0]),
)
def test_rules_equal_looking_at_every_window(z, sigma):
    expected = set()
    for rule, (needed, window, lines) in {1: (1, 1, 3), 2: (2, 3, 2), 3: (4, 5, 1), 4: (8, 8, 0)}.items():
        for high in (True, False):
            for last in range(len(z)):
                inside = [(v if high else -v) > lines for v in z[max(0, last - window + 1) : last + 1]]
                if inside[-1] and sum(inside) >= needed:
                    expected.add((rule, last, high))
    found = western_electric(standard(z, sigma, center=7.0))
    assert {(v.rule, v.last, v.high) for v in found} == expected
    assert len(found) == len(expected)


def test_a_violation_says_rule_and_side():
    for rule, words in RULES.items():
        assert Violation(rule, 0, 0, high=False).words() == f"Rule {rule}, below: {words}"


def test_points_on_the_centre_are_on_no_side_whatever_rounding_says():
    values = [0.1 + 0.2] * 5 + [0.3] * 5
    assert western_electric(individuals_chart(values, everywhere(values))) == []


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: p_chart([1, 2], [0, 5], [True, True]), "between 0 and their sizes"),
        (lambda: p_chart([9, 2], [5, 5], [True, True]), "between 0 and their sizes"),
        (lambda: p_chart([0.5, 2], [5, 5], [True, True]), "must be whole"),
        (lambda: individuals_chart([1, np.nan, 2], [True] * 3), "expected finite numbers"),
        (lambda: individuals_chart([1, 2, 3], [True] * 2), "expected finite numbers"),
        (lambda: individuals_chart([1, 2, 3], [True, False, False]), "at least 2"),
        (lambda: individuals_chart([1, 2, 3], [True, False, True]), "no two neighbouring"),
        (lambda: ewma_chart([1, 2], [True, True], weight=0.0), "the weight is 0"),
    ],
)
def test_what_cannot_be_charted_is_refused_with_the_reason(make, words):
    with pytest.raises(WaferValueError, match=words):
        make()
