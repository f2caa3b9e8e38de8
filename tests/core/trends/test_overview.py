from datetime import date, timedelta

import pandas as pd
import pytest

from core.lake import Lake, WaferFilter
from core.trends.overview import (
    by_week,
    is_demo,
    newest_day,
    newest_stretch,
    span,
    start_of,
    totals,
    undated_count,
    worst_of_day,
)
from data.classes import CLASS_KEYS
from tests.core.lake_examples import START, drawn, found_on

CLASSES = (("edge",), ("ring", "edge"), (), ("scratch",))


@pytest.fixture(scope="module")
def results():
    wafers = [drawn(n, tested_at=START + timedelta(hours=7 * n)) for n in range(80)]
    return [found_on(wafer, *CLASSES[n % 4], seed=n) for n, wafer in enumerate(wafers)]


@pytest.fixture(scope="module")
def lake(results, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("overview"))
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results[:70])
    return lake


@pytest.mark.parametrize("where", [WaferFilter(), WaferFilter(product="TC38", since=START + timedelta(days=4))])
def test_totals_are_the_sums_over_the_wafers(lake, results, where):
    chosen = [
        (result, n < 70)
        for n, result in enumerate(results)
        if not where.product or (result.wafer.product == where.product and result.wafer.tested_at >= where.since)
    ]
    summed = totals(lake, where)
    wafers = [result.wafer for result, _ in chosen]
    done = [result for result, segmented in chosen if segmented]
    assert (summed.wafers, summed.lots) == (len(wafers), len({w.lot_id for w in wafers}))
    assert summed.yield_fraction == pytest.approx(
        1 - sum(w.fail_count for w in wafers) / sum(w.tested_count for w in wafers), rel=1e-12
    )
    assert (summed.segmented, summed.defective) == (len(done), sum(bool(r.instances) for r in done))
    assert summed.mean_severity == pytest.approx(sum(r.severity.score for r in done) / len(done), rel=1e-12)


def test_weeks_add_up_to_the_totals_and_start_on_mondays(lake, results):
    weeks = by_week(lake, WaferFilter())
    assert weeks["wafers"].sum() == len(results)
    assert weeks["week"].is_monotonic_increasing
    assert set(weeks["week"].dt.day_of_week) == {0}
    dominated = sum(bool(result.segmentation.classes_present) for result in results[:70])
    assert weeks[list(CLASS_KEYS)].sum().sum() == dominated
    first = results[0].wafer.tested_at.date()
    monday = pd.Timestamp(first - timedelta(days=first.weekday()))
    in_first = [r.wafer for r in results if r.wafer.tested_at.date() < (monday + timedelta(days=7)).date()]
    assert weeks["week"].iloc[0] == monday
    assert weeks["wafers"].iloc[0] == len(in_first)


def test_the_worst_wafers_are_those_of_that_day_worst_first(lake, results):
    day = newest_day(lake, WaferFilter(until=start_of(date(2026, 3, 15))))
    assert day == date(2026, 3, 14)
    expected = sorted(
        (r for r in results[:70] if r.wafer.tested_at.date() == day), key=lambda r: (-r.severity.score, r.wafer.key)
    )
    worst = worst_of_day(lake, WaferFilter(), day, 2)
    assert list(worst["key"]) == [r.wafer.key for r in expected][:2]


def test_the_span_is_first_and_last_day(lake, results):
    assert span(lake) == (START.date(), results[-1].wafer.tested_at.date())


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([0, 1, 2], (0, 2)),
        ([-9000, 0, 1, 2], (0, 2)),  # one file of long ago
        ([0, 0, 0, 1, 4000], (0, 1)),  # a clock that runs ahead
        ([-9000, 0], (0, 0)),
        ([0, 200, 400, 600], (400, 600)),  # sparse, all the same
        ([0] * 40 + [1500, 1501, 1501], (1500, 1501)),  # little, and yet more than chance
        ([0, 364, 365], (364, 365)),
    ],
)
def test_the_newest_stretch_follows_where_wafers_lie(tmp_path, days, expected):
    lake = Lake(tmp_path)
    lake.append_wafers(drawn(n, tested_at=START + timedelta(days=day)) for n, day in enumerate(days))
    first, last = (START.date() + timedelta(days=day) for day in expected)
    assert newest_stretch(lake, 365 if days != [0, 364, 365] else 364) == (first, last)


def test_wafers_without_a_date_are_counted_and_have_no_stretch(tmp_path):
    lake = Lake(tmp_path)
    assert newest_stretch(lake, 28) is None
    lake.append_wafers([drawn(n, tested_at=None) for n in range(3)])
    assert newest_stretch(lake, 28) is None
    lake.append_wafers([drawn(4)])
    assert undated_count(lake) == 3
    assert sorted(lake.wafers_page(WaferFilter(undated=True))["wafer_id"]) == ["W01", "W02", "W03"]


def test_an_empty_lake_has_no_span_no_days_and_zero_wafers(tmp_path):
    empty = Lake(tmp_path)
    assert span(empty) is None
    assert newest_day(empty, WaferFilter()) is None
    assert totals(empty, WaferFilter()).wafers == 0
    assert by_week(empty, WaferFilter()).empty
    assert not is_demo(empty)


def test_a_lake_is_the_demo_until_another_wafer_joins(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([drawn(0, source_name="demo fab")])
    assert is_demo(lake)
    lake.append_wafers([drawn(1)])
    assert not is_demo(lake)


def test_wafers_whose_passing_dies_are_unknown_have_no_part_in_yields(tmp_path):
    lake = Lake(tmp_path)
    known, unknown = drawn(0), drawn(1, passing_known=False)
    lake.append_wafers([known, unknown])
    found = totals(lake, WaferFilter())
    assert (found.wafers, found.yield_fraction) == (2, pytest.approx(known.yield_fraction))
    assert by_week(lake, WaferFilter())["yield_fraction"].tolist() == pytest.approx([known.yield_fraction])
    assert lake.wafers_page(sort="key")["yield_fraction"].isna().tolist() == [False, True]
    alone = WaferFilter(text=unknown.key)
    assert pd.isna(totals(lake, alone).yield_fraction)
    assert by_week(lake, alone)["yield_fraction"].isna().all()
