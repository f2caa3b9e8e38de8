"""Wafers drawn by hand, for tests whose answers are known."""

import numpy as np

from core.segmentation import Segmentation
from data.classes import CLASS_COUNT, CLASS_INDEX
from data.wafer import FAIL, WaferMap


def disc(size: int) -> np.ndarray:
    """Passing dies of a round wafer, uint8 (size, size)."""
    at = np.arange(size) - (size - 1) / 2
    return (np.hypot(at[:, None], at[None, :]) <= size / 2).astype(np.uint8)


def radius(size: int) -> np.ndarray:
    """Distance from the centre as a share of the radius, (size, size)."""
    at = (np.arange(size) - (size - 1) / 2) / (size / 2)
    return np.hypot(at[:, None], at[None, :])


def wafer(failing: np.ndarray, *, dies: np.ndarray | None = None, name: str = "W01", **fields: object) -> WaferMap:
    """A wafer on which these dies fail; all others of the grid pass, or those of `dies`."""
    grid = np.ones(failing.shape, dtype=np.uint8) if dies is None else dies.copy()
    grid[failing & (grid > 0)] = FAIL
    return WaferMap(dies=grid, lot_id="LOT1", wafer_id=name, **fields)


def segmentation(shown: WaferMap, masks: dict[str, np.ndarray], probability: float = 0.9) -> Segmentation:
    """What a perfect model would say: these masks, at one probability."""
    planes = np.zeros((CLASS_COUNT, *shown.dies.shape), dtype=bool)
    for key, mask in masks.items():
        planes[CLASS_INDEX[key]] = mask
    present = planes.any(axis=(1, 2)).astype(np.float32) * np.float32(probability)
    return Segmentation(shown.key, planes * np.float32(probability), planes, present, "by hand")
