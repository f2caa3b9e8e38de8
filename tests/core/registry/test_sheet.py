import json
from dataclasses import replace

import numpy as np
import pytest

from core.evaluation.report import evaluate_marked
from core.registry.card import card_of, shipped_card
from core.registry.gate import gate
from core.registry.sheet import curve, reached, trust_sheet
from core.segmentation import Segmenter
from core.settings import Settings
from data.classes import CLASS_KEYS
from data.synthesis import WaferRecipe, draw_wafer
from data.truth import MarkedWafer


@pytest.fixture(scope="module")
def report(tiny_model_path) -> dict:
    rng = np.random.default_rng(3)
    drawn = [draw_wafer(rng, WaferRecipe(shortest=20, longest=30)) for _ in range(12)]
    segmenter = Segmenter.load(str(tiny_model_path), threads=1)
    scored = evaluate_marked([MarkedWafer(one.wafer, one.masks) for one in drawn], segmenter)
    return {"model": segmenter.name, "data": "synthetic:12:3", "tta": False, **scored}


def test_rows_are_what_the_report_says(report):
    entry = reached(report)
    assert (entry.synthetic, entry.by_die, entry.wafers, list(entry.lacks)) == (True, True, 12, [])
    by_class = {row.class_key: row for row in entry.classes}
    for key in CLASS_KEYS:
        if report["iou_over_dies"][key] is not None:
            assert by_class[key].score == report["iou_over_dies"][key]
            assert [by_class[key].low, by_class[key].high] == report["iou_interval"][key]
            assert by_class[key].baseline == report["baseline_iou_over_dies"][key]
    assert by_class["mean"].score == pytest.approx(report["iou_over_dies"]["mean"])
    assert entry.confusion.tolist() == report["confusion"]["true_by_predicted"]


def test_each_score_is_told_by_how_many_patterns_a_wafer_shows(report):
    groups = {
        "one pattern": {"wafers": 5, "iou_over_dies": {"edge": 0.9, "mean": 0.9}},
        "two patterns": {"wafers": 3, "iou_over_dies": {"edge": None, "mean": None}},
        "three or more": {"wafers": 1200, "iou_over_dies": {"edge": 0.5, "mean": 0.5}},
    }
    entry = reached({**report, "by_patterns": groups})
    assert entry.crowding == "Mean on wafers 0.900 with one pattern (5), 0.500 with three or more (1,200)."
    rows = {row.class_key: row.by_patterns for row in entry.classes}
    assert (rows["edge"], rows["mean"]) == ([0.9, None, 0.5], [0.9, None, 0.5])
    alone = {name: {**group, "iou_over_dies": {"mean": None}} for name, group in groups.items()}
    assert reached({**report, "by_patterns": {**alone, "one pattern": groups["one pattern"]}}).crowding == ""
    assert (reached(told(0.5)).crowding, reached(told(0.5)).classes[0].by_patterns) == ("", [])


def test_the_curve_of_all_classes_pools_their_bins(report):
    together = curve(report)
    assert sum(together.count) == sum(sum(report["reliability"][key]["count"]) for key in CLASS_KEYS)
    one = curve(report, "edge")
    weighed = sum(n * t for n, t in zip(one.count, one.true, strict=True))
    # True dies of the class among failing ones; every die of a mask fails.
    assert weighed == pytest.approx(report["support"]["edge"])
    assert curve({"n": 1}) is None


def test_a_report_from_before_says_what_it_lacks(report, tiny_model_path, tmp_path):
    old = {key: value for key, value in report.items() if key not in ("iou_interval", "reliability")}
    path = tmp_path / "old.json"
    path.write_text(json.dumps(old))
    sheet = trust_sheet(card_of(tiny_model_path, [path]), Settings(gate_latency_ms=120.0))
    assert reached(old).lacks == ["intervals", "calibration"]
    assert sheet.missing[0] == "synthetic:12:3 lacks intervals, calibration: run jobs.evaluate again."
    assert "Nothing was measured on real wafers." in sheet.missing
    assert [check.name for check in sheet.checks if not check.passed] == ["Milliseconds"]
    assert all(check.passed for check in trust_sheet(sheet.card, Settings()).checks)


def test_the_shipped_model_says_what_no_real_wafer_ever_showed_it():
    sheet = trust_sheet(shipped_card(), Settings())
    assert [entry.synthetic for entry in sheet.reached] == sorted(entry.synthetic for entry in sheet.reached)
    assert any(line == "Measured on no real wafer at all: Lithography, Etching." for line in sheet.never_shown)


def test_a_failed_gate_stands_among_the_conditions():
    worse, champion = (replace(shipped_card(), reports=reports) for reports in ({"a": told(0.5)}, {"a": told(0.6)}))
    sheet = trust_sheet(worse, Settings(), gate(worse, champion, Settings()))
    found = {check.name: check.found for check in sheet.checks if not check.passed and check.measured}
    assert found["Mean IoU"] == "0.500 against 0.600 on a"
    assert found["Every class"] == "Edge 0.600 to 0.500 on a"


def told(score) -> dict:
    return {"data": "a", "n": 9, "iou_over_dies": {"edge": score, "mean": score}}


@pytest.mark.parametrize(
    ("data", "extra", "kind", "real", "synthetic"),
    [
        ("labels:now", {"demo": 9}, "synthetic wafers of the demo fab", False, True),
        ("labels:now", {"demo": 4}, "wafers, 4 of them synthetic of the demo fab", False, False),
        ("labels:now", {"demo": 0}, "real wafers", True, False),
        ("labels:now", {}, "wafers that people labelled", False, False),
        ("synthetic:9:1", {}, "synthetic wafers", False, True),
        ("wm811k_val.npz", {}, "real wafers", True, False),
    ],
)
def test_real_is_said_of_wafers_alone_of_which_it_is_known(data, extra, kind, real, synthetic):
    entry = reached({**told(0.5), "data": data, **extra})
    assert entry.title == f"{data}: 9 {kind}, IoU over dies"
    assert (entry.real, entry.synthetic) == (real, synthetic)
    sheet = trust_sheet(replace(shipped_card(), reports={data: {**told(0.5), "data": data, **extra}}), Settings())
    assert ("Nothing was measured on real wafers." in sheet.missing) == (not real)
    assert f"{data} holds 9 wafers: a mean that stands for the model needs 30." in sheet.missing


def test_the_sheet_says_whether_blind_labels_measured_and_how_many_are_missing():
    def sheet(**extra):
        report = {**told(0.5), "data": "labels:now", "n": 40, "demo": 0, **extra}
        return trust_sheet(replace(shipped_card(), reports={"labels:now": report}), Settings())

    blind = sheet(blind=40, scored="blind labels")
    assert blind.reached[0].title == "labels:now: 40 real wafers labelled blind, IoU over dies"
    assert not [line for line in blind.missing if "flatter" in line]
    few = sheet(blind=12, scored="all labels")
    assert few.reached[0].title == "labels:now: 40 real wafers, IoU over dies"
    assert [line for line in few.missing if "flatter" in line] == [
        "labels:now is measured by all labels, which began with a model's proposals as a rule and flatter it: 12 of "
        "the 30 blind ones needed are there."
    ]
    assert any("how many of the wafers were labelled blind" in line for line in sheet().missing)
