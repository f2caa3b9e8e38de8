import json
import os
import signal
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from core.alarms.deliveries import Channel, save_channel
from core.batches.folder import Batch, all_batches
from core.database import AppDatabase
from core.identity import Person
from core.lake import Lake
from core.segmentation import Segmenter
from core.segmentation.serving import ServedModel, Serving, challenger_takes, keep_served
from core.settings import Settings
from core.storage.blobs import Blobs
from data.formats.write import write_npz, write_png
from jobs.batch import main
from tests.core.alarms.receiver import receiving
from tests.core.batches.batch_examples import accepted, mixed_folder, shown
from tests.core.job_examples import until
from tests.core.lake_examples import drawn
from tests.source_tree import ROOT
from tests.tiny_model import METADATA, write_tiny_model

pytestmark = pytest.mark.slow


@pytest.fixture
def run(tmp_path, tiny_model_path):
    """Run the job in a workspace of its own."""
    return lambda *words: main([*map(str, words), "--home", str(tmp_path / "home"), "--model", str(tiny_model_path)])


def csv_of(archive: Path, name: str = "wafers.csv") -> str:
    with zipfile.ZipFile(archive) as opened:
        return opened.read(name).decode()


def test_files_become_one_archive_and_failures_are_listed(run, tmp_path, capsys):
    assert run(mixed_folder(tmp_path / "in")) == 0
    [batch] = all_batches(tmp_path / "home")
    assert batch.summary.wafers == 7
    assert batch.request.title == "in"
    assert csv_of(batch.results).count("\n") == 8
    said = capsys.readouterr().err
    assert "segmented 7 of 7 wafers" in said
    assert str(batch.results) in said


def test_only_what_failed_is_tried_again(run, tmp_path, monkeypatch):
    folder = mixed_folder(tmp_path / "in")
    run(folder, "--out", tmp_path / "out")
    before = (tmp_path / "out" / "pieces" / "000000.parquet").stat().st_mtime_ns
    write_png(shown(91), folder / "broken.png")
    assert run("--out", tmp_path / "out") == 0
    assert Batch(tmp_path / "out").summary.failures == 1  # going on is not trying again
    assert run("--out", tmp_path / "out", "--retry") == 0
    batch = Batch(tmp_path / "out")
    assert (batch.summary.wafers, batch.summary.failures) == (8, 0)
    assert "LOT1:W91" in csv_of(batch.results)
    assert (batch.path / "pieces" / "000000.parquet").stat().st_mtime_ns == before


