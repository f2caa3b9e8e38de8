from datetime import date, timedelta

import numpy as np
import pytest

from core.lake import Lake, WaferFilter
from core.statistics.significance import benjamini_hochberg, mean_change, share_change
from core.trends.weekly import ALL_PRODUCTS, COLUMNS, Weeks, changes, newest_weeks, significant, words
from tests.core.lake_examples import START, drawn, found_on

PER_DAY = 6


def classes_of(n):
    """Every wafer of TC38 is scratched in the second week, and every sixth shows an edge throughout."""
    late, first = n >= 7 * PER_DAY, n % 3 == 0
    return (*(("scratch",) if late and first else ()), *(("edge",) if n % 6 == 1 else ()))


@pytest.fixture(scope="module")
def results():
    wafers = [drawn(n, tested_at=START + timedelta(days=n // PER_DAY, hours=n % PER_DAY)) for n in range(14 * PER_DAY)]
    return [found_on(wafer, *classes_of(n), seed=n) for n, wafer in enumerate(wafers)]


@pytest.fixture(scope="module")
def lake(results, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("weekly"))
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results)
    return lake


@pytest.fixture(scope="module")
def weeks(lake):
    return newest_weeks(lake, WaferFilter())


def test_the_newest_weeks_are_seven_days_each_and_end_with_the_newest_test(weeks):
    assert weeks == Weeks(date(2026, 3, 1), date(2026, 3, 8), date(2026, 3, 14))


def test_every_row_compares_the_two_weeks_of_its_class_and_product(lake, results, weeks):
    found = changes(lake, WaferFilter(), weeks)
    assert tuple(found) == COLUMNS
    assert set(found["product"]) == {ALL_PRODUCTS, "TC38", "TC39", "TC49"}
    for row in found.to_dict("records"):
        its = [r for r in results if row["product"] in (ALL_PRODUCTS, r.wafer.product)]
        before, now = ([r for r in its if (r.wafer.tested_at.date() >= weeks.now) is late] for late in (False, True))
        if row["class"]:
            k = [sum(row["class"] in r.segmentation.classes_present for r in week) for week in (before, now)]
            expected = share_change((k[0], len(before)), (k[1], len(now)))
            assert (row["affected_before"], row["affected_now"]) == tuple(k)
        else:
            scores = [np.array([r.severity.score for r in week]) for week in (before, now)]
            expected = mean_change(*((s.mean(), s.std(ddof=1), s.size) for s in scores))
        assert (row["wafers_before"], row["wafers_now"]) == (len(before), len(now))
        assert [row[name] for name in ("change", "low", "high", "p")] == pytest.approx(
            [expected.change, expected.low, expected.high, expected.p], rel=1e-9, nan_ok=True
        )
    assert found["q"].to_numpy() == pytest.approx(benjamini_hochberg(found["p"]), nan_ok=True)


def test_what_really_changed_stands_first_and_what_did_not_is_left_out(lake, weeks):
    found = significant(changes(lake, WaferFilter(), weeks))
    assert found.loc[0, "class"] == "scratch"
    assert set(found["product"][found["class"] == "scratch"]) == {ALL_PRODUCTS, "TC38"}
    assert "edge" not in set(found["class"])


def test_a_single_product_is_said_once(lake, weeks):
    found = changes(lake, WaferFilter(product="TC38"), weeks)
    assert set(found["product"]) == {"TC38"}


def test_a_week_without_wafers_compares_nothing(lake):
    before = newest_weeks(lake, WaferFilter(until=START + timedelta(days=7)))
    assert changes(lake, WaferFilter(), before).empty
    assert newest_weeks(lake, WaferFilter(product="none")) is None


@pytest.mark.parametrize(
    ("change", "low", "high", "said"),
    [(0.1, 0.05, 0.15, "up by 10.0 points (5.0 to 15.0)"), (-0.1, -0.15, 0.02, "down by 10.0 points (-2.0 to 15.0)")],
)
def test_the_interval_is_said_the_way_the_change_goes(change, low, high, said):
    row = dict(zip(COLUMNS, ("", "edge", 10, 1, 0.1, 10, 2, 0.2, change, low, high, 0.01, 0.02), strict=True))
    assert words(row).startswith("Edge: 2 of 10 wafers (20.0 %), 1 of 10 (10.0 %) the week before")
    assert words(row).endswith(said)


def test_severity_is_said_as_a_mean():
    row = dict(zip(COLUMNS, ("TC38", "", 10, 10, 9.1, 10, 10, 17.3, 8.2, 3.0, 13.4, 0.01, 0.02), strict=True))
    assert words(row) == "Mean severity on TC38: 17.3, 9.1 the week before; up by 8.2 (3.0 to 13.4)"
