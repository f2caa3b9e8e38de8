import pytest

from core.alarms.deliveries import Channel, newest_deliveries, save_channel
from core.alarms.store import open_alarms
from core.database import AppDatabase
from core.identity import Person
from core.lake import Lake
from data.formats.write import write_npz
from jobs import ingest
from jobs.check_alarms import main
from tests.core.alarms.examples import keep, severe
from tests.core.alarms.receiver import receiving
from tests.core.lake_examples import drawn


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path))
    keep(Lake(tmp_path / "lake"), severe(0, 90.0))
    return tmp_path


def add_channel(home, address):
    database = AppDatabase(home / "decisions.db")
    with database.writing() as session:
        save_channel(session, Channel(name="team", address=address), Person("ana"))
    return database


def test_alarms_are_raised_and_sent(home, capsys):
    with receiving() as server:
        add_channel(home, server.address)
        assert main([]) == 0
    assert "1 new alarms, 1 delivered, 0 failed." in capsys.readouterr().err
    assert "Lot LOT000" in server.received[0]["message"]


def test_a_failed_delivery_is_status_1_and_nothing_is_lost(home, capsys):
    database = add_channel(home, "json://127.0.0.1:1/hook")
    assert main([]) == 1
    assert "1 new alarms, 0 delivered, 1 failed." in capsys.readouterr().err
    with database.reading() as session:
        assert [delivery.state for delivery, _, _ in newest_deliveries(session)] == ["waiting"]


def test_a_database_that_cannot_be_used_is_status_1_and_a_sentence(home, capsys, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_DECISIONS", "mysql://host/db")
    assert main([]) == 1
    assert "expected a file's path or a postgresql:// URL" in capsys.readouterr().err


def test_ingesting_with_segmenting_looks_for_alarms_and_stands_whatever_becomes_of_them(
    tmp_path, tiny_model_path, monkeypatch, capsys
):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path / "home"))
    write_npz([drawn(n) for n in range(2)], tmp_path / "two.npz")
    words = [str(tmp_path / "two.npz"), "--segment", "--model", str(tiny_model_path)]
    assert ingest.main(words) == 0
    assert "new alarms, 0 delivered" in capsys.readouterr().err
    with AppDatabase(tmp_path / "home" / "decisions.db").reading() as session:
        assert isinstance(open_alarms(session), list)
    monkeypatch.setenv("WAFERSCOPE_DECISIONS", "mysql://host/db")
    assert ingest.main(words) == 0
    assert "expected a file's path" in capsys.readouterr().err
