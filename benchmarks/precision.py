"""What INT8 costs against float32: size, IoU, classes that come or go."""

from pathlib import Path

import numpy as np

from benchmarks.timing import Row, at_most, left_out
from core.evaluation.metrics import count, iou_over_dies, mean
from core.segmentation import Segmenter
from data.synthesis import draw_wafer

MEGABYTES, POINTS, FLIPS = 35.0, 0.5, 0.5


def int8_against_float32(model: Path, float32: Path | None, wafers: int) -> list[Row]:
    """Compare the served model with its float32 twin on synthetic wafers."""
    rows = [at_most("size of the served model", model.stat().st_size / 1e6, MEGABYTES, "MB")]
    if float32 is None:
        reason = "name its file with --float32"
        return [
            *rows,
            left_out("mean IoU lost against float32", reason, f"{POINTS:g} points or less"),
            left_out("wafers whose classes differ from float32", reason, f"{FLIPS:g} % or less"),
        ]
    rng = np.random.default_rng(20261123)
    drawn = [draw_wafer(rng) for _ in range(wafers)]
    small, full = (Segmenter.load(str(path)).segment([one.wafer for one in drawn]) for path in (model, float32))
    truth = [one.masks for one in drawn]
    ious = [mean(iou_over_dies(count(truth, [one.masks for one in found]))) for found in (full, small)]
    flips = np.mean([a.classes_present != b.classes_present for a, b in zip(small, full, strict=True)])
    told = f"{wafers} synthetic wafers, mean IoU {ious[0]:.4f} float32, {ious[1]:.4f} served"
    return [
        *rows,
        at_most(f"mean IoU lost against float32 ({told})", max(0.0, 100 * (ious[0] - ious[1])), POINTS, "points"),
        at_most("wafers whose classes differ from float32", 100 * float(flips), FLIPS, "%"),
    ]
