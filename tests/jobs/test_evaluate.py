import json

import numpy as np
import pytest

from core.annotation.submissions import submit
from core.database import AppDatabase
from core.datasets.label_set import Split
from core.datasets.wafers import labelled_wafers
from core.identity import Person
from core.labels.label import from_masks
from core.lake import Lake
from data.classes import CLASS_KEYS
from data.synthesis import draw_wafer
from data.truth import MarkedWafer, save_marked
from jobs.evaluate import main
from tests.core.label_examples import labelled_home

DIE_KEYS = {
    "n",
    "model",
    "iou_over_dies",
    "mean_iou_over_wafers",
    "precision",
    "recall",
    "baseline_iou_over_dies",
    "boundary_iou",
    "confusion",
    "presence",
    "support",
    "seconds",
    "data",
    "tta",
    "iou_interval",
    "by_patterns",
    "reliability",
}


def report_of(tmp_path, model, data, *flags) -> dict:
    out = tmp_path / "reports" / "report.json"
    assert main(["--data", str(data), "--out", str(out), "--model", str(model), *flags]) == 0
    return json.loads(out.read_text())


def test_synthetic_wafers_are_scored_per_die(tmp_path, tiny_model_path, capsys):
    report = report_of(tmp_path, tiny_model_path, "synthetic:6:11")
    assert set(report) == DIE_KEYS
    assert report["n"] == 6
    assert set(report["iou_over_dies"]) == {*CLASS_KEYS, "mean"}
    assert report["model"].startswith("tiny@")
    printed = capsys.readouterr().out
    assert f"{report['iou_over_dies']['mean']:.4f}" in printed
    assert "true class down, predicted across" in printed


def test_a_seed_always_draws_the_same_wafers(tmp_path, tiny_model_path):
    first, again, other = (report_of(tmp_path, tiny_model_path, f"synthetic:4:{seed}") for seed in (5, 5, 6))
    assert first["support"] == again["support"] != other["support"]
    assert first["iou_over_dies"] == again["iou_over_dies"]


def test_a_file_of_marked_wafers_scores_as_the_wafers_do(tmp_path, tiny_model_path):
    rng = np.random.default_rng(11)
    drawn = [draw_wafer(rng) for _ in range(3)]
    save_marked(tmp_path / "m.npz", (MarkedWafer(one.wafer, one.masks) for one in drawn))
    from_file = report_of(tmp_path, tiny_model_path, tmp_path / "m.npz")
    drawn_again = report_of(tmp_path, tiny_model_path, "synthetic:3:11")
    for name in ("iou_over_dies", "baseline_iou_over_dies", "support", "confusion"):
        assert from_file[name] == drawn_again[name]
    assert from_file["data"] == "m.npz"  # and not where it lay


def test_tta_is_said_in_the_report(tmp_path, tiny_model_path):
    assert report_of(tmp_path, tiny_model_path, "synthetic:1:2", "--tta")["tta"] is True


def test_a_report_that_breaks_off_leaves_the_one_before(tmp_path, tiny_model_path, request, capsys):
    out = tmp_path / "report.json"
    out.write_text("kept")
    request.getfixturevalue("full_disk")
    assert main(["--data", "synthetic:1:2", "--out", str(out), "--model", str(tiny_model_path)]) == 1
    assert "The disk is full" in capsys.readouterr().err
    assert (out.read_text(), list(tmp_path.iterdir())) == ("kept", [out])


def several_labels(path, maps, labels) -> None:
    np.savez(path, maps=maps, labels=labels, label_names=np.array(["Edge-Ring", "Scratch", "Near-full"]))


def test_labels_of_wafers_are_scored_as_presence(tmp_path, tiny_model_path, capsys):
    maps = np.ones((3, 30, 30), dtype=np.uint8)
    maps[:2, :3] = maps[:2, :, :3] = maps[:2, -3:] = maps[:2, :, -3:] = 2
    maps[2] = 2
    several_labels(tmp_path / "l.npz", maps, np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]], dtype=np.uint8))
    report = report_of(tmp_path, tiny_model_path, tmp_path / "l.npz")
    assert report["n"] == 3
    assert report["presence"]["edge"]["recall"] == 1.0
    assert report["presence"]["scratch"] == {"precision": None, "recall": 0.0, "f1": 0.0, "support": 1}
    assert report["near_full"]["n"] == 1
    assert report["presence"]["exact_match"] == 0.5
    assert "macro_f1: 0.5" in capsys.readouterr().out


def test_some_of_many_are_always_the_same_ones(tmp_path, tiny_model_path):
    maps = np.ones((9, 30, 30), dtype=np.uint8)
    labels = np.eye(3, dtype=np.uint8)[np.arange(9) % 3]
    several_labels(tmp_path / "l.npz", maps, labels)
    first, again = (report_of(tmp_path, tiny_model_path, tmp_path / "l.npz", "--most", "4") for _ in range(2))
    assert first["n"] == 4
    assert first["presence"] == again["presence"]
    assert report_of(tmp_path, tiny_model_path, tmp_path / "l.npz", "--most", "40")["n"] == 9


