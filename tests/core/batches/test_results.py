import csv
import io
import json
import zipfile

import numpy as np
import pytest

from core.batches.results import failures_csv, results_of, write_archive
from core.lake import Lake
from core.pipeline import Pipeline, take_in
from core.registry.traffic import Challenger
from core.segmentation import Segmenter
from core.segmentation.serving import challenger_takes
from data.formats import ReadFailure
from tests.core.batches.batch_examples import mixed_folder, read_batch, segment_all
from tests.tiny_model import METADATA, write_tiny_model


@pytest.fixture(scope="module")
def segmenter(tiny_model_path) -> Segmenter:
    return Segmenter.load(str(tiny_model_path), threads=1)


@pytest.fixture
def batch(tmp_path, segmenter):
    found = read_batch(tmp_path, mixed_folder(tmp_path / "in"))
    segment_all(found, segmenter)
    return found


def test_the_archive_holds_masks_tables_report_and_failures(batch):
    told = []
    assert (batch.results, batch.summary) == (None, None)
    write_archive(batch, told.append)
    assert told == list(range(1, 8))
    with zipfile.ZipFile(batch.results) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        assert {name for name in names if "/" not in name} == {
            "masks.npz",
            "wafers.csv",
            "instances.csv",
            "coordinates.json",
            "summary.json",
            "report.pdf",
            "failures.csv",
        }
        assert len(names) == 7 + 7
        with np.load(io.BytesIO(archive.read("masks.npz")), allow_pickle=False) as masks:
            for result, _ in results_of(batch):
                assert np.array_equal(masks[result.wafer.key], result.segmentation.masks)
        assert archive.read("report.pdf").startswith(b"%PDF-")
        [failure] = csv.DictReader(io.StringIO(archive.read("failures.csv").decode()))
        summary = json.loads(archive.read("summary.json"))
    assert failure["source_name"] == "in/broken.png"
    assert summary["wafers"] == 7
    assert [one["source_name"] for one in summary["failures"]] == ["in/broken.png"]
    assert (batch.summary.wafers, batch.summary.with_pattern, batch.summary.failures) == (7, 7, 1)
    assert [path.name for path in batch.path.iterdir() if path.name == "scratch"] == []


def test_an_archive_that_breaks_off_is_not_there(batch):
    def full(wafers):
        if wafers == 4:
            raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        write_archive(batch, full)
    assert batch.results is None
    write_archive(batch, lambda wafers: None)
    assert zipfile.ZipFile(batch.results).testzip() is None
    assert not (batch.path / "scratch").exists()


def test_what_is_saved_twice_stands_in_the_lake_once(batch, tmp_path):
    for _ in range(2):
        lake = Lake(tmp_path / "lake")
        take_in(Pipeline(lake), results=(result for result, _ in results_of(batch)))
        assert lake.count() == 7
    kept = lake.results_by_keys([result.wafer.key for result, _ in results_of(batch)])
    for result, _ in results_of(batch):
        assert np.array_equal(kept[result.wafer.key].segmentation.masks, result.segmentation.masks)
    assert lake.query("SELECT count(*) AS n FROM embeddings")["n"][0] == 7


def test_no_cell_of_the_failures_runs_as_a_formula():
    text = failures_csv([ReadFailure("=cmd()", '-1, "quoted"')])
    assert list(csv.reader(io.StringIO(text))) == [["source_name", "reason"], ["'=cmd()", '\'-1, "quoted"']]


def test_in_a_trial_the_lake_keeps_the_challenger_s_results_of_its_share(batch, segmenter, tmp_path):
    lake = Lake(tmp_path / "lake")
    path = write_tiny_model(tmp_path / "rival.onnx", metadata={**METADATA, "name": "rival"})
    rival = Challenger(Segmenter.load(str(path), threads=1), 0.5)
    take_in(Pipeline(lake, challenger=rival), results=(result for result, _ in results_of(batch)))
    rows = lake.query("SELECT key, model FROM wafers")
    assert len(set(rows["model"])) == 2
    for key, model in rows.itertuples(index=False):
        assert model == (rival.segmenter.name if challenger_takes(key, 0.5) else segmenter.name)
    assert {result.segmentation.model for result, _ in results_of(batch)} == {segmenter.name}
