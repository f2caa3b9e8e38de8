import numpy as np

from core.annotation.annotators import annotators, median_interval
from core.annotation.submissions import submit
from core.labels.annotations import LabelSource, write_annotation
from tests.core.annotation.review_examples import EVE, dispute
from tests.core.label_examples import rows_of, shown


def test_nobody_is_measured_before_a_label_was_submitted(database, ana):
    one = shown()
    with database.writing() as session:
        write_annotation(session, one, rows_of(one, ("edge", 0, 6)), EVE, 1.0, LabelSource.GOLD)
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
