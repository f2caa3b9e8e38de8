import numpy as np
import pytest

from core.annotation.annotators import annotators, median_interval
from core.annotation.assignment import slip_in_gold
from core.annotation.items import Candidate, Status, item_by_id
from core.annotation.queue import fill, take_next
from core.annotation.review_decisions import accept, dismiss, merge, redo
from core.annotation.reviews import ReviewKind, ReviewOutcome, flag_prediction, open_reviews
from core.annotation.submissions import submit
from core.database.audit import entries
from core.identity import Person
from core.labels.annotations import LabelSource, labels_of, withdraw, write_annotation
from core.labels.label import encode
from core.statistics.significance import wilson
from data.errors import AppDatabaseError
from tests.core.label_examples import rows_of, shown, wafer_not_sampled

BEN, EVE = Person("ben"), Person("eve")


@pytest.fixture
def disputed(database, ana):
    """A wafer that two people labelled otherwise, each from the queue, and its review."""
    one = wafer_not_sampled(ana, BEN)
    with database.writing() as session:
        fill(session, [Candidate(one.key)], EVE, copies=2)
        for person, stop in ((ana, 6), (BEN, 2)):
            take_next(session, person)
            submit(session, one, rows_of(one, ("edge", 0, stop)), person, 9.0)
        (review,) = open_reviews(session)
    return one, review


def test_an_accepted_label_counts_and_the_review_is_closed(database, disputed):
    one, review = disputed
    label = rows_of(one, ("edge", 0, 2))
    with database.writing() as session:
        decided = accept(session, review.id, one, label, EVE, "the lower rows are noise")
        assert (decided.verdict, decided.decided_by, decided.note) == (
            ReviewOutcome.ACCEPTED,
            "eve",
            "the lower rows are noise",
        )
        assert labels_of(session, [one])[one.key].label == encode(label)
        assert labels_of(session, [one])[one.key].source is LabelSource.REVIEWED
        assert open_reviews(session) == []
        assert entries(session, f"wafer {one.key}")[0].action == "review.decide"


def test_a_merged_label_counts(database, disputed):
    one, review = disputed
    with database.writing() as session:
        merge(session, review.id, one, rows_of(one, ("edge", 0, 4)), EVE)
        assert labels_of(session, [one])[one.key].label == encode(rows_of(one, ("edge", 0, 4)))


def test_redoing_takes_both_labels_back_and_puts_their_items_first(database, disputed, ana):
    one, review = disputed
    with database.writing() as session:
        fill(session, [Candidate("A:1", 5.0)], EVE)
        redo(session, review.id, EVE, "look again")
        assert labels_of(session, [one]) == {}
        assert [item_by_id(session, n).status for n in (1, 2)] == [Status.PENDING] * 2
        assert take_next(session, ana).wafer_key == one.key
        assert take_next(session, BEN).wafer_key == one.key


def test_redoing_a_flag_queues_the_wafer(database, ana):
    with database.writing() as session:
        review = flag_prediction(session, "A:1", "model@1", "ring", "no ring", ana)
        session.flush()
        redo(session, review.id, EVE)
        assert take_next(session, ana).wafer_key == "A:1"


def test_a_review_is_decided_once(database, disputed):
    one, review = disputed
    with database.writing() as session:
        dismiss(session, review.id, EVE)
    with pytest.raises(AppDatabaseError, match="eve decided already: dismissed"), database.writing() as session:
        accept(session, review.id, one, rows_of(one, ("edge", 0, 2)), BEN)
    with pytest.raises(AppDatabaseError, match="no such review"), database.writing() as session:
        dismiss(session, 99, BEN)


def test_the_lowest_agreement_is_looked_at_first(database, ana):
    with database.writing() as session:
        flag_prediction(session, "A:1", "m", "", "wrong", ana)
        for name, stop in (("X1", 4), ("X2", 1), ("X3", 3)):
            one = shown(name)
            submit(session, one, rows_of(one, ("edge", 0, 6)), ana, 9.0)
            submit(session, one, rows_of(one, ("edge", 0, stop)), BEN, 9.0)
        found = [r for r in open_reviews(session) if r.kind is not ReviewKind.SAMPLE]
        assert [r.wafer_key for r in found] == ["LOT1:X2", "LOT1:X3", "LOT1:X1", "A:1"]


@pytest.mark.parametrize(("key", "comment", "words"), [("dust", "x", "'dust' does not exist"), ("", " ", "found 0")])
def test_a_flag_needs_a_class_that_exists_and_a_comment(database, ana, key, comment, words):
    with pytest.raises(AppDatabaseError, match=words), database.writing() as session:
        flag_prediction(session, "A:1", "m", key, comment, ana)


@pytest.mark.slow
def test_annotators_are_measured_by_time_and_by_hidden_gold(database, ana):
    golds = [shown(f"G{n}") for n in range(4)]
    with database.writing() as session:
        for one in golds:
            write_annotation(session, one, rows_of(one, ("edge", 0, 6)), EVE, 1.0, LabelSource.GOLD)
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


def test_a_gold_wafer_must_have_a_gold_label(database, ana):
    one = shown()
    with database.writing() as session:
        submitted = write_annotation(session, one, rows_of(one, ("edge", 0, 2)), ana, 1.0)
        with pytest.raises(AppDatabaseError, match="no gold label"):
            slip_in_gold(session, [one.key], ["ben"], EVE)
        withdraw(session, submitted.id, ana)