def test_a_job_that_was_killed_goes_on_and_redoes_nothing(tmp_path, tiny_model_path):
    write_npz([shown(number) for number in range(240)], tmp_path / "lot.npz")
    out = tmp_path / "out"
    batch = accepted(out, tmp_path / "lot.npz", wafers_per_part=20, model=str(tiny_model_path))
    words = [sys.executable, "-m", "jobs.batch", "--out", str(out), "--home", str(tmp_path / "home")]
    first = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.DEVNULL)
    until(lambda: first.poll() is not None or len(list(out.glob("pieces/*.parquet"))) > 1)
    os.kill(first.pid, signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    finished = {path: path.stat().st_mtime_ns for path in out.glob("pieces/*.parquet")}
    assert 1 < len(finished) < 12
    assert batch.results is None
    second = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert second.returncode == 0
    assert batch.summary.wafers == 240
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    keys = {line.split(",")[0] for line in csv_of(batch.results).splitlines()[1:]}
    assert keys == {f"LOT1:W{number:02d}" for number in range(240)}


def test_wafers_of_the_lake_by_filter_or_by_name(run, tmp_path, capsys):
    Lake(tmp_path / "home" / "lake").append_wafers(drawn(n) for n in range(12))
    assert run("--lake", "--product", "TC38", "--out", tmp_path / "a") == 0
    assert Batch(tmp_path / "a").summary.wafers == 4
    (tmp_path / "names.csv").write_text("wafer\nLOT000:W03\nLOT000:W01\n")
    assert run("--lake", "--wafers", tmp_path / "names.csv", "--out", tmp_path / "b") == 0
    assert Batch(tmp_path / "b").keys == ("LOT000:W03", "LOT000:W01")
    (tmp_path / "names.csv").write_text("NO:SUCH")
    assert run("--lake", "--wafers", tmp_path / "names.csv", "--out", tmp_path / "c") == 1
    assert run("--lake", "--product", "NONE", "--out", tmp_path / "c") == 1
    said = capsys.readouterr().err
    assert "the lake holds no NO:SUCH" in said
    assert "no wafer of the lake fits" in said
    assert not (tmp_path / "c").exists()


def test_results_are_kept_in_the_lake_when_asked_for(run, tmp_path, tiny_model_path):
    assert run(mixed_folder(tmp_path / "in"), "--save") == 0
    lake = Lake(tmp_path / "home" / "lake")
    assert set(lake.query("SELECT model FROM wafers")["model"]) == {Segmenter.load(str(tiny_model_path)).name}
    assert lake.count() == 7
    assert sha256((tmp_path / "in" / "lot.npz").read_bytes()).hexdigest() in Blobs(tmp_path / "home" / "blobs")


def test_a_merged_retest_is_segmented_by_the_batch_that_brings_it(run, tmp_path, capsys):
    for name, time, dies in (("first", "14:00", "1121"), ("again", "15:00", "1")):
        rows = "".join(f"{x},{y},{code}\n" for y in range(4) for x, code in enumerate(dies))
        head = f"# lot: LOTR\n# wafer: 07\n# tested at: 2026-05-01T{time}:00\nx,y,bin\n"
        (tmp_path / f"{name}.csv").write_text(head + rows)
        assert run(tmp_path / f"{name}.csv", "--save") == 0
    assert "merged 4 retested dies into LOTR:07" in capsys.readouterr().err
    lake = Lake(tmp_path / "home" / "lake")
    assert lake.keys_without_result(["LOTR:07"]) == []
    assert lake.result("LOTR:07").wafer.tested_count == 16


def test_what_is_kept_in_the_lake_follows_the_split_of_a_trial(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    paths = [write_tiny_model(home / f"{n}.onnx", metadata={**METADATA, "name": n}) for n in ("champion", "rival")]
    ours, theirs = (Segmenter.load(str(path), threads=1).name for path in paths)
    models = [ServedModel(n, name, str(path)) for n, (name, path) in enumerate(zip((ours, theirs), paths, strict=True))]
    keep_served(Settings(home=home), Serving(*models, 0.5, "2026-01-01T00:00:00+00:00"))  # type: ignore[call-arg]
    assert main([str(mixed_folder(tmp_path / "in")), "--save", "--home", str(home)]) == 0
    rows = Lake(home / "lake").query("SELECT key, model FROM wafers")
    assert len(rows) == 7
    assert [theirs if challenger_takes(key, 0.5) else ours for key in rows["key"]] == list(rows["model"])


def test_who_asked_to_be_told_is_told_once(run, tmp_path, capsys):
    place = tmp_path / "home" / "decisions.db"
    place.parent.mkdir()
    with receiving() as receiver:
        with AppDatabase(place).writing() as session:
            for name, address in (
                ("ops", receiver.address),
                ("others", receiver.address),
                ("gone", "json://127.0.0.1:9"),
            ):
                save_channel(session, Channel(name=name, address=address), Person("ana"))
        words = (mixed_folder(tmp_path / "in"), "--out", tmp_path / "out", "--title", "Lot 7")
        assert run(*words, "--tell", "ops", "gone") == 0
        assert run("--out", tmp_path / "out") == 0
        [message] = receiver.received
    assert message["message"].startswith("Lot 7 is done: 7 wafers, 7 with a pattern; 1 gave no result.")
    assert Batch(tmp_path / "out").told["ops"] == ""
    assert "gone could not be told:" in capsys.readouterr().err
    assert run(tmp_path / "in", "--tell", "nobody") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{empty}"], "there is no wafer file in it"),
        (["--out", "{empty}"], "there is no batch here"),
        (["{empty}", "--lake"], "expected files or --lake, found both"),
        ([], "there is no batch here"),
    ],
)
def test_nothing_to_do_is_status_1_and_a_sentence(run, tmp_path, capsys, words, said):
    (tmp_path / "empty").mkdir()
    assert run(*[word.format(empty=tmp_path / "empty") for word in words]) == 1
    assert said in capsys.readouterr().err


def test_a_batch_of_bad_files_alone_ends_with_status_1_and_their_reasons(run, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"nothing")
    assert run(tmp_path / "bad.png", "--out", tmp_path / "out") == 1
    assert Batch(tmp_path / "out").summary.failures == 1
    assert "bad.png" in csv_of(tmp_path / "out" / "results.zip", "failures.csv")


def test_a_batch_that_another_process_works_on_is_left_alone(run, tmp_path, capsys):
    run(mixed_folder(tmp_path / "in"), "--out", tmp_path / "out")
    with Batch(tmp_path / "out").claimed():
        assert run("--out", tmp_path / "out") == 1
    assert "another process is working on it" in capsys.readouterr().err


def test_a_missing_model_is_said_and_the_batch_can_go_on(tmp_path, tiny_model_path, capsys):
    words = ["--out", str(tmp_path / "out"), "--home", str(tmp_path / "home")]
    model = tmp_path / "late.onnx"
    assert main([str(mixed_folder(tmp_path / "in")), *words, "--model", str(model)]) == 1
    assert "late.onnx: the model file cannot be read" in capsys.readouterr().err
    model.write_bytes(tiny_model_path.read_bytes())
    assert main(words) == 0
    assert json.loads((tmp_path / "out" / "read.json").read_text())["counts"] == [7]
