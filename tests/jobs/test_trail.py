import csv
import json

import pytest
from sqlalchemy import text

from core.database import AppDatabase
from core.database.audit import entries, record
from core.identity import Person
from jobs.trail import main


@pytest.fixture
def database(tmp_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path / "home"))
    opened = AppDatabase(tmp_path / "home" / "decisions.db")
    with opened.writing() as session:
        for n in range(5):
            record(session, Person("ana"), "a.b", f"=wafer L:{n}", {"n": n, "said": "worn ✓"})
    yield opened
    opened.close()


def tamper(database, statement):
    with database.engine.begin() as connection:
        for verb in ("UPDATE", "DELETE"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS audit_no_{verb}"))
        connection.execute(text(statement))


def test_a_trail_that_holds_is_told(database, capsys):
    assert main([]) == 0
    said = capsys.readouterr()
    assert said.out == "5 rows hold.\n"
    assert "only a seal tells" in said.err


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit SET person = 'eve' WHERE id = 3", "row 3 was changed"),
        ("DELETE FROM audit WHERE id IN (2, 3)", "rows 2 to 3 were removed"),
    ],
)
def test_a_trail_that_does_not_hold_is_told_with_status_1(database, capsys, statement, said):
    tamper(database, statement)
    assert main(["verify"]) == 1
    assert said in capsys.readouterr().err


def test_seals_are_added_to_a_file_and_find_an_end_that_is_gone(database, tmp_path, capsys):
    seals = tmp_path / "seals.jsonl"
    assert main(["seal", "--out", str(seals)]) == 0
    with database.writing() as session:
        record(session, Person("ana"), "a.b", "s", {})
    assert main(["seal", "--out", str(seals)]) == 0
    assert [json.loads(line)["id"] for line in seals.read_text().splitlines()] == [5, 6]
    capsys.readouterr()
    assert main(["verify", "--seal", str(seals)]) == 0
    assert "only a seal" not in capsys.readouterr().err
    tamper(database, "DELETE FROM audit WHERE id > 4")
    assert main(["verify"]) == 0
    assert main(["verify", "--seal", str(seals)]) == 1
    assert "rows 5 to 6 were removed" in capsys.readouterr().err
    assert main(["seal", "--out", str(seals)]) == 1  # what does not hold is not sealed
    assert len(seals.read_text().splitlines()) == 2


def test_a_seal_may_be_printed(database, capsys):
    assert main(["seal"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["id"] == 5


def test_rows_are_exported_and_that_is_in_the_trail(database, tmp_path):
    assert main(["export", "--out", str(tmp_path / "trail.csv")]) == 0
    assert main(["export", "--out", str(tmp_path / "trail.jsonl"), "--since", "2020-01-01"]) == 0
    with (tmp_path / "trail.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["subject"] for row in rows] == [f"'=wafer L:{n}" for n in range(5)]
    assert json.loads(rows[4]["details"]) == {"n": 4, "said": "worn ✓"}
    lines = [json.loads(line) for line in (tmp_path / "trail.jsonl").read_text("utf-8").splitlines()]
    assert [(line["id"], line["action"]) for line in lines][4:] == [(5, "a.b"), (6, "trail.export")]
    with database.reading() as session:
        assert entries(session, "audit trail", limit=1)[0].details == {"since": "2020-01-01", "until": "", "rows": 6}
    assert (tmp_path / "trail.csv").stat().st_mode & 0o077 == 0


def test_an_export_may_end_before_a_moment(database, tmp_path):
    out = tmp_path / "trail.jsonl"
    assert main(["export", "--out", str(out), "--until", "2020-01-01T00:00+02:00"]) == 0
    assert out.read_text() == ""


def test_what_is_new_is_streamed_and_a_failure_has_status_1(database, tmp_path, capsys):
    out = tmp_path / "siem.jsonl"
    for _ in range(2):
        assert main(["stream", "--to", str(out)]) == 0
    assert len(out.read_text().splitlines()) == 5
    assert (tmp_path / "home" / "trail-position.json").exists()
    assert main(["verify", "--seal", str(tmp_path / "home" / "trail-position.json"), str(out)]) == 0
    where = ["--to", "http://127.0.0.1:1/", "--position", str(tmp_path / "other.json")]
    assert main(["stream", *where]) == 1
    assert "the collector did not take" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["burn"], "expected one of verify, seal, export, stream"),
        (["export"], "expected a file that ends in .csv or .jsonl"),
        (["export", "--out", "a.jsonl", "--since", "yesterday"], "expected a time such as"),
        (["stream"], "expected a file or an http"),
        (["verify", "--seal", "no-such-file"], "no-such-file"),
    ],
)
def test_what_cannot_be_done_is_said_with_status_1(database, capsys, words, said):
    assert main(words) == 1
    assert said in capsys.readouterr().err
