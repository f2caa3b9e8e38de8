import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.database import audit
from core.database.schema import now
from core.database.trail_search import (
    TrailFilter,
    actions,
    count,
    find,
    first_moment,
    follow,
    json_line,
    people,
    row_of,
    walk,
)
from core.identity import Person

DONE = (
    ("ana", "finding.write", "wafer LOT1:W01"),
    ("bo", "label.submit", "wafer LOT1:W01"),
    ("ana", "label.submit", "wafer lot_2"),
)


@pytest.fixture
def database(database):
    """A trail of three entries."""
    with database.writing() as session:
        for name, action, subject in DONE:
            audit.record(session, Person(name), action, subject, {"text": "é"})
    return database


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (TrailFilter(), [2, 1, 0]),
        (TrailFilter(person="ana"), [2, 0]),
        (TrailFilter(action="label.submit"), [2, 1]),
        (TrailFilter(subject="LOT1"), [1, 0]),
        (TrailFilter(subject="LOT_"), [2]),
        (TrailFilter(subject="%"), []),
        (TrailFilter(person="bo", action="finding.write"), []),
        (TrailFilter(since=now() - timedelta(hours=1), until=now() + timedelta(hours=1)), [2, 1, 0]),
        (TrailFilter(since=now() + timedelta(hours=1)), []),
        (TrailFilter(until=now() - timedelta(hours=1)), []),
        (TrailFilter(result=audit.Outcome.REFUSED), []),
        (TrailFilter(person_id=7), []),
    ],
)
def test_entries_are_found_newest_first(database, where, found):
    with database.reading() as session:
        rows = find(session, where, 10)
        assert [(row.person, row.action, row.subject) for row in rows] == [DONE[n] for n in found]
        assert [row.id for row in walk(session, where)] == [row.id for row in rows]
        assert [row.id for row in follow(session, where)] == [row.id for row in reversed(rows)]
        assert count(session, where) == len(found)


def test_entries_come_in_pages(database):
    with database.reading() as session:
        assert [row.subject for n in range(3) for row in find(session, TrailFilter(), 1, n)] == [
            subject for _, _, subject in reversed(DONE)
        ]


def test_there_are_as_many_people_and_actions_as_did_something(database):
    with database.reading() as session:
        assert people(session) == ["ana", "bo"]
        assert actions(session) == ["finding.write", "label.submit"]


def test_entries_are_followed_from_one_on(database):
    with database.reading() as session:
        numbers = [row.id for row in follow(session, TrailFilter())]
        assert [row.id for row in follow(session, TrailFilter(), numbers[0])] == numbers[1:]
        assert list(follow(session, TrailFilter(), numbers[-1])) == []
        assert first_moment(session) == find(session, TrailFilter(), 10)[-1].at


def test_an_account_has_the_name_of_now_and_without_one_a_number(database):
    account = text(
        "INSERT INTO accounts (id, name, email, sign_in, role, active, created_at) "
        "VALUES (5, 'Ana Novak', 'ana@fab.example', 'local', 'admin', true, '2026-01-01 00:00:00')"
    )
    with database.writing() as session:
        session.execute(account)
        for number, result in ((5, audit.Outcome.REFUSED), (6, audit.Outcome.DONE)):
            audit.record(session, Person("Ana N.", "account", number), "a.b", "s", {}, result=result)
    with database.reading() as session:
        assert [row.person for row in find(session, TrailFilter(), 2)] == ["account 6", "Ana Novak"]
        assert "Ana Novak" in people(session)
        for where in (
            TrailFilter(person="Ana Novak"),
            TrailFilter(result=audit.Outcome.REFUSED),
            TrailFilter(person_id=5),
        ):
            assert [row.person_id for row in find(session, where, 10)] == [5]
    with database.writing() as session:
        session.execute(text("UPDATE accounts SET name = 'erased person 5' WHERE id = 5"))
    with database.reading() as session:
        assert find(session, TrailFilter(), 2)[1].person == "erased person 5"


def test_a_line_of_json_holds_all_that_an_entry_says(database):
    with database.reading() as session:
        [entry] = find(session, TrailFilter(person="bo"), 1)
    said = json.loads(json_line(entry))
    assert set(said) == set(row_of(entry)) >= {"id", "at", "person", "origin", "action", "subject", "details"}
    assert (said["person"], said["details"], said["at"]) == ("bo", {"text": "é"}, entry.at.isoformat())
    assert "\n" not in json_line(entry)