@pytest.mark.parametrize(("data", "most"), [("synthetic:4:1", "2"), ("l.npz", "-1")])
def test_a_number_of_wafers_that_means_nothing_is_refused(tmp_path, tiny_model_path, capsys, data, most):
    words = ["--data", data, "--out", str(tmp_path / "r.json"), "--model", str(tiny_model_path), "--most", most]
    assert main(words) == 1
    assert "--most: " in capsys.readouterr().err


def test_dies_marked_as_scratch_score_scratch_alone(tmp_path, tiny_model_path):
    codes = np.ones((20, 20), dtype=np.uint8)
    codes[5, 4:14], codes[9, 9] = 3, 2
    np.savez(
        tmp_path / "s.npz", flat=codes.ravel(), offsets=[0, 400], shapes=[[20, 20]], codes=["0", "1", "2", "3", "4"]
    )
    report = report_of(tmp_path, tiny_model_path, tmp_path / "s.npz")
    assert report["support"]["scratch"] == 10
    assert report["recall"]["scratch"] == 0.0
    assert report["recall"]["edge"] is None


@pytest.mark.parametrize("name", ["wm811k_val.npz", "mixedwm38_val.npz"])
def test_real_labels_are_scored(tmp_path, tiny_model_path, real_data, name):
    with np.load(real_data / name) as file:
        arrays = dict(file)
    few = {"labels": arrays["labels"][:40]}
    if "maps" in arrays:
        few |= {"maps": arrays["maps"][:40], "label_names": arrays["label_names"]}
    else:
        few |= {key: arrays[key] for key in ("flat", "class_names")}
        few |= {"offsets": arrays["offsets"][:41], "shapes": arrays["shapes"][:40]}
    np.savez(tmp_path / name, **few)
    report = report_of(tmp_path, tiny_model_path, tmp_path / name)
    assert report["n"] == 40
    assert 0 <= report["presence"]["exact_match"] <= 1


@pytest.mark.slow
def test_labels_of_people_are_scored_on_the_test_part_alone(tmp_path, tiny_model_path):
    labelled_home(tmp_path, lots=6)
    report = report_of(tmp_path, tiny_model_path, "labels:now", "--home", str(tmp_path))
    tested = labelled_wafers(AppDatabase(tmp_path / "decisions.db"), Lake(tmp_path / "lake"), "now")[Split.TEST]
    masks = np.stack([mask.sum(axis=(1, 2)) for mask in tested.masks])
    assert (report["n"], report["data"]) == (len(tested), "labels:now") == (1, "labels:now")
    assert list(report["support"].values()) == masks.sum(axis=0).tolist()
    assert len(report["wafers"]) == 12
    assert set(report) == DIE_KEYS | {"wafers", "demo", "blind", "scored"}
    assert (report["demo"], report["blind"], report["scored"]) == (0, 0, "all labels")


def test_too_few_blind_labels_are_counted_and_all_are_scored(tmp_path, tiny_model_path):
    labelled_home(tmp_path, lots=6)
    database, lake = AppDatabase(tmp_path / "decisions.db"), Lake(tmp_path / "lake")
    [key] = labelled_wafers(database, lake, "now")[Split.TEST].names
    wafer = lake.wafer(key)
    masks = np.zeros((8, *wafer.dies.shape), dtype=bool)
    masks[3, :9] = wafer.failing[:9]
    with database.writing() as session:
        submit(session, wafer, from_masks(wafer, masks), Person("ben"), 9.0, blind=True)
    report = report_of(tmp_path, tiny_model_path, "labels:now", "--home", str(tmp_path))
    assert (report["scored"], report["blind"], report["n"]) == ("all labels", 1, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("labels:v9", "dataset v9: there is no such dataset"),
        ("labels:now", "labels now: none of its wafers is in the test part"),
    ],
)
def test_labels_that_cannot_judge_are_said(tmp_path, tiny_model_path, capsys, data, sentence):
    labelled_home(tmp_path)
    words = ["--data", data, "--out", str(tmp_path / "r.json"), "--model", str(tiny_model_path)]
    assert main([*words, "--home", str(tmp_path)]) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("synthetic:many:3", "expected synthetic:N:SEED, found 'synthetic:many:3'"),
        ("synthetic:0:3", "expected synthetic:N:SEED"),
        ("missing.npz", "missing.npz: the file is missing, damaged or no .npz file"),
    ],
)
def test_data_that_cannot_be_used_is_said_and_nothing_is_written(tmp_path, tiny_model_path, capsys, data, sentence):
    out = tmp_path / "report.json"
    assert main(["--data", data, "--out", str(out), "--model", str(tiny_model_path)]) == 1
    assert sentence in capsys.readouterr().err
    assert not out.exists()


def test_a_missing_model_is_said(tmp_path, capsys):
    assert main(["--data", "synthetic:1:1", "--out", str(tmp_path / "r.json"), "--model", "none.onnx"]) == 1
    assert "none.onnx: the model file cannot be read" in capsys.readouterr().err
