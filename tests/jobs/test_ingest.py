import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.identity import Person
from core.ingestion.orientation_rules import OrientationRules
from core.lake import Lake
from core.lake.wafer_tests import list_tests
from core.storage.blobs import Blobs
from data.formats.write import write_npz, write_png
from data.orientation import OrientationRule
from jobs.ingest import main
from tests.core.lake.damages import DAMAGES
from tests.core.lake_examples import drawn
from tests.data.formats.make_fixtures import FIXTURES, GRID
from tests.data.formats.stdf_writers import START, Records


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def files(tmp_path) -> Path:
    """A folder with a npz of five wafers, a PNG in a sub-folder, and a zip of two PNGs."""
    folder = tmp_path / "files"
    (folder / "deep").mkdir(parents=True)
    write_npz([drawn(n) for n in range(5)], folder / "five.npz")
    write_png(drawn(10), folder / "deep" / "LOTX_W01.png")
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        for number in (11, 12):
            write_png(drawn(number), tmp_path / "one.png")
            archive.write(tmp_path / "one.png", f"inner/LOTZ_W{number}.png")
    return folder


def lake_of(home: Path) -> Lake:
    return Lake(home / "lake")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.slow
def test_all_wafers_of_a_folder_are_in_the_lake_and_their_files_are_kept(home, files, capsys):
    assert main([str(files)]) == 0
    lake = lake_of(home)
    table = lake.query("SELECT key, source_name, source_sha256 FROM wafers")
    assert len(table) == 8
    for number in range(5):
        assert np.array_equal(lake.wafer(drawn(number).key).dies, drawn(number).dies)
    expected = {sha256(path.read_bytes()) for path in (files / "five.npz", files / "deep" / "LOTX_W01.png")}
    with zipfile.ZipFile(files / "two.zip") as archive:
        expected |= {sha256(archive.read(name)) for name in archive.namelist()}
    assert set(table["source_sha256"]) == expected
    blobs = Blobs(home / "blobs")
    assert all(sha256(blobs.read(name)) == name for name in expected)
    said = capsys.readouterr().err
    assert "ingested 8 wafers" in said
    assert "8 new or changed wafers, 0 there already, 0 failures." in said


@pytest.mark.slow
def test_ingesting_the_same_files_again_changes_nothing(home, files, capsys):
    assert main([str(files)]) == 0
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    assert main([str(files)]) == 0
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()} == before
    assert "0 new or changed wafers, 8 there already" in capsys.readouterr().err


@pytest.mark.slow
def test_the_good_files_of_a_batch_go_through_and_the_bad_one_is_told(home, files, capsys):
    (files / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    assert main([str(files)]) == 1
    assert lake_of(home).count() == 8
    said = capsys.readouterr().err
    assert "broken.png" in said
    assert "1 failures" in said
    assert sha256((files / "broken.png").read_bytes()) not in Blobs(home / "blobs")


@pytest.mark.slow
def test_a_changed_file_makes_its_wafers_new(home, tmp_path):
    path = tmp_path / "LOT1_W01.png"
    write_png(drawn(0), path)
    assert main([str(path)]) == 0
    write_png(drawn(0, seed=1), path)
    assert main([str(path)]) == 0
    (wafer,) = lake_of(home).wafers_by_keys(list(lake_of(home).query("SELECT key FROM wafers")["key"])).values()
    assert np.array_equal(wafer.dies, drawn(0, seed=1).dies)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "expected files, folders or zips, found none"),
        (["no_such_file.png"], "no_such_file.png: does not exist"),
        (["{empty}"], "There is no file in the given paths."),
        (["{empty}", "--segment", "--model", "no_model.onnx"], "no_model.onnx: the model file cannot be read"),
    ],
)
def test_nothing_to_read_or_no_model_is_status_1_and_a_sentence(home, tmp_path, capsys, words, said):
    (tmp_path / "empty").mkdir()
    assert main([word.format(empty=tmp_path / "empty") for word in words]) == 1
    assert said in capsys.readouterr().err
    assert not (home / "lake").exists()


def test_a_home_flag_goes_before_the_setting(home, files, tmp_path):
    assert main([str(files / "five.npz"), "--home", str(tmp_path / "other")]) == 0
    assert lake_of(tmp_path / "other").count() == 5
    assert not home.exists()


def test_what_was_ingested_is_segmented_on_demand(home, files, tiny_model_path):
    assert main([str(files / "five.npz"), "--segment", "--model", str(tiny_model_path)]) == 0
    models = lake_of(home).query("SELECT model, seconds FROM wafers")
    assert set(models["model"].str.startswith("tiny@")) == {True}
    assert (models["seconds"] > 0).all()


def test_packed_files_are_kept_as_they_came_and_wafers_lie_as_the_rule_of_their_product_says(home):
    OrientationRules(str(home)).keep("CHIP-A", OrientationRule(rotate=180), Person("ann"))
    path = FIXTURES / "lot7.stdf.gz"
    assert main([str(path)]) == 0
    wafer = lake_of(home).wafer("LOT7:W05")
    assert wafer.bins.tolist() == GRID[::-1, ::-1].tolist()
    assert wafer.attributes["die_axes"] == "x left, y down, (2, 3) at row 0, column 0"
    assert Blobs(home / "blobs").read(wafer.source_sha256) == path.read_bytes()


def test_what_became_of_a_retest_and_of_another_step_is_said(tmp_path, capsys):
    records = Records()

    def lot(dies, hour, **said):
        start = START + 3600 * hour
        middle = (records.wir("07", start=start), records.parts(dies), records.wrr("07", finish=start + 900))
        return records.far() + records.mir("LOTR", start=start, **said) + b"".join(middle) + records.mrr(start + 1000)

    every = [(x, y, 1 + 4 * (x == y)) for x in range(5) for y in range(5)]
    runs = {
        "first.stdf": lot(every, 0, code="CP1"),
        "again.stdf": lot([(2, 2, 1), (4, 4, 1)], 1, code="CP1"),
        "other.stdf": lot(every, 2, code="CP2"),
    }
    said = {}
    for name, content in runs.items():
        (tmp_path / name).write_bytes(content)
        assert main([str(tmp_path / name), "--home", str(tmp_path / "home")]) == 0
        said[name] = capsys.readouterr().err
    assert "merged 2 retested dies into LOTR:07" in said["again.stdf"]
    assert "kept beside CP1" in said["other.stdf"]
    lake = Lake(tmp_path / "home" / "lake")
    assert [(test.step, test.fail_count) for test in list_tests(lake, "LOTR:07")] == [("CP2", 5), ("CP1", 3)]


@pytest.mark.slow
def test_a_damaged_part_keeps_no_wafer_out(home, files, tiny_model_path, capsys):
    flags = ["--segment", "--model", str(tiny_model_path)]
    assert main([str(files / "five.npz"), *flags]) == 0
    for table in ("dies", "instances", "segmentations"):
        DAMAGES["cut"](min((home / "lake" / table).iterdir()))
    assert main([str(files), *flags]) == 0
    assert "8 new or changed wafers" in capsys.readouterr().err
    lake = Lake(home / "lake")
    assert lake.count() == 8
    assert len(lake.results_by_keys([drawn(n).key for n in range(5)])) == 5
