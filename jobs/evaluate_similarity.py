"""Measure how well similar wafers are found, with labelled wafers as queries, and write the report as JSON."""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from core.evaluation.ranking_quality import RankingQuality, measure_ranking
from core.evaluation.report import Report
from core.segmentation import Segmenter
from core.similarity.embeddings import embed
from core.storage.folder import Folder
from data.classes import CLASS_KEYS
from data.datasets import LabelledMaps, label_names, load_labelled
from data.geometry import extent
from data.wafer import FAIL, WaferMap
from jobs.command import command
from jobs.progress import ProgressLine

RAW_PX = 32
STEP = 256


@dataclass(frozen=True)
class SimilarityConfig:
    """Measure how well similar wafers are found, with labelled wafers as queries, and write the report as JSON."""

    queries: Path  # .npz with labels per wafer: what to look for
    gallery: Path  # .npz with labels per wafer: where to look
    out: Path  # report to write, JSON
    model: str = ""  # ONNX file; empty: as WAFERSCOPE_MODEL says, else the shipped one
    seed: int = 7  # of the random ranking that others are compared with


@command(SimilarityConfig)
def main(config: SimilarityConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when the data or the model cannot be used or the report cannot be written.
    """
    report = evaluate(config)
    text = json.dumps(report, indent=1, allow_nan=False) + "\n"
    Folder(config.out.parent).write_text(config.out.name, text)
    print(table(report))
    return 0


def evaluate(config: SimilarityConfig) -> Report:
    """Rank the gallery for every query by embedding, by pixels and at random.

    Labels are compared twice: as the file names them, and as the exact set of this product's classes.

    Raises:
        FormatError: a file holds no labels.
        ModelError: the model is missing, damaged, fails or gives no embeddings.
    """
    segmenter = Segmenter.load(config.model or None)
    sides = [load_labelled(path) for path in (config.queries, config.gallery)]
    labels = [label_names(path) for path in (config.queries, config.gallery)]
    classes = [[_classes(side, i) for i in range(len(side))] for side in sides]
    started = time.perf_counter()
    ours = [_embedded(side, segmenter) for side in sides]
    seconds = time.perf_counter() - started
    rng = np.random.default_rng(config.seed)
    noise = [rng.standard_normal((len(side), 8)).astype(np.float32) for side in sides]
    spaces = {
        "embedding": ours,
        "pixels": [np.stack([raw_pixels(dies) for dies in side.maps]) for side in sides],
        "random": [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in noise],
    }
    report: Report = {
        "model": segmenter.name,
        "queries": config.queries.name,
        "gallery": config.gallery.name,
        "n": len(sides[0]),
        "gallery_n": len(sides[1]),
        "embedded_per_second": round((len(sides[0]) + len(sides[1])) / seconds, 1),
    }
    for name, (asked, held) in spaces.items():
        report[name] = {
            kind: _told(measure_ranking(asked, said[0], held, said[1]))
            for kind, said in (("by_label", labels), ("by_set_of_classes", classes))
        }
    return report


def raw_pixels(dies: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Draw the failing share at 32 x 32 over the tested extent, as a vector (1024,) of unit length."""
    top, bottom, left, right = extent(dies)
    fails = (dies[top : bottom + 1, left : right + 1] == FAIL).astype(np.float32)
    row = cv2.resize(fails, (RAW_PX, RAW_PX), interpolation=cv2.INTER_AREA).reshape(-1).astype(np.float32)
    return np.asarray(row / max(float(np.linalg.norm(row)), 1e-6), dtype=np.float32)


def table(report: Report) -> str:
    """Lay the report out as text."""
    lines = [f"{report['model']}: {report['n']} queries of {report['queries']} over {report['gallery']}"]
    for name in ("embedding", "pixels", "random"):
        for kind, measured in cast("dict[str, Report]", report[name]).items():
            said = ", ".join(f"{key} {value:.4f}" for key, value in measured.items() if isinstance(value, float))
            lines.append(f"{name}, {kind}: {said}")
    return "\n".join(lines)


def _embedded(side: LabelledMaps, segmenter: Segmenter) -> NDArray[np.float32]:
    named = list(zip(side.maps, side.names, strict=True))
    rows = []
    with ProgressLine("embedded", len(named)) as progress:
        for start in range(0, len(named), STEP):
            some = [WaferMap(dies=d, lot_id="labelled", wafer_id=n) for d, n in named[start : start + STEP]]
            rows.append(embed(some, segmenter))
            progress.update(start + len(some))
    return np.concatenate(rows)


def _classes(side: LabelledMaps, index: int) -> str:
    """Name the exact set of classes on a wafer."""
    if side.near_full[index]:
        return "near-full"
    present = [key for key, there in zip(CLASS_KEYS, side.presence[index], strict=True) if there == 1]
    return "+".join(present) or "none"


def _told(found: RankingQuality) -> Report:
    return {
        "precision_at_10": found.precision_at_10,
        "macro_precision_at_10": found.macro_precision,
        "mean_average_precision": found.mean_average_precision,
        "knn_macro_f1": found.knn_macro_f1,
        "precision_at_10_by_label": _numbers(found.precision_by_label),
        "average_precision_by_label": _numbers(found.average_precision),
        "knn_f1_by_label": _numbers(found.knn_f1),
    }


def _numbers(values: dict[str, float]) -> Report:
    return {name: None if np.isnan(value) else round(value, 4) for name, value in values.items()}


if __name__ == "__main__":
    sys.exit(main())
