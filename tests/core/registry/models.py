"""Tiny models with reports on what they score, as jobs.export_model and jobs.evaluate leave them."""

import json
from pathlib import Path

from sqlalchemy import Engine, event

from core.identity import Person
from core.registry.card import card_of
from core.registry.store import Registry
from core.segmentation import Segmenter
from core.settings import Settings
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
        "tta": False,
        "n": n,
        "iou_over_dies": {**scores, "mean": sum(scores.values()) / len(scores)},
    }
    path = folder / f"{model.stem}-{n}.json"
    path.write_text(json.dumps(told))
    return path


@event.listens_for(Engine, "connect")
def hurried(connection, _entry) -> None:
    """MLflow's fifty migrations wait for the disk after each step; no test here pulls the plug."""
    if "sqlite3" in type(connection).__module__:
        name = str(connection.execute("PRAGMA database_list").fetchone()[2])
        if name.endswith("mlflow.db"):
            connection.execute("PRAGMA synchronous=OFF")


def make_home(home: Path) -> Path:
    """Register three versions: all of .6, then better in edge and ring, then worse in scratch."""
    registry = Registry(Settings(home=home))
    for name, better in (("one", {}), ("two", dict.fromkeys(("edge", "ring"), 0.2)), ("three", {"scratch": -0.1})):
        model = write_model(home, name)
        card = card_of(model, [report(home, model, better)], data="synthetic", commit="abc1234")
        registry.register(model, card, Person("ana"), f"model {name}")
    return home
