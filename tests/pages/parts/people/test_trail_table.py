from core.database import AppDatabase, audit
from core.database.trail_search import TrailFilter, find
from core.exports.frames import frame_csv
from core.identity import Person
from pages.parts.people.trail_table import as_table


def test_a_table_of_entries_says_when_who_and_what_first_and_all_else_after(tmp_path):
    database = AppDatabase(tmp_path / "decisions.db")
    with database.writing() as session:
        audit.record(session, Person("bo"), "finding.write", "=1+1", {"text": "é", "n": [1]})
    with database.reading() as session:
        entries = find(session, TrailFilter(), 10)
    table = as_table(entries)
    assert list(table.columns[:5]) == ["at", "person", "action", "subject", "details"]
    assert {"id", "origin"} <= set(table.columns)
    assert table["details"].tolist() == ['{"text": "é", "n": [1]}']
    heading, row = frame_csv(table).splitlines()
    assert heading.startswith("at (UTC),person,")
    assert ",'=1+1," in row
    database.close()


def test_no_entries_make_an_empty_table():
    assert as_table([]).empty
