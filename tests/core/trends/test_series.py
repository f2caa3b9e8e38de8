from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from core.lake import Lake, WaferFilter
from core.statistics.spc import EWMA_WEIGHT, ewma_chart, individuals_chart, no_steadier_than_chance, p_chart
from core.trends.series import KINDS, ChartKind, Measure, Period, Subject, baseline_of, controlled, series, with_value
from data.classes import CLASS_INDEX, CLASS_KEYS
from data.errors import LakeError, WaferValueError
from tests.core.lake_examples import START, drawn, found_on

CLASSES = (("edge",), ("ring", "edge"), (), ("scratch",), ("ring", "particle"))
SEGMENTED = 70


def wafer(n):
    tested = None if n == 33 else START + timedelta(hours=7 * n)
    return drawn(n, tested_at=tested, diameter_mm=(None, 200.0, 300.0)[n % 3])


@pytest.fixture(scope="module")
def results():
    return [found_on(wafer(n), *CLASSES[n % 5], seed=n) for n in range(80)]


@pytest.fixture(scope="module")
def lake(results, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("trends"))
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results[:SEGMENTED])
    return lake


def dies_of(result, subject):
    """The count in plain Python, independent of any SQL."""
    if subject.zone:
        wanted = subject.classes or CLASS_KEYS
        return sum(i.die_count for i in result.instances if i.zone == subject.zone and i.class_key in wanted)
    if subject.classes:
        return sum(int(result.segmentation.masks[CLASS_INDEX[key]].sum()) for key in subject.classes)
    return result.severity.affected_dies


def point_of(result, period):
    w = result.wafer
    if period is Period.LOT:
        return w.lot_id, w.product
    if w.tested_at is None:
        return None
    day = w.tested_at.date()
    return (pd.Timestamp(day if period is Period.DAY else day - timedelta(days=day.weekday())), "")


@pytest.mark.parametrize("period", list(Period))
@pytest.mark.parametrize(
    "subject",
    [Subject(), Subject(("ring",)), Subject(("edge", "ring")), Subject(zone="middle"), Subject(("edge",), "edge")],
)
def test_every_point_is_the_sum_over_its_wafers(lake, results, subject, period):
    groups = {}
    for result in results[:SEGMENTED]:
        point = point_of(result, period)
        if point is not None:
            groups.setdefault(point, []).append(result)
    table = series(lake, WaferFilter(), subject, period)
    assert set(zip(table["period"], table["product"], strict=True)) == set(groups)
    for row in table.to_dict("records"):
        group = groups[row["period"], row["product"]]
        dies = np.array([dies_of(result, subject) for result in group], dtype=float)
        areas = np.array([np.pi / 400 * (result.wafer.diameter_mm or 300) ** 2 for result in group])
        severe = [r.severity.score for r, n in zip(group, dies, strict=True) if n > 0 or not subject.narrowed]
        assert (row["wafers"], row["affected"], row["dies"]) == (len(group), (dies > 0).sum(), dies.sum())
        assert row["share"] == pytest.approx((dies > 0).mean(), rel=1e-12)
        assert row["dies_mean"] == pytest.approx(dies.mean(), rel=1e-12)
        assert row["density_mean"] == pytest.approx((dies / areas).mean(), rel=1e-12)
        assert row["severity_mean"] == pytest.approx(np.mean(severe) if severe else np.nan, rel=1e-12, nan_ok=True)
        assert row["severity_wafers"] == len(severe)
        if len(group) > 1:
            assert row["density_sd"] == pytest.approx((dies / areas).std(ddof=1), rel=1e-9)


def test_points_stand_in_the_order_of_their_first_tests(lake):
    for period in (Period.DAY, Period.WEEK):
        assert series(lake, WaferFilter(), Subject(), period)["period"].is_monotonic_increasing
    assert series(lake, WaferFilter(), Subject(), Period.LOT)["since"].dropna().is_monotonic_increasing


def test_the_filter_narrows_the_wafers_that_are_counted(lake, results):
    where = WaferFilter(product="TC38", since=START + timedelta(days=3))
    expected = [
        r
        for r in results[:SEGMENTED]
        if r.wafer.product == "TC38" and r.wafer.tested_at and r.wafer.tested_at >= where.since
    ]
    assert series(lake, where, Subject(), Period.DAY)["wafers"].sum() == len(expected)


def test_periods_without_affected_wafers_have_no_severity(lake):
    table = series(lake, WaferFilter(), Subject(("scratch",)), Period.DAY)
    kept = with_value(table, Measure.SEVERITY)
    assert kept["affected"].min() > 0
    assert len(kept) == (table["affected"] > 0).sum()
    assert len(with_value(table, Measure.SHARE)) == len(table)


def test_the_baseline_is_the_older_half_or_the_days_that_were_chosen(lake):
    table = series(lake, WaferFilter(), Subject(), Period.DAY)
    assert baseline_of(table).tolist() == [n < -(-len(table) // 2) for n in range(len(table))]
    days = date(2026, 3, 3), date(2026, 3, 5)
    assert table["period"][baseline_of(table, days)].dt.date.tolist() == [date(2026, 3, d) for d in (3, 4, 5)]


def test_a_chart_of_each_kind_is_that_of_its_numbers(lake):
    table = series(lake, WaferFilter(), Subject(("ring",)), Period.DAY)
    baseline = baseline_of(table)
    counts = table["affected"], table["wafers"], baseline
    expected = {
        ChartKind.P: p_chart(*counts),
        ChartKind.INDIVIDUALS: no_steadier_than_chance(individuals_chart(table["share"], baseline), *counts),
        ChartKind.EWMA: no_steadier_than_chance(ewma_chart(table["share"], baseline), *counts, weight=EWMA_WEIGHT),
    }
    for kind in KINDS[Measure.SHARE]:
        found = controlled(table, Measure.SHARE, kind, baseline)
        assert np.array_equal(found.points, expected[kind].points)
        assert np.array_equal(found.upper, expected[kind].upper)


def test_a_baseline_without_points_is_refused(lake):
    table = series(lake, WaferFilter(), Subject(), Period.DAY)
    baseline = baseline_of(table, (date(2020, 1, 1), date(2020, 1, 2)))
    with pytest.raises(WaferValueError, match="the baseline holds 0 points"):
        controlled(table, Measure.DENSITY, ChartKind.INDIVIDUALS, baseline)


@pytest.mark.parametrize("names", [{"classes": ("dust",)}, {"zone": "rim"}, {"classes": ("edge) --",)}])
def test_names_that_do_not_exist_are_refused(names):
    with pytest.raises(LakeError, match="there is no column"):
        Subject(**names)


def test_an_empty_lake_has_no_points(tmp_path):
    assert series(Lake(tmp_path), WaferFilter(), Subject(), Period.WEEK).empty
