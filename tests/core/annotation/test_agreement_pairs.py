from datetime import UTC, datetime

import numpy as np
import pytest

from core.annotation.agreement_pairs import OVERALL, AgreementPair, agreement_by, agreement_pairs
from core.annotation.reviews import open_reviews
from core.annotation.submissions import submit
from core.database.audit import entries
from core.identity import Person
from core.labels.annotations import LabelSource, withdraw, write_annotation
from tests.core.label_examples import rows_of, wafer_not_sampled

BEN, EVE = Person("ben"), Person("eve")


def by_hand(one, other):
    """IoU and Dice of two sets of dies, counted one by one."""
    both, either = len(one & other), len(one | other)
    return both / either, 2 * both / (len(one) + len(other))


def dies(wafer, *rows):
    """The failing dies of some rows, by class and place: a class in a set of rows."""
    return {(key, r, c) for key, start, stop in rows for r, c in np.argwhere(wafer.failing) if start <= r < stop}


@pytest.fixture
def one(ana):
    return wafer_not_sampled(ana, BEN)


def say(database, wafer, *said):
    """Several people submit a label each; rows by class."""
    with database.writing() as session:
        return [submit(session, wafer, rows_of(wafer, *rows), person, 9.0).annotation for person, *rows in said]


def test_pairs_that_agree_are_kept_as_those_that_do_not(database, ana, one):
    say(database, one, (ana, ("edge", 0, 4)), (BEN, ("edge", 0, 4)), (EVE, ("edge", 0, 2)))
    with database.reading() as session:
        found = agreement_pairs(session)
        disputed = open_reviews(session)
    pairs = {(r["first"], r["second"]): r["iou"] for r in found[found["class"] == OVERALL].to_dict("records")}
    less, _ = by_hand(dies(one, ("edge", 0, 4)), dies(one, ("edge", 0, 2)))
    assert pairs == pytest.approx({("ben", "ana"): 1.0, ("eve", "ana"): less, ("eve", "ben"): less})
    assert len(disputed) == 2


def test_iou_and_dice_by_class_and_pooled_are_counted_by_hand(database, ana, one):
    first, second = [("edge", 0, 4), ("ring", 4, 5)], [("edge", 0, 3), ("center", 5, 6)]
    say(database, one, (ana, *first), (BEN, *second))
    with database.reading() as session:
        found = agreement_pairs(session).set_index("class")
    assert set(found.index) == {OVERALL, "edge", "ring", "center"}
    pooled = by_hand(dies(one, *first), dies(one, *second))
    assert tuple(found.loc[OVERALL, ["iou", "dice"]]) == pytest.approx(pooled)
    assert tuple(found.loc["edge", ["iou", "dice"]]) == pytest.approx(
        by_hand(dies(one, first[0]), dies(one, second[0]))
    )
    assert found.loc[["ring", "center"], ["iou", "dice"]].to_numpy().tolist() == [[0, 0], [0, 0]]


def test_the_last_word_of_each_counts_and_what_was_taken_back_does_not(database, ana, one):
    say(database, one, (ana, ("edge", 0, 4)), (BEN, ("edge", 0, 2)), (ana, ("edge", 0, 2)))
    with database.writing() as session:
        assert session.query(AgreementPair).count() == 2
        found = agreement_pairs(session)
        assert found.loc[found["class"] == OVERALL, "iou"].tolist() == [1.0]
        assert [e.action for e in entries(session, f"wafer {one.key}")].count("agreement.keep") == 2
        withdraw(session, session.query(AgreementPair).order_by(AgreementPair.id.desc()).first().first_id, EVE)
        left = agreement_pairs(session)
        less, _ = by_hand(dies(one, ("edge", 0, 4)), dies(one, ("edge", 0, 2)))
        assert left.loc[left["class"] == OVERALL, "iou"].tolist() == pytest.approx([less])


def test_gold_and_files_are_no_second_person(database, ana, one):
    with database.writing() as session:
        write_annotation(session, one, rows_of(one, ("edge", 0, 4)), EVE, 0.0, LabelSource.GOLD)
        write_annotation(session, one, rows_of(one, ("edge", 0, 4)), BEN, 0.0, LabelSource.IMPORTED)
    say(database, one, (ana, ("edge", 0, 4)))
    with database.reading() as session:
        assert session.query(AgreementPair).count() == 2
        assert agreement_pairs(session).empty


def test_sent_twice_it_is_kept_once(database, ana, one):
    say(database, one, (ana, ("edge", 0, 4)), (BEN, ("edge", 0, 2)), (BEN, ("edge", 0, 2)))
    with database.reading() as session:
        assert session.query(AgreementPair).count() == 1


def test_means_are_over_pairs_by_class_and_month(database, ana):
    wafers = [wafer_not_sampled(ana, BEN)]
    say(database, wafers[0], (ana, ("edge", 0, 4)), (BEN, ("edge", 0, 4)), (EVE, ("edge", 0, 2)))
    with database.writing() as session:
        first, *rest = session.query(AgreementPair).order_by(AgreementPair.id)
        first.at = datetime(2026, 3, 31, 23, tzinfo=UTC)
        for pair in rest:
            pair.at = datetime(2026, 4, 1, tzinfo=UTC)
    with database.reading() as session:
        pairs = agreement_pairs(session)
    less = by_hand(dies(wafers[0], ("edge", 0, 4)), dies(wafers[0], ("edge", 0, 2)))
    (row,) = (r for r in agreement_by(pairs, "class").to_dict("records") if r["class"] == "edge")
    assert (row["pairs"], row["iou"], row["dice"]) == pytest.approx((3, (1 + 2 * less[0]) / 3, (1 + 2 * less[1]) / 3))
    months = agreement_by(pairs[pairs["class"] == OVERALL], "month")
    assert months[["month", "pairs"]].to_numpy().tolist() == [["2026-03", 1], ["2026-04", 2]]
    assert months["iou"].tolist() == pytest.approx([1.0, less[0]])


def test_a_pair_is_blind_where_both_labels_are(database, ana, one):
    with database.writing() as session:
        for person, blind in ((ana, True), (BEN, True), (EVE, None)):
            submit(session, one, rows_of(one, ("edge", 0, 4)), person, 9.0, blind=blind)
    with database.reading() as session:
        found = agreement_pairs(session)
    overall = found[found["class"] == OVERALL]
    assert {(r["first"], r["second"]): r["blind"] for r in overall.to_dict("records")} == {
        ("ben", "ana"): True,
        ("eve", "ana"): False,
        ("eve", "ben"): False,
    }
