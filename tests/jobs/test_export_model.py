import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.segmentation import Segmenter
from core.training.config import TrainConfig
from data.classes import CLASS_COUNT, CLASS_KEYS
from data.synthesis import WaferRecipe, draw_wafer
from jobs.export_model import main
from jobs.learning import learner

pytestmark = pytest.mark.slow

CONFIG = TrainConfig(encoder="resnet18", depth=4, decoder_channels=(16, 8, 8, 8))
LOOSE = [
    "--synthetic",
    "6",
    "--described",
    "12",
    "--settled",
    "2",
    "--quantized",
    "1",
    "--iou-loss-at-most",
    "1",
    "--flips-at-most",
    "1",
]


def saved(path, config=CONFIG):
    """What jobs.train leaves, its weights as they are before the first step."""
    torch.manual_seed(5)
    module = learner(config)
    left = {"state_dict": module.state_dict(), "hyper_parameters": dict(module.hparams), "global_step": 6}
    torch.save(left, path)
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("run") / "last.ckpt")


def export(checkpoint, out, *flags: str) -> int:
    return main(["--checkpoint", str(checkpoint), "--out", str(out), "--name", "small", *LOOSE, *flags])


@pytest.fixture(scope="module")
def exported(checkpoint, tmp_path_factory):
    out = tmp_path_factory.mktemp("exported") / "models" / "small.onnx"
    assert export(checkpoint, out) == 0
    return out


def test_the_app_loads_and_runs_what_was_written(exported):
    segmenter = Segmenter.load(str(exported))
    assert segmenter.name.startswith("small@")
    assert (segmenter.metadata.encoder, segmenter.metadata.precision) == ("resnet18", "int8")
    wafers = [draw_wafer(np.random.default_rng(i), WaferRecipe(longest=60)).wafer for i in range(3)]
    for wafer, found in zip(wafers, segmenter.segment(wafers), strict=True):
        assert found.probabilities.shape == (CLASS_COUNT, *wafer.dies.shape)
        assert not (found.masks & ~wafer.failing).any()
        assert np.linalg.norm(found.embedding) == pytest.approx(1, abs=1e-5)


def test_the_parity_report_lies_beside_the_model_and_nothing_else(exported):
    assert sorted(p.name for p in exported.parent.iterdir()) == ["small.onnx", "small.parity.json"]
    report = json.loads((exported.parent / "small.parity.json").read_text())
    assert report["torch_to_onnx_largest_logit_difference"] <= 1e-3
    assert report["int8_megabytes"] == round(exported.stat().st_size / 1e6, 2)
    assert report["wafers"] == 6
    assert report["steps"] == 6
    assert 0 <= report["flipped_share"] <= 1
    assert report["embedding_mean_cosine"] > 0.9


def test_the_report_s_thresholds_are_those_of_the_model(exported):
    report = json.loads((exported.parent / "small.parity.json").read_text())
    metadata = Segmenter.load(str(exported)).metadata
    for name in ("temperature", "die_threshold", "presence_threshold", "fine_share"):
        assert len(report[name]) == len(CLASS_KEYS)
        assert getattr(metadata, name) == pytest.approx(report[name])


def test_the_report_says_how_far_probabilities_are_from_shares(exported):
    errors = json.loads((exported.parent / "small.parity.json").read_text())["calibration_error"]
    assert {when: len(values) for when, values in errors.items()} == {"before": 8, "after": 8}
    assert all(0 <= value <= 1 for values in errors.values() for value in values)


def test_what_was_kept_is_quantised_anew_without_teaching_again(checkpoint, tmp_path, capsys):
    out, kept = tmp_path / "model.onnx", tmp_path / "float32.onnx"
    again = ("--float32", str(kept), "--again", "--keep-float", "2")
    assert export(checkpoint, out, *again) == 1
    assert "Export once with --float32 FILE and without --again" in capsys.readouterr().err
    assert export(checkpoint, out, "--float32", str(kept), "--keep-float", "0") == 0
    said = capsys.readouterr().err
    assert re.search(r"settled on \d+ wafers \[#+\]", said)
    assert "described" in said
    first, report = out.read_bytes(), json.loads((tmp_path / "model.parity.json").read_text())
    assert export(checkpoint, out, *again) == 0
    assert "described" not in capsys.readouterr().err
    assert out.read_bytes() != first
    anew = json.loads((tmp_path / "model.parity.json").read_text())
    for name in (
        "steps",
        "temperature",
        "die_threshold",
        "fine_share",
        "calibration_error",
        "float32_mean_iou_over_dies",
    ):
        assert anew[name] == report[name]
    assert anew["int8_megabytes"] > report["int8_megabytes"]


def test_checkpoints_of_other_networks_have_no_mean(checkpoint, tmp_path, capsys):
    other = saved(tmp_path / "other.ckpt", config=replace(CONFIG, decoder_channels=(16, 16, 8, 8)))
    assert export(checkpoint, tmp_path / "model.onnx", "--average-with", str(other)) == 1
    assert f"{other}: its network differs from that of {checkpoint}, so they have no mean" in capsys.readouterr().err
    assert not (tmp_path / "model.onnx").exists()


def test_a_model_that_strays_is_refused_and_what_was_there_stays(checkpoint, tmp_path, capsys):
    out = tmp_path / "served.onnx"
    out.write_bytes(b"the model that is served")
    assert export(checkpoint, out, "--iou-loss-at-most", "-2") == 1
    said = capsys.readouterr().err
    assert "INT8 loses" in said
    assert "Keep more layers in float32 with --keep-float, or train longer. Nothing was written." in said
    assert [p.name for p in tmp_path.iterdir()] == ["served.onnx"]
    assert out.read_bytes() == b"the model that is served"


def test_a_checkpoint_that_cannot_be_used_is_refused_with_a_sentence(tmp_path, capsys):
    assert export(tmp_path / "last.ckpt", tmp_path / "out" / "model.onnx") == 1
    assert f"{tmp_path / 'last.ckpt'}: the checkpoint cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
