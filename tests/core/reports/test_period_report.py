from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.identity import Person
from core.lake import Lake, WaferFilter
from core.reports.period_report import filter_in_words, period_pdf
from core.reports.trend_chart import trend_chart
from core.statistics.spc import p_chart
from data.errors import ExportError
from tests.core.lake_examples import START, drawn, found_on
from tests.core.reports.report_readers import pages

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
EVA = Person("eva")


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Thirty wafers over seven weeks, every third with a pattern, two not segmented and one without a date."""
    wafers = [drawn(n, tested_at=START + timedelta(days=n * 1.7)) for n in range(30)]
    wafers[29] = replace(wafers[29], tested_at=None)
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.append_wafers(wafers)
    lake.append_results(
        found_on(wafer, *(["edge", "ring"] if n % 3 == 0 else [])) for n, wafer in enumerate(wafers[2:])
    )
    return lake


@pytest.mark.parametrize(
    "where",
    [
        WaferFilter(),
        WaferFilter(product="TC38"),
        WaferFilter(since=START, until=START + timedelta(days=6)),
        WaferFilter(lot="LOT001", severity_min=1.0),
        WaferFilter(lot="LOT000", until=START + timedelta(days=1)),  # a wafer that is not segmented
        WaferFilter(text="file_29"),  # a wafer without a date
    ],
)
def test_every_filter_that_lets_wafers_through_has_a_report(lake, where):
    assert lake.count(where) > 0
    content = period_pdf(lake, where, EVA, NOW)
    assert content.startswith(b"%PDF")
    assert content == period_pdf(lake, where, EVA, NOW)


def test_a_dead_wafer_without_a_pattern_is_among_the_most_severe_with_its_reason(tmp_path):
    dead = drawn(0, wafer_id="DEAD")
    dead = replace(dead, dies=np.where(dead.dies, 2, 0).astype(np.uint8))
    mild = found_on(drawn(1, wafer_id="MILD"), "edge")
    lake = Lake(tmp_path)
    lake.append_wafers([dead, mild.wafer])
    lake.append_results([found_on(dead), mild])
    said = " ".join(pages(period_pdf(lake, WaferFilter(), EVA, NOW)))
    assert "DEAD" in said
    assert "100 %" in said
    assert said.index("DEAD") < said.index("MILD")


def test_an_empty_filter_is_said(lake):
    with pytest.raises(ExportError, match="no wafer passes the filter"):
        period_pdf(lake, WaferFilter(product="none"), EVA, NOW)


def test_a_filter_in_words_names_all_its_parts():
    where = WaferFilter(["A", "B"], "L1", None, None, ["edge", "ring"], 10, 20, "middle", ["tool=T"], "x")
    said = filter_in_words(where)
    for part in ("A, B", "L1", "Edge or Ring", "from 10", "to 20", "middle", "tool=T", "x"):
        assert part in said


def test_a_ring_marks_each_point_beyond_its_limits():
    counts, sizes = np.array([1, 2, 1, 2, 24, 1]), np.full(6, 25)
    chart = p_chart(counts, sizes, np.arange(6) < 4)
    drawing = trend_chart(chart, list("abcdef"), "Weeks", "#123456", 200, 100)
    circles = [part for part in drawing.contents if type(part).__name__ == "Circle"]
    rings = [circle for circle in circles if circle.fillColor is None]
    assert (len(circles), len(rings)) == (7, 1)
    assert rings[0].cx == circles[4].cx
