"""Score a model on wafers whose truth is known, and write the report as JSON."""

import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from core.database import AppDatabase
from core.datasets.label_marks import SHOWN, blind_wafers, demo_wafers, judged_wafers, scored_wafers, wafers_sha256
from core.evaluation.report import (
    ALL_LABELS,
    BLIND_LABELS,
    LABELS,
    PATTERNS,
    SYNTHETIC,
    Report,
    evaluate_labelled,
    evaluate_marked,
)
from core.lake import Lake
from core.segmentation import Segmenter
from core.settings import Settings, settings
from core.storage.folder import Folder
from data.classes import CLASS_KEYS
from data.datasets import load_labelled
from data.errors import SettingError
from data.synthesis import draw_wafer
from data.truth import MarkedWafer, array_names, is_marked, load_marked
from data.wafer import WaferMap
from jobs.command import command
from jobs.progress import ProgressLine

DRAW_SEED = 20261123
DIE_MEASURES = ("iou_over_dies", "boundary_iou", "precision", "recall", "baseline_iou_over_dies", "support")
WAFER_MEASURES = ("precision", "recall", "f1", "support")


@dataclass(frozen=True)
class EvaluateConfig:
    """Score a model on wafers whose truth is known, and write the report as JSON."""

    data: str  # .npz with labels, synthetic:N:SEED, or labels:NAME: the test part of a frozen dataset, or of now
    out: Path  # report to write, JSON
    model: str = ""  # ONNX file; empty: as WAFERSCOPE_MODEL says, else the shipped one
    tta: bool = False  # average over eight turns and flips: up to eight times the work
    most: int = 0  # wafers at most of a file with labels per wafer, always the same ones, drawn at random; 0: all
    home: Path | None = None  # workspace folder with the labels; empty: as WAFERSCOPE_HOME says


