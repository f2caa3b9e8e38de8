import json
import os
import time
from pathlib import Path

import pytest

from core.similarity.versions import SETTLED_SECONDS, Versions


@pytest.fixture
def versions(tmp_path):
    return Versions(tmp_path, "wafers")


def add(versions, text):
    versions.add({"said": text}, {".txt": lambda path: path.write_text(text)})


def content(about, address):
    return about["said"], Path(address(".txt")).read_text()


def texts(folder):
    return {path.read_text() for path in folder.glob("*.txt")}


def age(folder):
    """Make all files look as if nobody could need them any more."""
    for path in folder.iterdir():
        past = time.time() - 2 * SETTLED_SECONDS
        os.utime(path, (past, past))


def test_the_newest_version_counts_and_the_stamp_changes_with_it(versions):
    assert versions.stamp == ""
    stamps = {versions.stamp}
    for text in ("a", "b"):
        add(versions, text)
        assert versions.open(content) == (text, text)
        stamps.add(versions.stamp)
    assert len(stamps) == 3


def test_of_settled_versions_the_one_before_stays_and_older_ones_go(versions, tmp_path):
    for text in ("a", "b", "c"):
        add(versions, text)
    assert texts(tmp_path) == {"a", "b", "c"}  # each may have been read, or be about to count, a moment ago
    age(tmp_path)
    add(versions, "d")
    assert texts(tmp_path) == {"c", "d"}


def test_files_of_others_stay(versions, tmp_path):
    add(Versions(tmp_path, "clusters"), "theirs")
    (tmp_path / "wafers-notes.txt").write_text("notes")
    for text in ("a", "b", "c"):
        age(tmp_path)
        add(versions, text)
    assert texts(tmp_path) == {"b", "c", "theirs", "notes"}


def test_a_version_that_is_replaced_while_it_is_read_is_read_in_its_newer_form(versions, tmp_path):
    add(versions, "old")

    def read(about, address):
        if about["said"] == "old":
            add(versions, "new")
            for path in tmp_path.glob("*.txt"):
                if path.read_text() == "old":
                    path.unlink()
        return content(about, address)

    assert versions.open(read) == ("new", "new")


def test_a_version_from_before_there_were_checksums_is_read(versions, tmp_path):
    add(versions, "a")
    pointer = tmp_path / "wafers.json"
    about = json.loads(pointer.read_text())
    del about["checksums"]
    pointer.write_text(json.dumps(about))
    assert versions.open(content) == ("a", "a")
    next(tmp_path.glob("*.txt")).unlink()
    with pytest.raises(ValueError, match=r"\.txt is missing"):
        versions.open(content)


@pytest.mark.parametrize(
    ("pointer", "said"), [("", "Expecting value"), ("[1]", "names no files"), ('{"files": 3}', "names no files")]
)
def test_a_damaged_pointer_is_said_and_replaced_by_the_next_version(versions, tmp_path, pointer, said):
    (tmp_path / "wafers.json").write_text(pointer)
    with pytest.raises(ValueError, match=said):
        versions.open(content)
    add(versions, "a")
    assert versions.open(content) == ("a", "a")


def test_where_there_is_no_version_nothing_is_read(versions):
    with pytest.raises(FileNotFoundError):
        versions.open(content)
