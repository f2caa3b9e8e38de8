import pytest

from core.annotation.assignment import slip_in_gold
from core.annotation.items import Candidate, Status, item_by_id, items_in_hand
from core.annotation.queue import fill, take_next
from core.annotation.review_decisions import accept, dismiss, merge, redo
from core.annotation.reviews import Kind, Verdict, flag_prediction, open_reviews
from core.annotation.submissions import submit
from core.database.audit import entries
from core.labels.annotations import Source, annotation_by_id, labels_of, write_annotation
from core.labels.label import encode
from data.errors import AppDatabaseError, LabelError
from tests.core.annotation.review_examples import BEN, EVE, dispute
from tests.core.label_examples import rows_of, shown


@pytest.fixture
def disputed(database, ana):
    return dispute(database, ana)


def test_an_accepted_label_counts_and_the_review_is_closed(database, disputed):
    one, review = disputed
    label = rows_of(one, ("edge", 0, 2))
    with database.writing() as session:
        decided = accept(session, review.id, one, label, EVE, "the lower rows are noise")
        assert (decided.verdict, decided.decided_by, decided.note) == (
            Verdict.ACCEPTED,
            "eve",
            "the lower rows are noise",
        )
        assert labels_of(session, [one])[one.key].label == encode(label)
        assert labels_of(session, [one])[one.key].source is Source.REVIEWED
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


@pytest.mark.parametrize("decide", [accept, merge])
def test_a_label_accepted_as_gold_measures_annotators_from_now_on(database, disputed, decide):
    one, review = disputed
    label = rows_of(one, ("edge", 0, 6))
    with database.writing() as session:
        decided = decide(session, review.id, one, label, EVE, source=Source.GOLD)
        assert annotation_by_id(session, decided.outcome_id).source is Source.GOLD
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
        gold = write_annotation(session, one, rows_of(one, ("edge", 0, 6)), EVE, 1.0, Source.GOLD)
        slip_in_gold(session, [one.key], ["ana"], EVE)
        item = take_next(session, ana)
        submit(session, one, rows_of(one, ("edge", 0, 2)), ana, 9.0)
        (review,) = open_reviews(session, [Kind.GOLD])
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
        assert (decided.verdict, decided.note, decided.outcome_id) == (Verdict.DISMISSED, "both are fine", None)
        assert labels_of(session, [one])[one.key].id == before
