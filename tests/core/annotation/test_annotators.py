import numpy as np
import pytest

from core.annotation.annotators import annotators, median_interval
from core.annotation.assignment import slip_in_gold
from core.annotation.items import Candidate
from core.annotation.queue import fill
from core.annotation.submissions import submit
from core.labels.annotations import Source, write_annotation
from core.statistics.significance import wilson
from tests.core.annotation.review_examples import BEN, EVE, dispute
from tests.core.label_examples import rows_of, shown


def test_annotators_are_measured_by_time_and_by_hidden_gold(database, ana):
    golds = [shown(f"G{n}") for n in range(4)]
    with database.writing() as session:
        for one in golds:
            write_annotation(session, one, rows_of(one, ("edge", 0, 6)), EVE, 1.0, Source.GOLD)
        fill(session, [Candidate("A:1", 1.0)], EVE)
        slip_in_gold(session, [one.key for one in golds], ["ana", "ben"], EVE)
        for one, right, seconds in zip(golds, (6, 6, 6, 3), (10.0, 20.0, 30.0, 40.0), strict=True):
            submit(session, one, rows_of(one, ("edge", 0, right)), ana, seconds)
        submit(session, golds[0], rows_of(golds[0], ("edge", 0, 6)), BEN, 5.0)
        first, second = annotators(session)
    assert (first.name, first.labels, first.seconds, first.gold) == ("ana", 4, 25.0, 4)
    assert (first.gold_right, first.gold_interval) == (0.75, wilson(3, 4))
    assert first.gold_iou == pytest.approx((1 + 1 + 1 + 0.5) / 4, rel=1e-12)
    assert first.seconds_interval[0] <= 25.0 <= first.seconds_interval[1]
    assert (second.name, second.gold, second.gold_right) == ("ben", 1, 1.0)
    assert second.seconds_interval[0] != second.seconds_interval[0]  # NaN: one value says nothing of the spread


def test_the_interval_of_a_median_holds_it_about_as_often_as_it_says():
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(200):
        low, high = median_interval(list(rng.exponential(60.0, 40)), rng)
        held += low <= 60.0 * np.log(2) <= high
    assert held / 200 == pytest.approx(0.95, abs=0.06)  # four standard errors of 0.015


def test_nobody_is_measured_before_a_label_was_submitted(database, ana):
    one = shown()
    with database.writing() as session:
        write_annotation(session, one, rows_of(one, ("edge", 0, 6)), EVE, 1.0, Source.GOLD)
        assert annotators(session) == []
        submit(session, one, rows_of(one, ("edge", 0, 6)), ana, 7.0)
        (only,) = annotators(session)
    assert (only.name, only.labels, only.seconds, only.gold, only.disputed) == ("ana", 1, 7.0, 0, 0)
    assert np.isnan([only.gold_right, only.gold_iou]).all()


def test_a_contradicted_label_counts_for_both_who_disagree_and_once_however_many_reviews_name_it(database, ana):
    one, _ = dispute(database, ana)
    with database.writing() as session:
        assert {a.name: a.disputed for a in annotators(session)} == {"ana": 1, "ben": 1}
        submit(session, one, rows_of(one, ("edge", 3, 5)), EVE, 9.0)  # against both
        assert {a.name: a.disputed for a in annotators(session)} == {"ana": 1, "ben": 1, "eve": 1}


def test_the_interval_of_a_median_holds_the_median_and_stays_within_the_values():
    values = [3.0, 9.0, 4.0, 27.0, 5.0]
    low, high = median_interval(values, np.random.default_rng(0))
    assert 3.0 <= low <= float(np.median(values)) <= high <= 27.0
    assert median_interval([6.0] * 9, np.random.default_rng(0)) == (6.0, 6.0)
    assert np.isnan(median_interval([], np.random.default_rng(0))).all()
