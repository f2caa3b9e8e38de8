import pytest

from core.annotation.assignment import slip_in_gold
from core.annotation.items import Status, item_by_id, items_in_hand
from core.annotation.queue import take_next
from core.annotation.review_decisions import accept, dismiss, merge, redo
from core.annotation.reviews import ReviewKind, ReviewOutcome, flag_prediction, open_reviews
from core.annotation.submissions import submit
from core.identity import Person
from core.labels.annotations import LabelSource, annotation_by_id, labels_of, write_annotation
from data.errors import LabelError
from tests.core.annotation.review_examples import EVE, dispute
from tests.core.label_examples import rows_of, shown


@pytest.fixture
def disputed(database, ana):
    return dispute(database, ana)


@pytest.mark.parametrize("decide", [accept, merge])
def test_a_label_accepted_as_gold_measures_annotators_from_now_on(database, disputed, decide):
    one, review = disputed
    label = rows_of(one, ("edge", 0, 6))
    with database.writing() as session:
        decided = decide(session, review.id, one, label, EVE, source=LabelSource.GOLD)
        assert annotation_by_id(session, decided.outcome_id).source is LabelSource.GOLD
        assert slip_in_gold(session, [one.key], ["zoe"], EVE) == 1


@pytest.mark.parametrize("decide", [accept, merge])
def test_a_label_of_another_grid_decides_nothing(database, disputed, decide):
    one, review = disputed
    with pytest.raises(LabelError, match="the label is of"), database.writing() as session:
        decide(session, review.id, one, rows_of(shown("W01", size=8), ("edge", 0, 2)), EVE)
    with database.reading() as session:
        assert [open_one.id for open_one in open_reviews(session)] == [review.id]


def test_redoing_a_missed_gold_takes_back_the_label_and_never_the_gold(database, ana):
    one = shown("G1")
    with database.writing() as session:
        gold = write_annotation(session, one, rows_of(one, ("edge", 0, 6)), EVE, 1.0, LabelSource.GOLD)
        slip_in_gold(session, [one.key], ["ana"], EVE)
        item = take_next(session, ana)
        submit(session, one, rows_of(one, ("edge", 0, 2)), ana, 9.0)
        (review,) = open_reviews(session, [ReviewKind.GOLD])
        assert item.gold_iou < 0.85
        redo(session, review.id, EVE, "look at the rim")
        assert annotation_by_id(session, review.first_id).withdrawn_by == "eve"
        assert annotation_by_id(session, gold.id).withdrawn_at is None
        again = item_by_id(session, item.id)
        assert (again.status, again.gold_iou, again.seconds, again.annotation_id) == (Status.PENDING, None, None, None)
        assert items_in_hand(session, ana) == []


def test_dismissing_changes_no_label(database, disputed):
    one, review = disputed
    with database.writing() as session:
        before = labels_of(session, [one])[one.key].id
        decided = dismiss(session, review.id, EVE, "  both are fine ")
        assert (decided.verdict, decided.note, decided.outcome_id) == (ReviewOutcome.DISMISSED, "both are fine", None)
        assert labels_of(session, [one])[one.key].id == before


def test_a_reviewer_may_have_a_wafer_labelled_again_that_nobody_queued(database, ana):
    one, reviewer = shown("R1"), Person("rex", "account", 3, "reviewer")
    with database.writing() as session:
        submit(session, one, rows_of(one, ("edge", 0, 2)), ana, 9.0)
        review = flag_prediction(session, one.key, "model@1", "edge", "no ring", ana)
        session.flush()
        redo(session, review.id, reviewer, "the ring is missing")
        assert take_next(session, ana).wafer_key == one.key
