from datetime import timedelta

import pytest

from core.database.audit import entries, record
from core.database.schema import now
from core.identity import Person


def test_an_entry_says_who_did_what_to_what_and_when(database):
    details = {"words": 'worn "pad" ✓', "old": None, "shares": [0.1, 2], "flag": True}
    with database.writing() as session:
        record(session, Person("ana", "the login"), "finding.write", "wafer L:W", details)
    with database.reading() as session:
        (entry,) = entries(session, "wafer L:W")
    assert (entry.person, entry.origin, entry.action) == ("ana", "the login", "finding.write")
    assert entry.details == details
    assert abs(now() - entry.at) < timedelta(minutes=1)


def test_what_is_said_is_kept_as_it_was_then(database, ana):
    details = {"n": 1}
    with database.writing() as session:
        record(session, ana, "a.b", "s", details)
        details["n"] = 2
    with database.reading() as session:
        assert entries(session, "s")[0].details == {"n": 1}


def test_the_newest_come_first_of_one_subject_or_of_all_up_to_a_limit(database, ana):
    with database.writing() as session:
        for n in range(6):
            record(session, ana, f"a.{n}", "even" if n % 2 == 0 else "odd", {})
    with database.reading() as session:
        assert [e.action for e in entries(session, limit=4)] == ["a.5", "a.4", "a.3", "a.2"]
        assert [e.action for e in entries(session, "even")] == ["a.4", "a.2", "a.0"]
        assert [e.action for e in entries(session, "odd", limit=1)] == ["a.5"]
        assert entries(session, "eve") == []


def test_an_entry_goes_with_the_change_that_failed(database, ana):
    def write_and_fail():
        with database.writing() as session:
            record(session, ana, "a.b", "s", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    with database.reading() as session:
        assert entries(session, "s") == []
