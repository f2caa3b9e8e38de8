import gzip
import os
import re
import resource
import time
import zipfile

import pytest
from hypothesis import given, settings

import core.reading
import data.formats
from core.reading import files
from core.reading.file_reading import FileReading
from core.reading.limits import limits_now
from core.reading.pool import POOL
from data.errors import SettingError
from data.formats import ReadFailure, ReadOptions
from data.formats.write import write_npz, write_table
from tests.core.reading.same_wafers import same
from tests.data.formats.format_examples import samples
from tests.data.formats.strategies import PATIENT, distinct_wafers


def nameless(item):
    """A failure without the address in memory that a decoder may put into its sentence."""
    if isinstance(item, ReadFailure):
        return ReadFailure(item.source_name, re.sub(r"<_io\S+ [^>]*>", "<stream>", item.reason))
    return item


def assert_same(found, expected):
    found, expected = list(found), list(expected)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert same(nameless(one), nameless(other)), (one, other)


@pytest.mark.parametrize("name", sorted(samples()))
def test_an_upload_of_any_format_gives_what_reading_it_here_gives(name):
    content = samples()[name]
    options = ReadOptions(product="P7")
    for part in (content, content[: len(content) // 2], b""):
        assert_same(
            core.reading.read_bytes(name, part, options=options), data.formats.read_bytes(name, part, options=options)
        )


@pytest.fixture
def folder(tmp_path):
    """All formats in a folder with subfolders, a link out, and files that are none."""
    inside = tmp_path / "in"
    (inside / "deep" / "LOT").mkdir(parents=True)
    for number, (name, content) in enumerate(samples().items()):
        (inside / ("deep/LOT" if number % 3 == 0 else "") / name).write_bytes(content)
    (inside / ".hidden.csv").write_bytes(b"")
    (inside / "notes.txt").write_bytes(b"nothing")
    (inside / "gone.csv").symlink_to(tmp_path / "nowhere")
    (inside / "out.csv").symlink_to(__file__)
    os.mkfifo(inside / "pipe.csv")
    return inside


def test_a_folder_gives_what_reading_it_here_gives_in_the_same_order(folder):
    assert_same(core.reading.read_wafers(folder), data.formats.read_wafers(folder))


def test_paths_that_are_none_give_what_reading_them_here_gives(tmp_path):
    for path in (tmp_path / "nothing.csv", "a\0b", tmp_path):
        assert_same(core.reading.read_wafers(path), data.formats.read_wafers(path))


@settings(PATIENT, max_examples=15)
@given(made=distinct_wafers())
def test_wafers_of_any_kind_arrive_as_reading_here_gives_them(tmp_path_factory, made):
    place = tmp_path_factory.mktemp("made")
    write_npz(made, place / "a.npz")
    write_table(made, place / "b.csv")
    write_table(made, place / "c.parquet")
    with zipfile.ZipFile(place / "d.zip", "w") as archive:
        for name in ("a.npz", "b.csv", "c.parquet"):
            archive.write(place / name, name)
    (place / "e.csv.gz").write_bytes(gzip.compress((place / "b.csv").read_bytes()))
    assert_same(core.reading.read_wafers(place), data.formats.read_wafers(place))


def test_a_reading_that_is_left_early_leaves_no_process_busy(folder):
    for count in range(3):
        readings = core.reading.read_wafers(folder)
        for _ in range(count):
            next(readings)
        readings.close()
    assert POOL.borrow(limits_now(), 0.0) is not None
    POOL.close()


def test_a_limit_that_is_nonsense_is_said_before_anything_is_read(monkeypatch, tmp_path):
    monkeypatch.setenv("WAFERSCOPE_READ_WAFERS", "many")
    with pytest.raises(SettingError, match="WAFERSCOPE_READ_WAFERS"):
        next(core.reading.read_wafers(tmp_path))
    with pytest.raises(SettingError, match="WAFERSCOPE_READ_WAFERS"):
        core.reading.read_bytes("a.csv", b"")


def test_a_growing_file_is_told_from_others(tmp_path):
    (tmp_path / "a.csv").write_bytes(samples()["a.csv"])
    assert not files.is_growing(tmp_path / "a.csv")
    assert not files.is_growing(tmp_path / "gone.stdf")


def test_a_picture_is_made_of_images_alone():
    assert files.grey_picture("a.png", samples()["a.png"], ReadOptions(), limits_now()).startswith(b"\x89PNG")
    assert files.grey_picture("a.csv", samples()["a.csv"], ReadOptions(), limits_now()) is None


def test_a_process_that_is_prepared_is_the_one_that_reads():
    POOL.close()
    files.prepare()
    files.prepare()
    [prepared] = POOL.process_ids()
    list(core.reading.read_bytes("a.csv", samples()["a.csv"]))
    assert POOL.process_ids() == [prepared]


@pytest.mark.slow
@pytest.mark.usefixtures("hostile")
class TestHostileFiles:
    def test_the_files_around_one_that_ends_its_process_are_read(self, tmp_path):
        for name in ("a.csv", "b.crash", "c.csv", "d.noise", "e.csv"):
            (tmp_path / name).write_bytes(samples()["a.csv"])
        found = list(core.reading.read_wafers(tmp_path))
        assert [item.source_name.partition("/")[2] for item in found if not isinstance(item, ReadFailure)] == [
            "a.csv", "a.csv", "c.csv", "c.csv", "e.csv", "e.csv",
        ]  # fmt: skip
        assert ["crashed" in item.reason for item in found if isinstance(item, ReadFailure)] == [True, False]

    def test_wafers_that_nobody_takes_wait_in_the_process_that_reads(self):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with FileReading("a.endless", lambda: files._spooled(b"")) as reading:
            next(reading)
            time.sleep(1)
            for _ in range(2000):
                next(reading)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30 * 1024
