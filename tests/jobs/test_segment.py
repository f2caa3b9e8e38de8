import csv
import json

import numpy as np
import pytest

from core.analysis.result import analyse
from core.lake import Lake
from core.pipeline import Pipeline
from core.registry.traffic import Challenger
from core.segmentation import Segmenter
from data.formats.write import write_npz, write_png
from jobs.segment import main, segment_lake
from tests.core.lake_examples import drawn, found_on
from tests.core.wafers import disc, radius, wafer
from tests.tiny_model import METADATA, write_tiny_model

SIZE = 27


def shown(number: int):
    """A disc whose rim or middle fails, by turns."""
    rim = radius(SIZE) > 0.85 if number % 2 else radius(SIZE) < 0.3
    return wafer(rim, dies=disc(SIZE), name=f"W{number:02d}")


@pytest.fixture(scope="module")
def segmenter(tiny_model_path) -> Segmenter:
    return Segmenter.load(str(tiny_model_path), threads=1)


def test_files_become_masks_tables_coordinates_and_a_summary(tmp_path, tiny_model_path, segmenter, capsys):
    wafers = [shown(number) for number in range(5)]
    write_npz(wafers, tmp_path / "lot.npz")
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    out = tmp_path / "out"
    words = [str(tmp_path / "lot.npz"), str(tmp_path / "bad.png"), "--out", str(out), "--model", str(tiny_model_path)]
    assert main(words) == 1
    summary = json.loads((out / "summary.json").read_text())
    assert set(summary) == {"wafers", "failures", "seconds", "p50_ms", "p95_ms", "model"}
    assert (summary["wafers"], summary["model"]) == (5, segmenter.name)
    assert [failure["source_name"] for failure in summary["failures"]] == ["bad.png"]
    assert summary["failures"][0]["reason"].endswith(".")
    assert 0 < summary["p50_ms"] <= summary["p95_ms"] <= summary["seconds"] * 1000
    expected = analyse(wafers, segmenter)
    with np.load(out / "masks.npz", allow_pickle=False) as masks:
        assert set(masks) == {result.wafer.key for result in expected}
        for result in expected:
            assert np.array_equal(masks[result.wafer.key], result.segmentation.masks)
    assert {path.name for path in (out / "masks").iterdir()} == {f"LOT1_W{n:02d}.png" for n in range(5)}
    with (out / "instances.csv").open() as file:
        assert len(list(csv.DictReader(file))) == sum(len(result.instances) for result in expected) > 0
    with (out / "wafers.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 5
    assert (out / "coordinates.json").stat().st_size > 0
    assert "segmented 5 wafers" in capsys.readouterr().err


def test_good_files_alone_end_with_status_0(tmp_path, tiny_model_path):
    write_png(shown(1), tmp_path / "LOT1_W01.png")
    words = [str(tmp_path / "LOT1_W01.png"), "--out", str(tmp_path / "out"), "--model", str(tiny_model_path)]
    assert main(words) == 0
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["failures"] == []


def test_a_lake_is_segmented_where_the_model_has_not_yet(tmp_path, tiny_model_path, segmenter, capsys):
    lake = Lake(tmp_path / "lake")
    wafers = [drawn(n) for n in range(6)]
    lake.append_wafers(wafers)
    lake.append_results([found_on(wafers[0], "edge", model="another@1")])
    lake.append_results([found_on(wafers[1], "edge", model=segmenter.name)])
    words = ["--lake", "--home", str(tmp_path), "--model", str(tiny_model_path)]
    assert main(words) == 0
    assert "segmented 5 of 5 wafers" in capsys.readouterr().err
    results = Lake(tmp_path / "lake").results_by_keys([one.key for one in wafers])
    assert results[wafers[1].key].segmentation.classes_present == ("edge",)  # this one was left as it was
    for fresh in analyse([wafers[0], *wafers[2:]], segmenter):
        assert np.array_equal(results[fresh.wafer.key].segmentation.masks, fresh.segmentation.masks)
        assert results[fresh.wafer.key].segmentation.model == segmenter.name
    assert main(words) == 0
    assert f"Every wafer of the lake is segmented by {segmenter.name}." in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [[], ["a.png"], ["--out", "x"], ["a.png", "--out", "x", "--lake"], ["a.png", "--lake"]]
)
def test_files_or_the_lake_have_to_be_named(words, capsys):
    assert main(words) == 1
    assert "expected PATH... with --out, or --lake" in capsys.readouterr().err


def test_a_missing_model_is_said_before_anything_is_written(tmp_path, capsys):
    write_png(shown(1), tmp_path / "a.png")
    assert main([str(tmp_path / "a.png"), "--out", str(tmp_path / "out"), "--model", "no_model.onnx"]) == 1
    assert "no_model.onnx: the model file cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_trial_shares_out_new_wafers_and_leaves_the_old_ones_to_the_champion(tmp_path, segmenter):
    other = write_tiny_model(tmp_path / "other.onnx", metadata={**METADATA, "name": "other"})
    challenger = Challenger(Segmenter.load(str(other), threads=1), 0.5)
    lake, old, new = Lake(tmp_path / "lake"), [drawn(n) for n in range(8)], [drawn(n) for n in range(8, 20)]
    lake.append_wafers(old)
    segment_lake(Pipeline(lake, segmenter))
    lake.append_wafers(new)
    expected = {wafer.key: segmenter.name for wafer in old}
    expected |= {w.key: challenger.segmenter.name if challenger.takes(w.key) else segmenter.name for w in new}
    assert len({expected[wafer.key] for wafer in new}) == 2
    for _ in range(2):  # the second time finds nothing to do
        segment_lake(Pipeline(lake, segmenter, challenger))
        found = lake.query("SELECT key, model FROM wafers").set_index("key")["model"].to_dict()
        assert found == expected
