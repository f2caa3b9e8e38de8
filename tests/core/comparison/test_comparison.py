from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from core.comparison.comparison import (
    MEASURE_COLUMNS,
    common_grids,
    die_difference,
    history_steps,
    measures,
    share_p_values,
    shared,
    stacks,
    summed_up,
)
from core.lake import Lake, WaferFilter
from tests.core.lake_examples import START, drawn, found_on

A, B = WaferFilter(attribute="tool=A"), WaferFilter(attribute="tool=B")


def p_of(a, n, b, m):
    return float(share_p_values(*(np.array([[value]]) for value in (a, n, b, m)))[0, 0])


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Forty wafers by turns of tool A and B; on A the die (5, 5) fails, and edge and ring are found there alone."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    results = []
    for n in range(40):
        wafer = drawn(n, product="TC38", attributes={"tool": "AB"[n % 2]})
        dies = wafer.dies.copy()
        dies[5, 5] = 2 if n % 2 == 0 else 1
        wafer = replace(wafer, dies=dies)
        results.append(found_on(wafer, *(("edge", "ring") if n % 2 == 0 else ()), seed=n))
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results)
    return lake


small_tables = st.tuples(st.integers(1, 30), st.integers(1, 30)).flatmap(
    lambda nm: st.tuples(st.integers(0, nm[0]), st.just(nm[0]), st.integers(0, nm[1]), st.just(nm[1]))
)


@given(small_tables)
@example((15, 25, 25, 25))  # expects 5 and no less in a cell
def test_few_wafers_are_tested_exactly(table):
    a, n, b, m = table
    hits, wafers = a + b, n + m
    p = p_of(a, n, b, m)
    if hits in (0, wafers):
        assert np.isnan(p)
        return
    if min(n, m) * min(hits, wafers - hits) / wafers < 5:
        expected = stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue
    else:
        expected = stats.chi2_contingency([[a, n - a], [b, m - b]], correction=False).pvalue
    assert p == pytest.approx(expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(
    "table", [(3, 4000, 20, 5000), (0, 5000, 12, 5000), (800, 5000, 900, 5000), (4998, 5000, 5000, 5000)]
)
def test_many_wafers_agree_with_fishers_test(table):
    a, n, b, m = table
    assert p_of(*table) == pytest.approx(stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue, rel=0.1)


def test_every_die_gets_the_value_of_its_own_table():
    rng = np.random.default_rng(5)
    n, m = np.full((6, 7), 9), np.full((6, 7), 12)
    a, b = rng.integers(0, 10, (6, 7)), rng.integers(0, 13, (6, 7))
    p = share_p_values(a, n, b, m)
    for row in range(6):
        for column in range(7):
            assert p[row, column] == pytest.approx(p_of(a[row, column], 9, b[row, column], 12), nan_ok=True)


def test_without_a_tested_wafer_there_is_no_value():
    assert np.isnan(p_of(0, 0, 3, 5))


def test_the_die_that_one_tool_kills_is_marked_and_hardly_another(lake):
    grid = next(iter(common_grids(lake, A, B)))
    found = die_difference(*stacks(lake, A, B, grid))
    assert found.significant[5, 5]
    assert found.difference[5, 5] == 1.0
    assert found.significant.sum() <= 2
    assert np.isnan(found.difference[0, 0])  # never tested
    known = np.isfinite(found.p)
    assert np.allclose(found.p_corrected[known], stats.false_discovery_control(found.p[known]))


def test_a_class_is_compared_over_its_own_dies(lake):
    grid = next(iter(common_grids(lake, A, B)))
    a, b = stacks(lake, A, B, grid)
    found = die_difference(a, b, "edge")
    assert np.nanmin(found.difference) >= 0  # nothing of it on B
    assert found.significant[5, 5] == (a.share("edge")[5, 5] > 0.3)


def test_groups_turned_round_turn_the_difference(lake):
    grid = next(iter(common_grids(lake, A, B)))
    one, other = die_difference(*stacks(lake, A, B, grid)), die_difference(*stacks(lake, B, A, grid))
    assert np.allclose(one.difference, -other.difference, equal_nan=True)
    assert np.allclose(one.p, other.p, equal_nan=True)


def test_measures_are_those_of_the_wafers(lake):
    table = measures(lake, A, B).set_index("measure")
    wafers = lake.query("SELECT * FROM wafers ORDER BY key")
    of_a = np.array([dict(one)["tool"] == "A" for one in wafers["attributes"]])
    for measure, column in (("yield", "yield_fraction"), ("severity", "severity"), ("clusters", "cluster_count")):
        one, other = wafers.loc[of_a, column], wafers.loc[~of_a, column]
        welch = stats.ttest_ind(one, other, equal_var=False)
        row = table.loc[measure]
        assert (row["a"], row["b"]) == pytest.approx((one.mean(), other.mean()))
        assert row["p"] == pytest.approx(welch.pvalue)
        interval = welch.confidence_interval()
        assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert (table.loc["edge", "a"], table.loc["edge", "b"]) == ((wafers.loc[of_a, "affected_edge"] > 0).mean(), 0)
    assert table.loc["edge", "p_corrected"] < 0.001
    assert table.loc["scratch", "difference"] == 0


def test_a_group_without_results_has_undefined_shares(lake, tmp_path):
    bare = Lake(tmp_path)
    bare.append_wafers([drawn(0, attributes={"tool": "A"}), drawn(1, attributes={"tool": "B"})])
    table = measures(bare, A, B).set_index("measure")
    assert list(table.reset_index().columns) == list(MEASURE_COLUMNS)
    assert table.loc["edge", ["a", "b", "difference", "p"]].isna().all()
    assert table.loc["severity", ["a", "b", "difference"]].isna().all()
    assert not np.isnan(table.loc["yield", "difference"])


def test_a_group_is_summed_up(lake):
    group = summed_up(lake, A)
    assert (group.wafers, group.lots, group.segmented) == (20, 2, 20)
    assert (group.first.to_pydatetime(), group.last.to_pydatetime()) == tuple(
        (START + timedelta(hours=hours)).replace(tzinfo=None) for hours in (0, 38)
    )
    nobody = summed_up(lake, WaferFilter(lot="none"))
    assert (nobody.wafers, nobody.first) == (0, None)


def test_wafers_of_both_groups_are_counted(lake):
    assert shared(lake, A, B) == 0
    assert shared(lake, A, WaferFilter(lot="LOT001")) == 7


def test_grids_that_only_one_group_has_are_left_out(lake):
    assert list(common_grids(lake, A, B).values()) == [(20, 20)]
    assert common_grids(lake, A, WaferFilter(lot="none")) == {}


def test_the_steps_of_the_history_can_be_listed(lake):
    assert history_steps(lake) == ["tool=A", "tool=B"]
