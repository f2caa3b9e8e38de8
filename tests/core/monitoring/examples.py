"""Wafers with results and labels whose counts can be told by hand."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from core.analysis.result import WaferResult
from core.identity import Person
from core.instances import find_instances
from core.labels.annotations import LabelSource, write_annotation
from core.labels.blind import LabelMaking
from core.labels.label import from_masks
from core.segmentation import Segmentation
from core.severity import severity
from data.classes import CLASS_COUNT, CLASS_INDEX
from data.wafer import WaferMap
from tests.core.lake_examples import START

ANA = Person("ana")
SIDE = 12


def all_failing(number, **fields):
    """A square wafer of 12 x 12 failing dies, tested on day `number`."""
    given = {
        "lot_id": f"L{number:03d}",
        "wafer_id": "W01",
        "product": "TC38",
        "tested_at": START + timedelta(days=number),
    }
    return WaferMap(dies=np.full((SIDE, SIDE), 2, dtype=np.uint8), **{**given, **fields})


def rows(**spans):
    """Masks (8, 12, 12): `edge=(0, 3)` gives the class its first three rows."""
    masks = np.zeros((CLASS_COUNT, SIDE, SIDE), dtype=bool)
    for key, (first, end) in spans.items():
        masks[CLASS_INDEX[key], first:end] = True
    return masks


def predicted(wafer, masks, model="net@1", sure=0.8, unsure=0.2):
    """A result with these masks; the dies of a mask have one probability, all others another."""
    probabilities = np.where(masks, np.float32(sure), np.float32(unsure)).astype(np.float32)
    presence = masks.any(axis=(1, 2)).astype(np.float32)
    found = Segmentation(wafer.key, probabilities, masks, presence, model)
    instances = find_instances(found, wafer)
    return WaferResult(wafer, found, instances, severity(instances, wafer))


@dataclass(frozen=True, eq=False)
class Case:
    """A wafer, its true masks (None: nobody labelled it), its result, and how long that took."""

    wafer: WaferMap
    truth: NDArray[np.bool_] | None
    result: WaferResult
    seconds: float | None = None


def case(wafer, truth, masks, *, seconds=None, **made):
    """A wafer on which the model found these masks."""
    return Case(wafer, truth, predicted(wafer, masks, **made), seconds)


def keep(lake, database, *cases):
    """Put wafers, results and labels where they belong, few files in all."""
    lake.append_wafers([one.wafer for one in cases])
    for seconds in {one.seconds for one in cases}:
        lake.append_results([one.result for one in cases if one.seconds == seconds], seconds=seconds)
    label(database, *((one.wafer, one.truth) for one in cases if one.truth is not None))


def label(database, *labelled, person=ANA, source=LabelSource.SUBMITTED, blind=None):
    """Keep labels: pairs of a wafer and its true masks."""
    with database.writing() as session:
        for wafer, truth in labelled:
            making = LabelMaking(blind=blind)
            write_annotation(session, wafer, from_masks(wafer, truth), person, 10.0, source, making)
