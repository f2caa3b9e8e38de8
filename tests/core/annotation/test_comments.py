import pytest

from core.annotation.comments import comment, comments_of, reviews_told
from core.annotation.items import items_in_hand
from core.annotation.progress import items
from core.annotation.queue import take_next
from core.annotation.review_decisions import send_back
from core.annotation.reviews import ReviewKind, ReviewOutcome, open_reviews
from core.annotation.submissions import submit
from core.identity import Person
from core.labels.annotations import LabelSource, write_annotation
from data.errors import AppDatabaseError
from tests.core.label_examples import rows_of, wafer_not_sampled

BEN, EVE = Person("ben"), Person("eve")


@pytest.fixture
def disputed(database, ana):
    """Two labels that disagree, neither through the queue: the wafer, the review's number, the labels' numbers."""
    wafer = wafer_not_sampled(ana, BEN)
    with database.writing() as session:
        numbers = [
            submit(session, wafer, rows_of(wafer, ("edge", 0, stop)), person, 9.0).annotation.id
            for person, stop in ((ana, 6), (BEN, 2))
        ]
        [review] = open_reviews(session)
        return wafer, review.id, numbers


def test_comments_are_kept_in_order_and_the_review_stays_open(database, ana, disputed):
    _, number, _ = disputed
    with database.writing() as session:
        comment(session, number, " what of the arc? ", EVE)
        comment(session, number, "it is dust", ana)
        assert [(c.person, c.text) for c in comments_of(session, number)] == [
            ("eve", "what of the arc?"),
            ("ana", "it is dust"),
        ]
        assert [review.id for review in open_reviews(session)] == [number]


@pytest.mark.parametrize("text", ["  ", "x" * 4001])
def test_an_empty_or_endless_comment_is_refused(database, disputed, text):
    with database.writing() as session, pytest.raises(AppDatabaseError, match="1 to 4,000 characters"):
        comment(session, disputed[1], text, EVE)


def test_those_whose_label_it_is_are_told_and_nobody_of_a_hidden_known_label(database, ana, disputed):
    wafer, number, _ = disputed
    with database.writing() as session:
        assert reviews_told(session, wafer.key, ana) == []
        comment(session, number, "look again", EVE)
        assert [r.id for r in reviews_told(session, wafer.key, ana)] == [number]
        assert reviews_told(session, wafer.key, EVE) == []
        open_reviews(session)[0].kind = ReviewKind.GOLD
        session.flush()
        assert reviews_told(session, wafer.key, ana) == []


def test_a_label_sent_back_waits_for_its_annotator_first_with_the_note(database, ana, disputed):
    _wafer, number, labels = disputed
    with database.writing() as session:
        with pytest.raises(AppDatabaseError, match="with a note"):
            send_back(session, number, labels[1], EVE, " ")
        assert send_back(session, number, labels[1], EVE, "the lower arc").verdict is ReviewOutcome.SENT_BACK
        [item] = items(session)
        assert (item.assignee, item.reason, item.sent_back) == ("ben", "the lower arc", True)
        assert take_next(session, ana) is None
        assert take_next(session, BEN).id == item.id


def test_a_label_sent_back_and_submitted_as_it_was_comes_to_review_again(database, disputed):
    wafer, number, labels = disputed
    with database.writing() as session:
        send_back(session, number, labels[1], EVE, "the lower arc")
        take_next(session, BEN)
        assert open_reviews(session) == []
        submit(session, wafer, rows_of(wafer, ("edge", 0, 2)), BEN, 3.0)
        assert items_in_hand(session, BEN) == []
        [again] = open_reviews(session)
        assert (again.kind, again.first_id) == (ReviewKind.DISAGREEMENT, labels[1])


def test_a_label_against_a_hidden_known_one_and_one_of_another_review_cannot_be_sent_back(database, disputed):
    wafer, number, labels = disputed
    with database.writing() as session:
        other = write_annotation(session, wafer, rows_of(wafer, ("ring", 0, 2)), EVE, 1.0, LabelSource.REVIEWED)
        with pytest.raises(AppDatabaseError, match="no label that can be sent back"):
            send_back(session, number, other.id, EVE, "look")
        open_reviews(session)[0].kind = ReviewKind.GOLD
        session.flush()
        with pytest.raises(AppDatabaseError, match="no label that can be sent back"):
            send_back(session, number, labels[1], EVE, "look")
