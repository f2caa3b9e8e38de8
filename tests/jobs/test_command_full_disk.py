"""A real small disk that fills up: jobs say so in a sentence, and nothing half-written is kept."""

import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from core.lake import Lake
from data.formats.write import write_npz
from jobs.ingest import main as ingest
from jobs.promote_model import main as promote_model
from tests.core.lake_examples import drawn

DISK_KB = 512


@pytest.fixture
def small_disk(tmp_path) -> Path:
    """A disk of half a megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_KB}k", "tmpfs", str(place)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this account may not mount a small disk to fill")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)  # the app database is open until it is collected


def fill(place: Path) -> None:
    """Take all room that is left."""
    with (place / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_taking_in_wafers_onto_a_full_disk_says_so(small_disk, tmp_path, capsys):
    home = small_disk / "home"
    write_npz([drawn(n) for n in range(3)], tmp_path / "few.npz")
    assert ingest([str(tmp_path / "few.npz"), "--home", str(home)]) == 0
    write_npz([drawn(n, size=40) for n in range(3, 100)], tmp_path / "many.npz")
    fill(small_disk)
    capsys.readouterr()
    assert ingest([str(tmp_path / "many.npz"), "--home", str(home)]) == 1
    said = capsys.readouterr().err
    assert "The disk is full: " in said
    assert "Free some space" in said
    assert "Errno" not in said
    assert [path for path in home.rglob("*") if path.name.endswith(".tmp")] == []
    (small_disk / "filler").unlink()
    assert Lake(home / "lake").count() == 3
    assert ingest([str(tmp_path / "few.npz"), "--home", str(home)]) == 0


def test_an_app_database_on_a_full_disk_says_so(small_disk, capsys):
    (small_disk / "home").mkdir()
    fill(small_disk)
    assert promote_model(["rollback", "--home", str(small_disk / "home")]) == 1
    said = capsys.readouterr().err
    assert "The disk is full: " in said
    assert "Errno" not in said
