import json
from datetime import timedelta

import pytest

from core.database.audit import Outcome, record
from core.database.schema import now
from core.identity import Person
from core.people.accounts import find_account
from core.people.roles import Role
from core.people.trail import TrailFilter, count_rows, newest_rows, rows_from
from data.errors import NotAllowedError
from tests.core.people.conftest import SYSTEM


@pytest.fixture
def ana(database, member):
    found = member("Ana Novak", Role.ADMIN)
    with database.writing() as session:
        record(session, found, "alarm.rule", "rule 7", {"limit": 3})
        record(session, Person("ben_1"), "finding.write", "wafer L%:W01", {"text": "worn ✓"}, result=Outcome.REFUSED)
    return found


def test_a_row_shows_the_name_that_its_account_has_now(database, ana):
    with database.writing() as session:
        find_account(session, ana.id).name = "Ana Horvat"
    with database.reading() as session:
        said, done = newest_rows(session, SYSTEM, limit=2)
        assert (said.person, said.person_id, said.result) == ("ben_1", None, Outcome.REFUSED)
        assert (done.person, done.person_id, done.subject, done.details) == (
            "Ana Horvat",
            ana.id,
            "rule 7",
            {"limit": 3},
        )
        assert done.hash == said.previous


def test_an_account_that_is_not_there_is_a_number(database):
    with database.writing() as session:
        record(session, Person("Ana", "account", 77), "a.b", "s", {})
    with database.reading() as session:
        assert newest_rows(session, SYSTEM)[0].person == "account 77"


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"person": "NOVAK", "subject": "rule"}, 1),
        ({"person": "n_1"}, 1),
        ({"person": "_"}, 1),
        ({"subject": "L%:"}, 1),
        ({"action": "finding"}, 1),
        ({"action": "f%"}, 0),
        ({"result": Outcome.REFUSED}, 1),
        ({"until": timedelta(hours=-1)}, 0),
        ({"since": timedelta(hours=1)}, 0),
        ({"since": timedelta(hours=-1), "until": timedelta(hours=1), "action": "alarm."}, 1),
    ],
    ids=str,
)
def test_rows_are_chosen(database, ana, wanted, count):
    moments = {name: now() + value for name, value in wanted.items() if isinstance(value, timedelta)}
    chosen = TrailFilter(**{**wanted, **moments})
    with database.reading() as session:
        assert (
            len(newest_rows(session, SYSTEM, chosen)) == len(list(rows_from(session, SYSTEM, wanted=chosen))) == count
        )
        assert count_rows(session, SYSTEM, chosen) == count


def test_all_rows_come_once_in_order_however_few_are_held(database, ana):
    with database.reading() as session:
        numbers = [row.id for row in rows_from(session, SYSTEM)]
        assert numbers == sorted(numbers)
        assert [row.id for row in rows_from(session, SYSTEM, at_once=1)] == numbers
        assert [row.id for row in rows_from(session, SYSTEM, numbers[1])] == numbers[2:]
        assert count_rows(session, SYSTEM) == len(numbers)


def test_a_row_is_one_line_of_json(database, ana):
    with database.reading() as session:
        row = newest_rows(session, SYSTEM, limit=1)[0]
    held = json.loads(row.as_line())
    assert row.as_line().count("\n") == 1
    assert (held["id"], held["person"], held["result"], held["details"]) == (row.id, "ben_1", "refused", row.details)


def test_who_may_not_look_at_accounts_does_not_read_the_trail(database, member):
    bo = member("Bo Lind", Role.ML_ENGINEER)
    with database.reading() as session:
        for read in (newest_rows, count_rows, lambda *words: list(rows_from(*words))):
            with pytest.raises(NotAllowedError):
                read(session, bo)
