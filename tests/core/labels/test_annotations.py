import pytest
from sqlalchemy import delete
from sqlalchemy.exc import DBAPIError

from core.database.audit import entries
from core.identity import Person
from core.labels.annotations import (
    Annotation,
    LabelSource,
    annotation_history,
    grid_of,
    label_that_counts,
    labels_of,
    own_annotation,
    restore,
    standing,
    withdraw,
    write_annotation,
)
from core.labels.label import encode
from data.errors import AppDatabaseError, LabelError
from tests.core.label_examples import rows_of, shown
from tests.core.wafers import wafer

BEN = Person("ben")


def test_every_version_is_kept_and_the_newest_counts(database, ana):
    one = shown()
    labels = [rows_of(one, ("edge", 0, stop)) for stop in (2, 3, 4)]
    for label in labels:
        with database.writing() as session:
            write_annotation(session, one, label, ana, 10.0)
    with database.reading() as session:
        history = annotation_history(session, one.key)
        assert [a.label for a in history] == [encode(label) for label in reversed(labels)]
        assert [a.replaces_id for a in history] == [history[1].id, history[2].id, None]
        assert encode(labels_of(session, [one])[one.key].read()) == encode(labels[-1])


def test_the_same_label_sent_again_is_kept_once(database, ana):
    one = shown()
    for _ in range(3):
        with database.writing() as session:
            write_annotation(session, one, rows_of(one, ("edge", 0, 2)), ana, 10.0)
    with database.reading() as session:
        assert len(annotation_history(session, one.key)) == 1


def test_a_withdrawn_version_gives_way_to_the_one_before_and_comes_back_when_restored(database, ana):
    one = shown()
    with database.writing() as session:
        first = write_annotation(session, one, rows_of(one, ("edge", 0, 2)), ana, 10.0)
        second = write_annotation(session, one, rows_of(one, ("ring", 0, 2)), ana, 10.0)
    with database.writing() as session:
        withdraw(session, second.id, BEN, "wrong class")
        assert labels_of(session, [one])[one.key].id == first.id
        restore(session, second.id, BEN)
        assert labels_of(session, [one])[one.key].id == second.id
        assert [e.action for e in entries(session, f"wafer {one.key}")][:2] == [
            "annotation.restore",
            "annotation.withdraw",
        ]


@pytest.mark.slow
def test_a_withdrawn_label_can_be_submitted_again(database, ana):
    one = shown()
    label = rows_of(one, ("edge", 0, 2))
    with database.writing() as session:
        first = write_annotation(session, one, label, ana, 1.0)
        withdraw(session, first.id, ana)
        assert write_annotation(session, one, label, ana, 1.0).id != first.id


def test_a_label_never_applies_to_another_grid(database, ana):
    one = shown()
    retested = wafer(~one.failing)
    assert (retested.key, retested.dies.shape) == (one.key, one.dies.shape)
    with database.writing() as session:
        write_annotation(session, one, rows_of(one, ("edge", 0, 2)), ana, 10.0)
    with database.reading() as session:
        assert labels_of(session, [retested]) == {}
        assert own_annotation(session, retested, ana) is None
        assert own_annotation(session, one, ana) is not None
    assert grid_of(one) != grid_of(retested)


def test_a_label_of_another_wafer_is_refused(database, ana):
    with pytest.raises(LabelError, match="the label is of LOT1:W02"), database.writing() as session:
        write_annotation(session, shown("W01"), rows_of(shown("W02"), ("edge", 0, 2)), ana, 1.0)


def test_gold_counts_before_reviewed_before_submitted_whatever_came_last(database, ana):
    one = shown()
    with database.writing() as session:
        gold = write_annotation(session, one, rows_of(one, ("edge", 0, 1)), Person("eve"), 1.0, LabelSource.GOLD)
        reviewed = write_annotation(session, one, rows_of(one, ("edge", 0, 2)), BEN, 1.0, LabelSource.REVIEWED)
        submitted = write_annotation(session, one, rows_of(one, ("edge", 0, 3)), ana, 1.0)
        found = standing(session, [one.key])
        place = (one.key, grid_of(one))
        assert [a.id for a in found] == [gold.id, reviewed.id, submitted.id]
        assert label_that_counts(found)[place].id == gold.id
        assert label_that_counts(found[1:])[place].id == reviewed.id
        assert label_that_counts(found[2:])[place].id == submitted.id


def test_the_database_refuses_to_delete_a_version(database, ana):
    one = shown()
    with database.writing() as session:
        write_annotation(session, one, rows_of(one, ("edge", 0, 2)), ana, 10.0)
    with pytest.raises(DBAPIError, match="kept"), database.writing() as session:
        session.execute(delete(Annotation))


def test_an_unknown_version_is_said(database, ana):
    with pytest.raises(AppDatabaseError, match="there is no such annotation"), database.writing() as session:
        withdraw(session, 7, ana)
