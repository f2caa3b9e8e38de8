import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from core.datasets.frozen_sets import FrozenSet, freeze, frozen_set, frozen_sets, labels_in
from core.datasets.label_set import changes
from core.labels.annotations import withdraw, write_annotation
from core.labels.label import encode
from data.errors import AppDatabaseError
from tests.core.label_examples import rows_of, shown


def test_a_frozen_dataset_stays_what_it_was_whatever_is_labelled_after(database, ana):
    wafers = [shown(f"W{n:02d}") for n in range(6)]
    with database.writing() as session:
        first = [write_annotation(session, w, rows_of(w, ("edge", 0, 2)), ana, 1.0) for w in wafers[:4]]
        frozen = freeze(session, "v1.0", wafers, ana, note="baseline")
    with database.writing() as session:
        write_annotation(session, wafers[0], rows_of(wafers[0], ("ring", 0, 3)), ana, 1.0)
        write_annotation(session, wafers[4], rows_of(wafers[4], ("ring", 0, 3)), ana, 1.0)
        withdraw(session, first[1].id, ana)
        later = freeze(session, "v1.1", wafers, ana, after="v1.0")
    with database.reading() as session:
        held = frozen_set(session, "v1.0")
        assert held.sha256 == frozen.sha256
        assert {k: a.label for k, a in labels_in(session, held).items()} == {
            w.key: encode(rows_of(w, ("edge", 0, 2))) for w in wafers[:4]
        }
        found = changes(held, later)
        assert (found.added, found.removed) == ((wafers[4].key,), (wafers[1].key,))
        assert found.relabelled == (wafers[0].key,)
        assert [s.name for s in frozen_sets(session)] == ["v1.1", "v1.0"]


def test_the_database_refuses_to_change_a_frozen_dataset(database, ana):
    one = shown()
    with database.writing() as session:
        write_annotation(session, one, rows_of(one, ("edge", 0, 2)), ana, 1.0)
        freeze(session, "v1.0", [one], ana)
    for statement in (update(FrozenSet).values(note="other"), delete(FrozenSet)):
        with pytest.raises(DBAPIError, match="kept"), database.writing() as session:
            session.execute(statement)


def test_a_label_that_is_not_what_was_frozen_is_refused(database, ana):
    one = shown()
    with database.writing() as session:
        written = write_annotation(session, one, rows_of(one, ("edge", 0, 2)), ana, 1.0)
        frozen = freeze(session, "v1.0", [one], ana)
        written.label = encode(rows_of(one, ("edge", 0, 3)))
        with pytest.raises(AppDatabaseError, match="is not what was frozen"):
            labels_in(session, frozen)


def test_a_name_is_used_once_and_nothing_is_frozen_of_nothing(database, ana):
    one = shown()
    with database.writing() as session:
        with pytest.raises(AppDatabaseError, match="none of these wafers is labelled"):
            freeze(session, "v1.0", [one], ana)
        write_annotation(session, one, rows_of(one, ("edge", 0, 2)), ana, 1.0)
        freeze(session, "v1.0", [one], ana)
        with pytest.raises(AppDatabaseError, match="frozen already"):
            freeze(session, "v1.0", [one], ana)
        with pytest.raises(AppDatabaseError, match="needs a name"):
            freeze(session, "  ", [one], ana)
        with pytest.raises(AppDatabaseError, match="there is no such dataset"):
            freeze(session, "v2", [one], ana, after="v0")
