import gc
import io
import json
import weakref
import zipfile

import numpy as np
import pandas as pd
import pytest

from core.exports import OverlayStyle, ResultWriter, read_mask_png, results_zip
from data.errors import SettingError
from tests.core.exports.examples import example_result

TABLES = {"masks.npz", "instances.csv", "wafers.csv", "coordinates.json", "summary.json"}


def files_of(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def written(folder, results, overlays=None):
    with ResultWriter(folder, overlays) as writer:
        for n, result in enumerate(results):
            writer.add(result, 10.0 * (n + 1))
    return folder


def test_a_run_leaves_exactly_the_promised_files(tmp_path):
    written(tmp_path, [example_result(), example_result("LOT2")])
    assert files_of(tmp_path) == TABLES | {"masks/LOT1_W01.png", "masks/LOT2_W01.png"}
    assert {path.name for path in tmp_path.iterdir()} == TABLES | {"masks"}


def test_overlays_come_when_asked_for(tmp_path):
    written(tmp_path, [example_result()], OverlayStyle())
    assert files_of(tmp_path) == TABLES | {"masks/LOT1_W01.png", "overlays/LOT1_W01.png"}


def test_npz_and_png_hold_the_masks(tmp_path):
    results = [example_result(), example_result("LOT2", shape=(12, 40))]
    written(tmp_path, results)
    with np.load(tmp_path / "masks.npz", allow_pickle=False) as masks:
        assert sorted(masks.files) == ["LOT1:W01", "LOT2:W01"]
        for result in results:
            np.testing.assert_array_equal(masks[result.wafer.key], result.segmentation.masks)
            assert masks[result.wafer.key].dtype == bool
            png = (tmp_path / f"masks/{result.wafer.lot_id}_W01.png").read_bytes()
            np.testing.assert_array_equal(read_mask_png(png), result.segmentation.masks)


def test_the_summary_counts_times_and_explains(tmp_path):
    with ResultWriter(tmp_path) as writer:
        for n, milliseconds in enumerate((10.0, 20.0, 90.0)):
            writer.add(example_result(wafer_id=f"W{n}"), milliseconds)
        writer.fail("bad.png", "bad.png: not an image. Give a PNG.")
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary.pop("seconds") > 0
    assert summary == {
        "wafers": 3,
        "failures": [{"source_name": "bad.png", "reason": "bad.png: not an image. Give a PNG."}],
        "p50_ms": 20.0,
        "p95_ms": pytest.approx(np.percentile([10, 20, 90], 95)),
        "model": "test-model",
    }


def test_a_run_over_nothing_says_so(tmp_path):
    written(tmp_path, [])
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["wafers"], summary["p50_ms"], summary["model"]) == (0, None, None)
    with np.load(tmp_path / "masks.npz", allow_pickle=False) as masks:
        assert masks.files == []
    assert files_of(tmp_path) == TABLES


@pytest.mark.parametrize("lot", ["../../up", "/root", "a\\b", "nul\0byte", "日本", "C:", "..", "L" * 5000, "\udcff"])
def test_any_lot_name_gives_files_inside_the_folder_and_masks_that_can_be_found(tmp_path, lot):
    result = example_result(lot)
    written(tmp_path / "out", [result])
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    row = pd.read_csv(tmp_path / "out/wafers.csv").iloc[0]
    assert (tmp_path / "out" / row["mask_file"]).parent == tmp_path / "out/masks"
    with np.load(tmp_path / "out/masks.npz", allow_pickle=False) as masks:
        np.testing.assert_array_equal(masks[row["masks_key"]], result.segmentation.masks)


def test_wafers_of_one_name_do_not_overwrite_each_other(tmp_path):
    results = [example_result(shape=(10, 20)), example_result(shape=(20, 10)), example_result("LOT1/", shape=(9, 11))]
    written(tmp_path, [*results, example_result("LOT1_", shape=(11, 9))])
    rows = pd.read_csv(tmp_path / "wafers.csv")
    assert rows["mask_file"].is_unique
    with np.load(tmp_path / "masks.npz", allow_pickle=False) as masks:
        shapes = [masks[key].shape[1:] for key in rows["masks_key"]]
    pictures = [read_mask_png((tmp_path / name).read_bytes()).shape[1:] for name in rows["mask_file"]]
    assert shapes == pictures == [(10, 20), (20, 10), (9, 11), (11, 9)]


def test_an_error_midway_leaves_the_folder_as_it_was(tmp_path):
    written(tmp_path, [example_result()])
    before = {name: (tmp_path / name).read_bytes() for name in files_of(tmp_path)}

    def until_the_power_fails():
        yield example_result(shape=(9, 9))
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        written(tmp_path, until_the_power_fails())
    assert {name: (tmp_path / name).read_bytes() for name in files_of(tmp_path)} == before
    assert {path.name for path in tmp_path.iterdir()} == TABLES | {"masks"}


def test_a_second_run_replaces_the_first(tmp_path):
    written(tmp_path, [example_result(shape=(10, 20))])
    written(tmp_path, [example_result(shape=(20, 10))])
    with np.load(tmp_path / "masks.npz", allow_pickle=False) as masks:
        assert masks["LOT1:W01"].shape[1:] == (20, 10)


def test_a_folder_that_cannot_be_made_is_explained(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingError, match="cannot be written there"):
        ResultWriter(tmp_path / "file")


@pytest.mark.slow
def test_no_wafer_is_kept_after_it_was_written(tmp_path):
    with ResultWriter(tmp_path) as writer:
        result = example_result()
        kept = weakref.ref(result)
        writer.add(result, 1.0)
        del result
        gc.collect()
        assert kept() is None


class Pipe(io.RawIOBase):
    """A place to write to that, like a socket, cannot go back."""

    def __init__(self):
        super().__init__()
        self.content = b""

    def writable(self):
        return True

    def write(self, data):
        self.content += bytes(data)
        return len(data)


def test_the_archive_holds_what_the_folder_holds_and_can_be_streamed(tmp_path):
    results = [example_result(), example_result("LOT2")]
    written(tmp_path, results, OverlayStyle())
    pipe = Pipe()
    results_zip(((result, 5.0) for result in results), pipe, [("bad.png", "Why.")], OverlayStyle())
    with zipfile.ZipFile(io.BytesIO(pipe.content)) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == files_of(tmp_path)
        for name in files_of(tmp_path) - {"summary.json", "masks.npz"}:
            assert archive.read(name) == (tmp_path / name).read_bytes(), name
        with np.load(io.BytesIO(archive.read("masks.npz")), allow_pickle=False) as masks:
            np.testing.assert_array_equal(masks["LOT2:W01"], results[1].segmentation.masks)
        summary = json.loads(archive.read("summary.json"))
    assert (summary["wafers"], summary["seconds"], summary["p50_ms"]) == (2, 0.01, 5.0)
    assert summary["failures"] == [{"source_name": "bad.png", "reason": "Why."}]
