import json
from datetime import timedelta

import pytest

from core.database import audit
from core.database.schema import now
from core.database.trail_search import TrailFilter, actions, count, find, json_line, people, row_of, walk
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
    ],
)
def test_entries_are_found_newest_first(database, where, found):
    with database.reading() as session:
        rows = find(session, where, 10)
        assert [(row.person, row.action, row.subject) for row in rows] == [DONE[n] for n in found]
        assert [row.id for row in walk(session, where)] == [row.id for row in rows]
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


def test_a_line_of_json_holds_all_that_an_entry_says(database):
    with database.reading() as session:
        [entry] = find(session, TrailFilter(person="bo"), 1)
    said = json.loads(json_line(entry))
    assert set(said) == set(row_of(entry)) >= {"id", "at", "person", "origin", "action", "subject", "details"}
    assert (said["person"], said["details"], said["at"]) == ("bo", {"text": "é"}, entry.at.isoformat())
    assert "\n" not in json_line(entry)
