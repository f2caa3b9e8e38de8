import signal
import zipfile

import numpy as np
import pytest

from core.identity import Person
from core.ingestion.inbox import LOCK
from core.ingestion.orientation_rules import OrientationRules
from core.lake import Lake
from core.storage.blobs import Blobs
from data.errors import LakeError
from data.formats.write import write_npz, write_png, write_table
from data.orientation import OrientationRule
from jobs.watch import main
from tests.core.lake_examples import drawn, same_wafer
from tests.data.formats.stdf_writers import Records
from tests.jobs.watch_worker import processes, watch_until_step

pytestmark = pytest.mark.slow

# Steps of `watch_until_step` on the folder below: 0 to 3 take, 4 keeps wafers, 5 results, 6 to 9 put away.
KILLS = ((0, True), (4, False), (4, True), (5, False), (5, True), (7, True))


@pytest.fixture
def home(tmp_path, monkeypatch, tiny_model_path):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WAFERSCOPE_THREADS", "1")
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tiny_model_path))
    return tmp_path / "home"


@pytest.fixture
def folder(tmp_path):
    """Three good files of five wafers, one in a sub-folder, and one that is none."""
    folder = tmp_path / "arriving"
    (folder / "tool").mkdir(parents=True)
    write_npz([drawn(n) for n in range(3)], folder / "three.npz")
    write_table([drawn(3)], folder / "tool" / "one.csv")
    write_table([drawn(4)], folder / "two.parquet")
    (folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    return folder


def words(folder, *more):
    return [str(folder), "--once", "--settle", "0", "--every", "0.01", *more]


def names(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir() and p.name != LOCK)


PUT_AWAY = ["done/three.npz", "done/tool/one.csv", "done/two.parquet", "failed/bad.png", "failed/bad.png.reason.txt"]


def check_all_is_there_once(home, folder):
    """Every wafer is in the lake with a result and an original, and no part of the lake holds one twice."""
    lake = Lake(home / "lake")
    assert names(folder) == PUT_AWAY
    expected = {drawn(n).key: drawn(n) for n in range(5)}
    held = lake.wafers_by_keys(list(expected))
    assert lake.count() == len(held) == 5
    assert set(lake.results_by_keys(list(expected))) == set(expected)
    for key, wafer in held.items():
        assert np.array_equal(wafer.dies, expected[key].dies)
        assert wafer.source_sha256 in Blobs(home / "blobs")
    rows = lake.query("SELECT count(*) AS n, count(DISTINCT key) AS keys FROM wafers").iloc[0]
    assert rows["n"] == rows["keys"]


def test_what_arrives_is_in_the_lake_with_results_and_put_away(home, folder, capsys):
    assert main(words(folder)) == 0
    check_all_is_there_once(home, folder)
    assert "bad.png" in (folder / "failed" / "bad.png.reason.txt").read_text()
    assert "three.npz: 3 wafers" in capsys.readouterr().out


@pytest.mark.parametrize(("step", "after"), KILLS)
def test_a_watcher_killed_at_any_step_loses_nothing_and_does_nothing_twice(home, folder, step, after):
    watcher = processes.Process(target=watch_until_step, args=(words(folder, "--home", str(home)), step, after))
    watcher.start()
    watcher.join()
    assert watcher.exitcode == -signal.SIGKILL
    parts = {p: p.stat().st_mtime_ns for p in home.rglob("*.parquet")}
    assert main(words(folder)) == 0
    check_all_is_there_once(home, folder)
    assert {p: p.stat().st_mtime_ns for p in home.rglob("*.parquet") if p in parts} == parts


def test_the_same_file_again_changes_nothing_in_the_lake(home, folder):
    assert main(words(folder)) == 0
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*.parquet")}
    (folder / "done" / "three.npz").rename(folder / "three.npz")
    assert main(words(folder)) == 0
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*.parquet")} == before
    assert names(folder) == PUT_AWAY


def test_of_a_file_with_bad_wafers_the_good_ones_go_through(home, folder, tmp_path):
    write_png(drawn(9), tmp_path / "good.png")
    with zipfile.ZipFile(folder / "mixed.zip", "w") as archive:
        archive.write(tmp_path / "good.png", "good.png")
        archive.writestr("bad.png", b"no picture")
    assert main(words(folder)) == 0
    said = (folder / "failed" / "mixed.zip.reason.txt").read_text().splitlines()
    assert said[0] == "mixed.zip: 1 wafers are in the lake; of the rest:"
    assert said[1].startswith("mixed.zip/bad.png: ")
    assert same_dies(Lake(home / "lake").wafer(drawn(9).key), drawn(9))


def same_dies(one, other):
    return np.array_equal(one.dies, other.dies)


def test_links_and_files_without_wafers_fail_with_a_reason(home, folder, tmp_path):
    (tmp_path / "secret.csv").write_bytes((folder / "tool" / "one.csv").read_bytes())
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "empty.stdf").write_bytes(b"")
    assert main(words(folder)) == 0
    assert "is a link" in (folder / "failed" / "link.csv.reason.txt").read_text()
    assert "The file is cut" in (folder / "failed" / "empty.stdf.reason.txt").read_text()
    assert (tmp_path / "secret.csv").exists()


def test_files_are_given_back_when_the_lake_cannot_be_written(home, folder, monkeypatch, capsys):
    before = names(folder)

    def full(*_):
        raise LakeError("lake", "the disk is full", "Make room.")

    with monkeypatch.context() as patched:
        patched.setattr(Lake, "append_wafers", full)
        assert main(words(folder)) == 1
    assert names(folder) == before
    assert "the disk is full" in capsys.readouterr().err
    assert main(words(folder)) == 0
    check_all_is_there_once(home, folder)


def test_files_are_read_by_the_rules_of_their_products(home, folder):
    OrientationRules(str(home)).keep(drawn(4).product, OrientationRule(rotate=180), Person("eva"))
    assert main(words(folder)) == 0
    held = Lake(home / "lake").wafer(drawn(4).key)
    assert np.array_equal(held.dies, drawn(4).dies[::-1, ::-1])
    assert not same_wafer(held, drawn(4))


@pytest.mark.parametrize(
    ("given", "said"), [([], "expected one folder"), (["a", "b"], "expected one folder"), (["none"], "no such folder")]
)
def test_what_cannot_be_watched_is_said(home, capsys, given, said):
    assert main([*given, "--once"]) == 1
    assert said in capsys.readouterr().err


def test_an_stdf_file_that_may_still_grow_stays_where_it_is(home, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "tester"
    folder.mkdir()
    records = Records()
    whole = records.lot(records.wir(), records.parts([(0, 0, 1), (1, 0, 5)]), records.wrr())
    (folder / "lot.stdf").write_bytes(whole.removesuffix(records.mrr()))
    assert main(words(folder)) == 0
    assert names(folder) == ["lot.stdf"]
    assert "may still be growing" in capsys.readouterr().err
    monkeypatch.setenv("WAFERSCOPE_UNFINISHED_MINUTES", "0")
    assert main(words(folder)) == 0
    assert names(folder) == ["done/lot.stdf"]
    (found,) = Lake(home / "lake").wafers_by_keys(["LOT7:W05"]).values()
    assert found.remarks
