import pytest

from core.annotation.assignment import assign, balance, slip_in_gold
from core.annotation.items import Candidate, item_by_id
from core.annotation.progress import items
from core.annotation.queue import fill, take_next
from core.database.audit import entries
from core.identity import Person
from core.labels.annotations import withdraw, write_annotation
from core.people.accounts import add_account
from core.people.roles import Role
from data.errors import AppDatabaseError
from tests.core.label_examples import rows_of, shown

BEN, EVE = Person("ben"), Person("eve")


def wishes(count):
    return [Candidate(f"L:{n:02d}") for n in range(count)]


def test_what_waits_is_assigned_and_what_is_begun_stays(database, ana):
    with database.writing() as session:
        fill(session, wishes(3), ana)
        take_next(session, ana)
        assert assign(session, [1, 2, 3], "ben", ana) == 2
        assert [item_by_id(session, n).assignee for n in (1, 2, 3)] == ["ana", "ben", "ben"]
        assert assign(session, [2], None, ana) == 1
        assert item_by_id(session, 2).assignee is None


def test_dealing_counts_what_people_have_begun(database, ana):
    with database.writing() as session:
        fill(session, wishes(10), ana)
        for _ in range(4):
            take_next(session, BEN)
        assert balance(session, ["ana", "ben"], ana) == {"ana": 5, "ben": 5}


def test_nobody_is_dealt_a_wafer_twice(database, ana):
    with database.writing() as session:
        fill(session, wishes(6), ana, copies=2)
        balance(session, ["ana", "ben", "eve"], ana)
        assigned = [(item.wafer_key, item.assignee) for item in items(session)]
        assert len(set(assigned)) == 12
        assert None not in {name for _, name in assigned}
        assert sorted(sum(name == who for _, name in assigned) for who in ("ana", "ben", "eve")) == [4, 4, 4]
        balance(session, ["ana"], ana)
        assert sum(item.assignee is None for item in items(session)) == 6


def test_a_gold_wafer_must_have_a_gold_label(database, ana):
    one = shown()
    with database.writing() as session:
        submitted = write_annotation(session, one, rows_of(one, ("edge", 0, 2)), ana, 1.0)
        with pytest.raises(AppDatabaseError, match="no gold label"):
            slip_in_gold(session, [one.key], ["ben"], EVE)
        withdraw(session, submitted.id, ana)


def test_the_trail_names_people_of_accounts_by_their_numbers(database, ana):
    with database.writing() as session:
        bo = add_account(session, Person("root"), "bo@fab.example", "Bo Lind", Role.ANNOTATOR)
        fill(session, wishes(2), ana)
        session.flush()
        assign(session, [1], "Bo Lind", ana)
        balance(session, ["Bo Lind", "guest"], ana)
    with database.reading() as session:
        balanced, assigned = entries(session, "queue", limit=2)
    assert assigned.details == {"items": [1], "assignee": f"account {bo.id}"}
    assert balanced.details["people"] == [f"account {bo.id}", "guest"]
