import os
import sqlite3
import stat
import time
import uuid
from pathlib import Path

import pytest

from core.database import AppDatabase
from core.registry.store import Registry
from core.settings import Settings
from core.storage.folder import ABANDONED_SECONDS
from core.storage.home import make_private_file, open_home, sweep
from core.training.tracking import ask_mlflow


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def open_mask():
    """An account that lets everybody read what it makes."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_new_home_and_its_database_are_for_their_owner_alone(tmp_path):
    home = tmp_path / "a" / "home"
    database = AppDatabase(home / "decisions.db")
    with database.reading():
        beside = [path for path in home.iterdir() if path.name.startswith("decisions.db-")]
        assert {mode(path) for path in (home / "decisions.db", *beside)} == {0o600}
    database.close()
    assert mode(home) == 0o700


@pytest.mark.slow
def test_the_registry_s_database_is_for_its_owner_alone(tmp_path):
    at = Settings(home=tmp_path / "home")
    ask_mlflow(at, lambda client: client.search_experiments(), "test")
    assert (mode(at.home), mode(at.home / "mlflow.db")) == (0o700, 0o600)
    assert len(Registry(at).versions()) == 1


def test_what_an_earlier_version_left_open_is_closed_at_the_start(tmp_path):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere.db"
    home.mkdir(mode=0o755)
    connection = sqlite3.connect(home / "decisions.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE a (b)")
    (home / "mlflow.db").touch(0o644)
    (home / "secrets.toml").touch(0o640)
    (home / "readable.txt").touch(0o644)
    elsewhere.touch(0o666)
    open_home(home, str(elsewhere), [home / "secrets.toml", home / "none"])
    private = ("decisions.db", "decisions.db-wal", "decisions.db-shm", "mlflow.db", "secrets.toml")
    assert {name: mode(home / name) for name in private} == dict.fromkeys(private, 0o600)
    assert (mode(home), mode(elsewhere), mode(home / "readable.txt")) == (0o700, 0o600, 0o644)
    open_home(home, "postgresql://ana@db/fab")
    connection.close()


def test_stricter_rights_stay_as_they_are(tmp_path):
    make_private_file(tmp_path / "a")
    (tmp_path / "a").chmod(0o400)
    make_private_file(tmp_path / "a")
    assert mode(tmp_path / "a") == 0o400


def test_what_dead_writers_left_goes_after_some_hours_wherever_it_lies(tmp_path):
    left = [
        tmp_path / folder / f"x.bin.{uuid.uuid4().hex}.tmp" for folder in ("batches/1/input/1", "blobs/ab", "index")
    ]
    scratch = tmp_path / "models" / "tmpabc_1234" / "version"
    kept = [tmp_path / "batches" / "1" / "input" / "1" / "photo.tmp", tmp_path / "blobs" / "ab" / "tmp"]
    fresh = tmp_path / "lake" / f"y.{uuid.uuid4().hex}.tmp"
    for path in (*left, scratch / "model.onnx", *kept, fresh):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    old = time.time() - ABANDONED_SECONDS - 60
    for path in (*left, *kept, scratch / "model.onnx", scratch, scratch.parent):
        os.utime(path, (old, old))
    assert sweep(tmp_path, tmp_path / "nowhere") == 4
    assert [path.exists() for path in (*left, scratch.parent)] == [False] * 4
    assert all(path.exists() for path in (*kept, fresh))
    assert sweep(tmp_path) == 0


def test_a_folder_that_somebody_still_writes_to_stays(tmp_path):
    scratch = tmp_path / "tmpabc_1234"
    scratch.mkdir()
    (scratch / "now").touch()
    os.utime(scratch, (0, 0))
    assert sweep(tmp_path) == 0
