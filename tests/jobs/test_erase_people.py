from datetime import timedelta

import pytest
from sqlalchemy import update

from core.database import AppDatabase
from core.database.schema import now
from core.people.accounts import find_account
from core.people.erasure import Erasure
from jobs.erase_people import main
from jobs.people import main as people


@pytest.fixture
def database(tmp_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path))
    opened = AppDatabase(tmp_path / "decisions.db")
    people(["invite", "--email", "bo@fab.example", "--name", "Bo Lind"])
    yield opened
    opened.close()


def test_who_is_due_is_listed_first_and_erased_when_that_is_said(database, capsys):
    assert main(["ask", "--email", "bo@fab.example"]) == 0
    assert main([]) == 0
    assert "Nobody is to be erased yet." in capsys.readouterr().out
    with database.writing() as session:
        session.execute(update(Erasure).values(due_at=now() - timedelta(days=1)))
    assert main(["due"]) == 0
    assert "Bo Lind: account 1 would be erased." in capsys.readouterr().out
    assert main(["due", "--yes"]) == 0
    assert "account 1: erased" in capsys.readouterr().out
    with database.reading() as session:
        assert find_account(session, 1).name == "erased person 1"


def test_an_erasure_is_taken_back(database, capsys):
    main(["ask", "--email", "bo@fab.example"])
    assert main(["keep", "--email", "bo@fab.example"]) == 0
    with database.reading() as session:
        assert session.get(Erasure, 1) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [(["burn"], "expected one of due, ask, keep"), (["ask", "--email", "who@fab.example"], "there is no account")],
)
def test_what_cannot_be_done_is_said_with_status_1(database, capsys, words, said):
    assert main(words) == 1
    assert said in capsys.readouterr().err
