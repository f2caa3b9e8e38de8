"""What a training begins with, read once: people's labels, the weights in use, and what its record says of both."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.database import AppDatabase
from core.datasets.label_marks import labels_mark
from core.datasets.label_set import Split
from core.datasets.wafers import labelled_wafers, unlabelled_maps
from core.lake import Lake
from core.segmentation.serving import model_in_use
from core.settings import Settings
from core.training.config import SERVED, TrainConfig
from core.training.records import LABELS_TAG, START_TAG
from data.datasets import MaskedMaps
from data.errors import ModelError

Sides = Mapping[Split, MaskedMaps]


@dataclass(frozen=True, eq=False)
class TrainingInputs:
    """What the words of a configuration meant at one moment.

    "now" and "served" mean something else a moment later, when somebody labels a wafer or promotes a model. So
    training, its record and its card take them from here, and nothing reads them again.

    Args:
        labels: wafers of --labels by side of the split, empty without.
        old_labels: wafers of --old-labels, empty without.
        unlabelled: dies (H, W) of the wafers whose labels are not looked at.
        start_weights: the ONNX file in use, None where training does not start from it.
        marks: what the record is told, by tag: which labels these are, and whose weights.
    """

    labels: Sides = field(default_factory=dict)
    old_labels: Sides = field(default_factory=dict)
    unlabelled: Sequence[NDArray[np.uint8]] = ()
    start_weights: Path | None = None
    marks: Mapping[str, str] = field(default_factory=dict)


def read_inputs(config: TrainConfig, at: Settings) -> TrainingInputs:
    """Read what a configuration names, each thing once.

    Args:
        config: names labels, unlabelled wafers and weights.
        at: where lake, labels and models are; database and lake are opened only when they are asked for.

    Raises:
        FormatError: a file of unlabelled wafers cannot be used.
        SettingError: no wafer of the labels is in the lake as labelled.
        AppDatabaseError: there is no such dataset.
        ModelError: the weights in use cannot be read.
    """
    marks: dict[str, str] = {}
    start = model_in_use(at) if config.from_ == SERVED else None
    if start is not None:
        marks[START_TAG] = hashlib.sha256(_bytes_of(start)).hexdigest()
    if not (config.labels or config.old_labels or config.unlabelled):
        return TrainingInputs(start_weights=start, marks=marks)
    database, lake = AppDatabase(at.database_place), Lake(at.lake_url)
    try:
        names = dict.fromkeys(name for name in (config.labels, config.old_labels) if name)
        read: dict[str, Sides] = {name: labelled_wafers(database, lake, name) for name in names}
        unlabelled = unlabelled_maps(database, lake, config.unlabelled)
    finally:
        database.close()
    if config.labels:
        marks[LABELS_TAG] = labels_mark(config.labels, read[config.labels])
    return TrainingInputs(read.get(config.labels, {}), read.get(config.old_labels, {}), unlabelled, start, marks)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            str(path), f"the weights in use cannot be read ({error.strerror})", "Serve another model, or restore it."
        ) from error