@command(EvaluateConfig)
def main(config: EvaluateConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when the data or the model cannot be used or the report cannot be written.
    """
    print(table(written(config)))
    return 0


def written(config: EvaluateConfig) -> Report:
    """Score as the configuration says, and write the report where it says.

    Raises:
        As `evaluate`; OSError: the report cannot be written.
    """
    report = evaluate(config)
    text = json.dumps(report, indent=1, allow_nan=False) + "\n"
    Folder(config.out.parent).write_text(config.out.name, text)
    return report


def evaluate(config: EvaluateConfig) -> Report:
    """Score as the configuration says.

    Raises:
        SettingError: the data is neither a file nor synthetic:N:SEED, --most does not go with it, or no labelled wafer
            is in the test part.
        AppDatabaseError: there is no such frozen dataset.
        FormatError: the file holds no labels.
        ModelError: the model is missing, damaged or fails.
    """
    _check(config)
    segmenter = Segmenter.load(config.model or None)
    started = time.perf_counter()
    if config.data.startswith(SYNTHETIC):
        count, seed = _synthetic(config.data)
        report = _marked(_drawn(count, seed), count, segmenter, config.tta)
    elif config.data.startswith(LABELS):
        report = _by_people(config, segmenter, settings().at(config.home))
    elif is_marked(array_names(config.data)):
        marked = load_marked(config.data)
        report = _marked(iter(marked), len(marked), segmenter, config.tta)
    else:
        labelled = load_labelled(config.data)
        if 0 < config.most < len(labelled):
            chosen = np.random.default_rng(DRAW_SEED).choice(len(labelled), config.most, replace=False)
            labelled = labelled.take(np.sort(chosen))
        with ProgressLine("evaluated", len(labelled)) as progress:
            report = evaluate_labelled(labelled, segmenter, tta=config.tta, progress=progress.update)
    # A report is passed on: what a file is called says what was measured, where it lay on this machine does not.
    data = config.data if config.data.startswith((SYNTHETIC, LABELS)) else Path(config.data).name
    about: Report = {"model": segmenter.name, "data": data, "tta": config.tta}
    return {**about, **report, "seconds": round(time.perf_counter() - started, 3)}


def table(report: Report) -> str:
    """Lay a report out as text: measures by class, what stands for the whole, the confusions."""
    presence = _inner(report, "presence")
    if "iou_over_dies" in report:
        columns = [_inner(report, name) for name in DIE_MEASURES]
        rows = [[key, *(_shown(column.get(key)) for column in columns)] for key in (*CLASS_KEYS, "mean")]
        head = ["class", *(name.removesuffix("_over_dies") for name in DIE_MEASURES)]
    else:
        rows = [[key, *(_shown(_inner(presence, key)[name]) for name in WAFER_MEASURES)] for key in CLASS_KEYS]
        head = ["class", *WAFER_MEASURES]
    whole: Report = {name: report[name] for name in ("n", "mean_iou_over_wafers", "seconds") if name in report}
    whole |= {name: presence[name] for name in ("macro_f1", "exact_match", "false_alarm_share")}
    if "by_patterns" in report:
        groups = _inner(report, "by_patterns")
        whole |= {f"mean iou, {name}": _inner(_inner(groups, name), "iou_over_dies")["mean"] for name in PATTERNS}
    found = _inner(report, "confusion")
    classes, counts = cast(list[str], found["classes"]), cast(list[list[int]], found["true_by_predicted"])
    return "\n".join(
        [
            f"{report['model']} on {report['data']}\n",
            *_aligned([head, *rows]),
            "",
            *(f"{name}: {_shown(value)}" for name, value in whole.items()),
            f"\n{found['unit']}, true class down, predicted across",
            *_aligned([["", *classes], *([name, *map(str, row)] for name, row in zip(classes, counts, strict=True))]),
        ]
    )


def _check(config: EvaluateConfig) -> None:
    if config.most < 0:
        raise SettingError("--most", f"expected a number from 0, found {config.most}", "Correct it.")
    if config.most and (config.data.startswith((SYNTHETIC, LABELS)) or is_marked(array_names(config.data))):
        raise SettingError(
            "--most", f"{config.data} has a label per die, of which all wafers are scored", "Leave it out."
        )


def _marked(wafers: Iterator[MarkedWafer], total: int, segmenter: Segmenter, tta: bool) -> Report:
    with ProgressLine("evaluated", total) as progress:
        return evaluate_marked(wafers, segmenter, tta=tta, progress=progress.update)


def _by_people(config: EvaluateConfig, segmenter: Segmenter, at: Settings) -> Report:
    """Score on the test part of people's labels, on the blind ones alone where there are enough.

    The report says which wafers and labels these are by a hash, how many of the wafers are of the demo fab, how many
    were labelled blind, and whether these alone were scored.
    """
    lake, database, name = Lake(at.lake_url), AppDatabase(at.database_place), config.data.removeprefix(LABELS)
    found = judged_wafers(database, lake, name)
    blind = blind_wafers(database, lake, name, found)
    found = scored_wafers(found, blind)
    by_blind: Report = {"blind": len(blind), "scored": BLIND_LABELS if found is blind else ALL_LABELS}
    named = zip(found.maps, found.masks, found.names, strict=True)
    marked = (MarkedWafer(WaferMap(dies=dies, lot_id="labels", wafer_id=key), masks) for dies, masks, key in named)
    report = _marked(marked, len(found), segmenter, config.tta)
    return {"wafers": wafers_sha256(found)[:SHOWN], "demo": demo_wafers(lake, found.names), **by_blind, **report}


def _synthetic(text: str) -> tuple[int, int]:
    """Number of wafers and seed."""
    given = re.fullmatch(SYNTHETIC + r"([1-9]\d*):(\d+)", text)
    if given is None:
        raise SettingError("--data", f"expected synthetic:N:SEED, found '{text}'", "Write for example synthetic:300:7.")
    return int(given[1]), int(given[2])


def _drawn(count: int, seed: int) -> Iterator[MarkedWafer]:
    rng = np.random.default_rng(seed)
    for _ in range(count):
        drawn = draw_wafer(rng)
        yield MarkedWafer(drawn.wafer, drawn.masks)


def _inner(report: Report, name: str) -> Report:
    return cast(Report, report[name])


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _aligned(rows: list[list[str]]) -> list[str]:
    """Right-align columns, the first to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]


if __name__ == "__main__":
    sys.exit(main())
