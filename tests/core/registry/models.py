"""Tiny models with reports on what they score, as jobs.export_model and jobs.evaluate leave them."""

import json
from pathlib import Path

from core.segmentation import Segmenter
from data.classes import CLASS_KEYS
from tests.tiny_model import METADATA, write_tiny_model

DATA = "synthetic:9:1"
LEVEL = 0.6


def write_model(folder: Path, name: str, **parity: float) -> Path:
    """Write the tiny model under a name, and what INT8 is said to cost it."""
    path = write_tiny_model(folder / f"{name}.onnx", metadata={**METADATA, "name": name, "precision": "int8"})
    told = {"float32_mean_iou_over_dies": 0.6, "int8_mean_iou_over_dies": 0.599, "flipped_share": 0.002, **parity}
    (folder / f"{name}.parity.json").write_text(json.dumps(told))
    return path


def report(folder: Path, model: Path, better: dict[str, float], data: str = DATA, n: int = 9) -> Path:
    """Write a report on a model: .6 in every class, but for what is better or worse."""
    scores = {key: LEVEL + better.get(key, 0.0) for key in CLASS_KEYS}
    told = {
        "model": Segmenter.load(str(model), threads=1).name,
        "data": data,
        "careful": False,
        "n": n,
        "iou_over_dies": {**scores, "mean": sum(scores.values()) / len(scores)},
    }
    path = folder / f"{model.stem}-{n}.json"
    path.write_text(json.dumps(told))
    return path
