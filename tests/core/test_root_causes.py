import pytest

from core.database.audit import entries
from core.identity import Person
from core.root_causes import LONGEST_TEXT, finding_history, findings_by_keys, write_finding
from data.errors import WaferValueError


def test_the_newest_version_is_shown_and_every_version_is_kept(database, ana):
    for cause in ("a guess", "worn pad"):
        with database.writing() as session:
            write_finding(session, "L1:W01", cause, "", ana)
    with database.reading() as session:
        assert findings_by_keys(session, ["L1:W01"])["L1:W01"].root_cause == "worn pad"
        assert [f.root_cause for f in finding_history(session, "L1:W01")] == ["worn pad", "a guess"]


def test_findings_come_in_the_order_asked_and_unknown_wafers_are_left_out(database, ana):
    with database.writing() as session:
        for number in (1, 2, 3):
            write_finding(session, f"L1:W{number}", f"cause {number}", "", ana)
    with database.reading() as session:
        assert list(findings_by_keys(session, ["L1:W3", "L9:W9", "L1:W1"])) == ["L1:W3", "L1:W1"]
        assert findings_by_keys(session, []) == {}


def test_many_keys_at_once_are_no_problem(database, ana):
    with database.writing() as session:
        write_finding(session, "L1:W69999", "worn pad", "", ana)
    with database.reading() as session:
        assert list(findings_by_keys(session, [f"L1:W{n}" for n in range(70_000)])) == ["L1:W69999"]


def test_a_finding_is_taken_back_by_an_empty_one(database, ana):
    with database.writing() as session:
        write_finding(session, "L1:W01", "a guess", "", ana)
        write_finding(session, "L1:W01", "  ", "\n", Person("ben"))
    with database.reading() as session:
        assert findings_by_keys(session, ["L1:W01"]) == {}
        assert [f.written_by for f in finding_history(session, "L1:W01")] == ["ben", "ana"]


def test_who_wrote_what_is_in_the_audit_trail(database, ana):
    with database.writing() as session:
        write_finding(session, "L1:W01", "worn pad", "scratch", ana)
    with database.reading() as session:
        (entry,) = entries(session, "wafer L1:W01")
    assert (entry.person, entry.origin, entry.action) == ("ana", "local", "finding.write")
    assert entry.details == {"root cause": "worn pad", "FA finding": "scratch"}


def test_a_text_too_long_is_refused_and_nothing_is_written(database, ana):
    with pytest.raises(WaferValueError, match="expected a root cause of up to 4,000"), database.writing() as session:
        write_finding(session, "L1:W01", "x" * (LONGEST_TEXT + 1), "", ana)
    with database.reading() as session:
        assert finding_history(session, "L1:W01") == []
