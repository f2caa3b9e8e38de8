import pytest

from core.database import AppDatabase
from core.database.audit import entries
from data.errors import AppDatabaseError
from pages.parts.blocks.taking import told


def test_a_file_is_in_the_trail_when_it_is_taken_and_not_when_it_is_offered(tmp_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path))
    take = told(lambda: b"content", "wafers.csv")
    database = AppDatabase(tmp_path / "decisions.db")
    with database.reading() as session:
        assert entries(session) == []
    assert take() == b"content"
    with database.reading() as session:
        assert [(entry.action, entry.subject) for entry in entries(session)] == [("export.make", "file wafers.csv")]
    database.close()


def test_what_the_trail_cannot_hold_is_not_handed_out(tmp_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_DATABASE", str(tmp_path))
    made = []
    with pytest.raises(AppDatabaseError):
        told(lambda: made.append(1) or b"", "wafers.csv")()
    assert made == []
