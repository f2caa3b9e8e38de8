import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.identity import Person
from core.reports.batch_report import WORST, Tally, batch_pdf
from data.formats import ReadFailure
from tests.core.lake_examples import drawn, found_on

MADE = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def pages(content: bytes) -> int:
    return content.count(b"/Type /Page\n") or content.count(b"/Type /Page ")


@pytest.fixture
def results():
    classes = (("edge",), ("ring", "scratch"), ())
    return [found_on(drawn(n), *classes[n % 3], seed=n) for n in range(30)]


def tallied(results):
    tally = Tally()
    for result in results:
        tally.add(result)
    return tally


def test_the_tally_counts_what_counting_by_hand_gives(results):
    tally = tallied(results)
    assert (tally.wafers, tally.with_pattern) == (30, sum(bool(r.segmentation.classes_present) for r in results))
    assert tally.wafers_by_class["edge"] == sum("edge" in r.segmentation.classes_present for r in results)
    assert tally.dies_by_class["edge"] == sum(int(r.segmentation.masks[0].sum()) for r in results)
    assert sum(tally.clusters_by_class.values()) == sum(len(r.instances) for r in results)
    passed = sum(r.wafer.tested_count - r.wafer.fail_count for r in results)
    assert tally.yield_fraction == pytest.approx(passed / sum(r.wafer.tested_count for r in results), rel=1e-12)
    assert tally.mean_severity == pytest.approx(sum(r.severity.score for r in results) / 30, rel=1e-12)


def test_the_worst_are_the_most_severe_in_order_and_no_more_are_kept(results):
    expected = sorted(results, key=lambda r: -r.severity.score)[:WORST]
    assert [r.severity.score for r in tallied(results).worst] == [r.severity.score for r in expected]
    assert [r.wafer.key for r in tallied([results[0]] * 3).worst] == [results[0].wafer.key] * 3


def test_nothing_gives_a_report_too():
    tally = Tally()
    assert math.isnan(tally.yield_fraction)
    assert math.isnan(tally.mean_severity)
    assert batch_pdf("nothing", tally, [], Person("ana"), MADE).startswith(b"%PDF-")


@pytest.mark.slow
def test_the_same_batch_gives_the_same_bytes_and_failures_make_it_longer(results):
    failures = [ReadFailure(f"<b>{n}.png", "晶 cannot be read. " * 20) for n in range(60)]
    short, long = (batch_pdf("A & B", tallied(results), some, Person("ana"), MADE) for some in ([], failures))
    assert short == batch_pdf("A & B", tallied(results), [], Person("ana"), MADE)
    assert pages(long) > pages(short) >= 1


def test_unknown_passing_dies_give_no_yield(results):
    tally = Tally()
    tally.add(replace(results[0], wafer=replace(results[0].wafer, passing_known=False)))
    assert math.isnan(tally.yield_fraction)
    tally.add(results[1])
    assert tally.yield_fraction == pytest.approx(results[1].wafer.yield_fraction)
