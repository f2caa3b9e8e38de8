"""A label in the form of a result."""

import numpy as np

from core.analysis.result import WaferResult
from core.labels.label import Label
from core.segmentation import Segmentation
from core.severity import severity
from data.wafer import WaferMap


def labelled_result(wafer: WaferMap, label: Label, said_by: str) -> WaferResult:
    """Return a label in the form of a result, to be drawn, measured and exported like one; people are certain.

    Args:
        wafer: the wafer.
        label: of it.
        said_by: stands where the model's name does.
    """
    masks = label.masks()
    instances = label.measured(wafer)
    sure = masks.astype(np.float32)
    found = Segmentation(wafer.key, sure, masks, sure.max(axis=(1, 2)), said_by)
    return WaferResult(wafer, found, instances, severity(instances, wafer))
