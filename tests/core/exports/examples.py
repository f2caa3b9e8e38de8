"""Analysed wafers made by hand, so that a test knows every die of them."""

import numpy as np

from core.analysis.result import WaferResult
from core.instances import find_instances
from core.segmentation import Segmentation
from core.severity import severity
from data.classes import CLASS_COUNT, CLASS_INDEX
from data.wafer import FAIL, PASS, WaferMap


def example_result(lot="LOT1", wafer_id="W01", shape=(30, 24), **fields):
    """A wafer whose upper left holds a particle of 4 x 5 dies, of which one row is a scratch too."""
    dies = np.full(shape, PASS, dtype=np.uint8)
    dies[4:8, 6:11] = FAIL
    dies[-1, -1] = FAIL
    wafer = WaferMap(dies=dies, lot_id=lot, wafer_id=wafer_id, **fields)
    masks = np.zeros((CLASS_COUNT, *shape), dtype=bool)
    masks[CLASS_INDEX["particle"], 4:8, 6:11] = True
    masks[CLASS_INDEX["scratch"], 5, 6:11] = True
    return analysed(wafer, masks)


def analysed(wafer, masks, clusters=True):
    """What analysis makes of a wafer with given masks; without clusters where a test only looks at the masks."""
    probabilities = np.where(masks, 0.9, 0.05).astype(np.float32)
    presence = masks.any(axis=(1, 2)).astype(np.float32) * np.float32(0.8)
    segmentation = Segmentation(wafer.key, probabilities, masks, presence, "test-model")
    instances = find_instances(segmentation, wafer) if clusters else []
    return WaferResult(wafer, segmentation, instances, severity(instances, wafer))
