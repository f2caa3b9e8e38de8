import json
import os
import time
import uuid

import pytest

from core.storage.folder import ABANDONED_SECONDS, UNFINISHED, Folder
from data.errors import LakeError
from tests.core.storage.writers import WRITERS, at_once


@pytest.fixture(params=["path", "file", "memory"])
def folder(request, tmp_path) -> Folder:
    return Folder(
        {"path": tmp_path, "file": f"file://{tmp_path}", "memory": f"memory://{uuid.uuid4().hex}"}[request.param]
    )


def put(folder: Folder, name: str, content: bytes) -> None:
    with folder.new_file(name) as path:
        path.write_bytes(content)


def test_what_was_written_is_listed_measured_and_read(folder):
    put(folder, "a/one", b"1")
    put(folder, "a/two", b"22")
    assert folder.names("a") == {"one", "two"}
    assert folder.read("a/two") == b"22"
    assert folder.size("a/two") == 2
    assert folder.exists("a/one")


def test_a_writer_that_fails_leaves_nothing(folder):
    def fail():
        with folder.new_file("a/one") as path:
            path.write_bytes(b"half")
            raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="on fire"):
        fail()
    assert not folder.exists("a/one")
    assert folder.names("a") == frozenset()
    if folder.local:
        assert list((folder.local / "a").iterdir()) == []


def test_nothing_shows_before_the_block_ends(folder):
    with folder.new_file("a/one") as path:
        path.write_bytes(b"whole")
        assert folder.names("a") == frozenset()
    assert folder.names("a") == {"one"}


def test_a_folder_that_does_not_exist_is_empty_and_removing_twice_is_fine(folder):
    put(folder, "a/one", b"1")
    folder.remove("a/one")
    folder.remove("a/one")
    assert folder.names("a") == folder.names("nowhere") == frozenset()


def test_only_what_was_abandoned_long_ago_is_swept(tmp_path):
    folder = Folder(tmp_path)
    put(folder, "a/whole", b"1")
    old, young = (tmp_path / "a" / f"{name}{UNFINISHED}" for name in ("old", "young"))
    old.write_bytes(b"x")
    young.write_bytes(b"x")
    os.utime(old, (0, time.time() - ABANDONED_SECONDS - 60))
    assert folder.sweep("a") == 1
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"whole", young.name}
    assert folder.names("a") == {"whole"}


def test_an_unknown_protocol_is_said_in_a_sentence():
    with pytest.raises(LakeError, match=r"nosuch://bucket: the place cannot be used .* Give a folder or"):
        Folder("nosuch://bucket")


def test_a_claim_is_held_by_one_at_a_time_and_ends_with_its_block(tmp_path):
    folder = Folder(tmp_path)
    with folder.claimed("work.lock") as mine, Folder(tmp_path).claimed("work.lock") as theirs:
        assert (mine, theirs) == (True, False)
    with Folder(tmp_path).claimed("work.lock") as mine:
        assert mine


def test_a_claim_on_what_does_not_exist_makes_nothing(tmp_path):
    with Folder(tmp_path / "nowhere").claimed("work.lock") as mine:
        assert mine
    assert not (tmp_path / "nowhere").exists()


def test_a_bucket_is_a_folder_whose_driver_comes_with_the_app():
    assert Folder("s3://fab/lake").address("wafers/a.parquet") == "s3://fab/lake/wafers/a.parquet"


@pytest.mark.parametrize("durable", [True, False])
def test_processes_that_write_a_file_at_once_leave_one_of_their_texts_whole(tmp_path, durable):
    texts = [str(number) * 5000 for number in range(WRITERS)]

    def write(number: int) -> None:
        for _ in range(20):
            Folder(tmp_path).write_text("a/small.txt", texts[number], durable=durable)
            assert Folder(tmp_path).read("a/small.txt").decode() in texts

    assert at_once(write) == [0] * WRITERS
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["small.txt"]


def test_processes_that_add_to_a_file_in_turns_lose_nothing(tmp_path):
    def add(number: int) -> None:
        folder = Folder(tmp_path)
        for turn in range(10):
            with folder.turn("a/all.json"):
                held = json.loads(folder.read("a/all.json")) if folder.exists("a/all.json") else []
                folder.write_text("a/all.json", json.dumps([*held, [number, turn]]))

    assert at_once(add) == [0] * WRITERS
    held = json.loads((tmp_path / "a" / "all.json").read_text())
    assert sorted(held) == [[number, turn] for number in range(WRITERS) for turn in range(10)]
    assert Folder(tmp_path).names("a") == {"all.json"}


def test_where_there_are_no_locks_nobody_waits_for_a_turn():
    folder = Folder(f"memory://{uuid.uuid4().hex}")
    with folder.turn("a"), folder.turn("a"):
        folder.write_text("a", "kept")
    assert folder.read("a") == b"kept"
