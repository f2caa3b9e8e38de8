import zipfile
from pathlib import Path

import pytest

from core.ingestion.sources import Sources
from data.formats.write import write_npz
from tests.core.lake_examples import drawn

WAFERS = [drawn(n) for n in range(6)]


@pytest.fixture
def files(tmp_path) -> dict[str, Path]:
    """A file of one wafer, a zip of three files, a folder with a file of one and one of another kind below it."""
    folder = tmp_path / "folder"
    (folder / "deeper").mkdir(parents=True)
    write_npz(WAFERS[:1], tmp_path / "one.npz")
    write_npz(WAFERS[4:5], folder / "a.npz")
    write_npz(WAFERS[5:6], folder / "deeper" / "b.npz")
    with zipfile.ZipFile(tmp_path / "three.zip", "w") as archive:
        for n in range(3):
            write_npz(WAFERS[1 + n : 2 + n], tmp_path / "entry.npz")
            archive.write(tmp_path / "entry.npz", f"lots/{n}.npz")
    (tmp_path / "entry.npz").unlink()
    return {"file": tmp_path / "one.npz", "zip": tmp_path / "three.zip", "folder": folder}


def test_all_paths_are_one_stream_in_their_order(files):
    sources = Sources([files["file"], files["zip"], files["folder"]])
    found = list(sources)
    assert [wafer.key for wafer in found] == [wafer.key for wafer in WAFERS]
    assert all(wafer.dies.tolist() == known.dies.tolist() for wafer, known in zip(found, WAFERS, strict=True))
    assert (sources.wafers, sources.failures) == (6, [])


def test_the_share_rises_file_by_file_and_a_single_file_has_none(files):
    sources = Sources([files["file"], files["zip"], files["folder"]])
    assert [sources.share for _ in sources] == [n / 6 for n in range(6)]
    alone = Sources([files["file"]])
    assert [alone.share for _ in alone] == [None]


def test_hidden_files_and_folders_of_a_zip_count_for_nothing(files):
    (files["folder"] / ".hidden.npz").write_bytes(b"")
    with zipfile.ZipFile(files["zip"], "a") as archive:
        archive.mkdir("empty")
    assert [sources.share for sources in [Sources(list(files.values()))] for _ in sources] == [n / 6 for n in range(6)]


def test_a_bad_file_is_told_kept_and_no_end_of_the_others(files):
    (files["folder"] / "aa.npz").write_bytes(b"no archive at all")
    told = []
    sources = Sources([files["folder"], files["file"]], told=told.append)
    assert [wafer.key for wafer in sources] == [WAFERS[n].key for n in (4, 5, 0)]
    (failure,) = sources.failures
    assert "aa.npz" in failure.reason
    assert told == [failure]


def test_the_original_of_the_wafer_just_read_is_the_very_file_or_entry(files):
    sources = Sources([files["file"], files["zip"], files["folder"]])
    kept = []
    for wafer in sources:
        with sources.original(wafer.source_name) as stream:
            kept.append(stream.read())
    with zipfile.ZipFile(files["zip"]) as archive:
        entries = [archive.read(f"lots/{n}.npz") for n in range(3)]
    folder = files["folder"]
    alone = [path.read_bytes() for path in (files["file"], folder / "a.npz", folder / "deeper" / "b.npz")]
    assert kept == [alone[0], *entries, *alone[1:]]


def test_a_zip_below_a_folder_opens_its_entries_too(tmp_path, files):
    inner = tmp_path / "outer" / "sub"
    inner.mkdir(parents=True)
    files["zip"].rename(inner / "three.zip")
    sources = Sources([tmp_path / "outer"])
    for number, wafer in enumerate(sources):
        with sources.original(wafer.source_name) as stream, zipfile.ZipFile(inner / "three.zip") as archive:
            assert stream.read() == archive.read(f"lots/{number}.npz")
    assert sources.wafers == 3


@pytest.mark.parametrize("content", [b"", b"PK\5\6", b"PK\3\4" * 99, b"x" * 10**6])
def test_what_only_claims_to_be_a_zip_counts_once(files, content):
    files["zip"].write_bytes(content)
    sources = Sources([files["zip"], files["file"]])
    [wafer] = sources
    assert wafer.key == WAFERS[0].key
    assert len(sources.failures) == 1
    assert sources.share == 1 / 2
