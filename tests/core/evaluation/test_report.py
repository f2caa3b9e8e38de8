import numpy as np
import pytest

from core.evaluation.metrics import baseline_masks, count, count_boundaries, iou_over_dies, mean_iou_over_wafers
from core.evaluation.report import evaluate_labelled, evaluate_marked
from core.segmentation import Segmenter
from data.classes import CLASS_COUNT, CLASS_INDEX, CLASS_KEYS
from data.datasets import LabelledMaps
from data.synthesis import WaferRecipe, draw_wafer
from data.truth import MarkedWafer
from tests.core.wafers import disc, radius, wafer


@pytest.fixture(scope="module")
def segmenter(tiny_model_path) -> Segmenter:
    return Segmenter.load(str(tiny_model_path), threads=1)


def marked(seed: int, known=CLASS_KEYS) -> MarkedWafer:
    """A wafer with an edge, a center and scattered failures that belong to nothing."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(25, 60))
    r = radius(size)
    masks = np.zeros((CLASS_COUNT, size, size), dtype=bool)
    on = (disc(size) > 0) & (rng.random((size, size)) < 0.85)
    masks[CLASS_INDEX["edge"]], masks[CLASS_INDEX["center"]] = on & (r > 0.82), on & (r < 0.32) & (seed % 2 == 0)
    failing = masks.any(axis=0) | ((rng.random((size, size)) < 0.05) & (disc(size) > 0))
    return MarkedWafer(wafer(failing, dies=disc(size), name=f"W{seed}"), masks, known)


def test_the_report_holds_what_the_metrics_say(segmenter):
    wafers = [marked(seed) for seed in range(5)]
    found = segmenter.segment([one.wafer for one in wafers])
    truth, predicted = [one.masks for one in wafers], [one.masks for one in found]
    trivial = [baseline_masks(f.probabilities, w.wafer.failing) for f, w in zip(found, wafers, strict=True)]
    report = evaluate_marked(iter(wafers), segmenter)
    assert report["n"] == 5
    for name, expected in (
        ("iou_over_dies", iou_over_dies(count(truth, predicted))),
        ("boundary_iou", iou_over_dies(count_boundaries(truth, predicted))),
        ("baseline_iou_over_dies", iou_over_dies(count(truth, trivial))),
    ):
        scores = np.array([report[name][key] for key in CLASS_KEYS], dtype=np.float64)
        assert scores.tolist() == pytest.approx(expected.tolist(), rel=1e-12, nan_ok=True)
        assert report[name]["mean"] == pytest.approx(np.nanmean(expected))
    assert report["mean_iou_over_wafers"] == pytest.approx(mean_iou_over_wafers(count(truth, predicted)))
    assert report["support"]["edge"] == sum(int(m[0].sum()) for m in truth)


def test_every_true_die_stands_in_the_confusion_table(segmenter):
    wafers = [marked(seed) for seed in range(3)]
    report = evaluate_marked(wafers, segmenter)
    table = np.array(report["confusion"]["true_by_predicted"])
    assert report["confusion"]["classes"] == [*CLASS_KEYS, "none"]
    assert table[:-1].sum() == sum(int(one.masks.any(axis=0).sum()) for one in wafers)


def test_classes_that_nobody_looked_for_are_not_scored(segmenter):
    report = evaluate_marked([marked(seed, known=("edge",)) for seed in range(4)], segmenter)
    assert report["iou_over_dies"]["edge"] > 0.7
    assert {report["iou_over_dies"][key] for key in CLASS_KEYS[1:]} == {None}
    assert report["presence"]["edge"]["support"] == 4
    assert report["presence"]["center"]["precision"] is None


def test_progress_counts_every_wafer(segmenter):
    told = []
    evaluate_marked([marked(seed) for seed in range(3)], segmenter, progress=told.append)
    assert told == [1, 2, 3]


def test_an_empty_set_has_no_scores(segmenter):
    report = evaluate_marked([], segmenter)
    assert report["n"] == 0
    assert report["iou_over_dies"]["mean"] is None
    assert report["mean_iou_over_wafers"] is None


def labelled(rows: list[tuple[int, tuple[str, ...]]], near_full=()) -> LabelledMaps:
    maps = [marked(seed).wafer.dies for seed, _ in rows]
    presence = np.array([[key in keys for key in CLASS_KEYS] for _, keys in rows], dtype=np.float32)
    full = np.isin(np.arange(len(rows)), near_full)
    presence[full] = np.nan
    return LabelledMaps(maps, presence, [f"w{i}" for i in range(len(rows))], full)


def test_labels_of_wafers_are_scored_as_presence(segmenter):
    rows = [(0, ("edge", "center")), (2, ("edge", "center")), (1, ("edge",)), (3, ("center",)), (5, ())]
    report = evaluate_labelled(labelled(rows), segmenter)
    presence = report["presence"]
    assert presence["edge"] == {"precision": 0.6, "recall": 1.0, "f1": pytest.approx(0.75), "support": 3}
    assert presence["center"] == {
        "precision": 1.0,
        "recall": pytest.approx(2 / 3),
        "f1": pytest.approx(0.8),
        "support": 3,
    }
    assert presence["macro_f1"] == pytest.approx((0.75 + 0.8) / 2)
    assert presence["exact_match"] == 0.6
    assert presence["false_alarm_share"] == 1.0
    table = np.array(report["confusion"]["true_by_predicted"])
    edge, center = CLASS_INDEX["edge"], CLASS_INDEX["center"]
    assert (table[edge, edge], table[center, center], table[center, edge], table[-1, edge]) == (3, 2, 1, 1)


def test_near_full_wafers_stand_apart(segmenter):
    report = evaluate_labelled(labelled([(0, ("edge", "center")), (1, ()), (2, ())], near_full=[1, 2]), segmenter)
    assert report["n"] == 3
    assert report["presence"]["exact_match"] == 1.0
    assert report["presence"]["false_alarm_share"] is None
    assert report["near_full"]["n"] == 2
    assert report["near_full"]["reported"]["center"] == 0.5
    assert np.sum(report["confusion"]["true_by_predicted"]) == 2


def test_reports_hold_intervals_around_their_scores_and_bins_of_every_failing_die(segmenter):
    wafers = [marked(seed) for seed in range(6)]
    report = evaluate_marked(wafers, segmenter)
    low, high = report["iou_interval"]["edge"]  # type: ignore[misc]
    assert 0 < low <= report["iou_over_dies"]["edge"] <= high <= 1
    assert report["reliability"]["of"] == "failing dies"
    assert sum(report["reliability"]["edge"]["count"]) == sum(int(one.wafer.failing.sum()) for one in wafers)
    only_edge = evaluate_marked([marked(seed, known=("edge",)) for seed in range(3)], segmenter)
    assert sum(only_edge["reliability"]["center"]["count"]) == 0
    assert only_edge["reliability"]["center"]["expected_error"] is None


def test_wafers_with_one_pattern_and_with_more_are_scored_by_themselves_too(segmenter):
    crowds = {"one pattern": (0, 1), "two patterns": (2,), "three or more": (3, 4)}
    drawn = {seed: drawn_with(seed, count) for count, seeds in enumerate(crowds.values(), 1) for seed in seeds}
    groups = evaluate_marked(list(drawn.values()), segmenter)["by_patterns"]
    assert list(groups) == list(crowds)
    for name, seeds in crowds.items():
        alone = evaluate_marked([drawn[seed] for seed in seeds], segmenter)
        assert groups[name] == {"wafers": len(seeds), "iou_over_dies": alone["iou_over_dies"]}


def drawn_with(seed: int, patterns: int) -> MarkedWafer:
    classes = ("edge", "center", "ring")[:patterns]
    recipe = WaferRecipe(shortest=30, longest=34, classes=classes, background=0.02)
    drawn = draw_wafer(np.random.default_rng(seed), recipe)
    assert drawn.classes_present == classes
    return MarkedWafer(drawn.wafer, drawn.masks)


def test_reports_of_labels_hold_the_same_for_presence_without_near_full_wafers(segmenter):
    report = evaluate_labelled(labelled([(0, ("edge",)), (1, ("edge",)), (2, ())], near_full=[2]), segmenter)
    assert report["f1_interval"]["edge"] == [1.0, 1.0]
    assert report["reliability"]["of"] == "wafers"
    assert sum(report["reliability"]["edge"]["count"]) == 2
