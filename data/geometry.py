"""Where dies sit on the wafer: millimetres from its centre, share of its radius, angle."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.wafer import ASSUMED_DIAMETER_MM, OFF_WAFER, WaferMap


@dataclass(frozen=True)
class WaferGeometry:
    """Physical frame of a wafer: x to the right, y up, origin at the wafer's centre, grid as stored.

    Args:
        center: (row, column) of the wafer's centre in die units; die (r, c) has its centre at (r, c). The middle of the
            tested dies, where the file does not say.
        die_pitch_mm: (row, column) pitch in mm.
        diameter_mm: wafer diameter in mm.
        assumed: true when pitch or diameter was unknown and assumed.
    """

    center: tuple[float, float]
    die_pitch_mm: tuple[float, float]
    diameter_mm: float
    assumed: bool

    @property
    def radius_mm(self) -> float:
        """Wafer radius in mm."""
        return self.diameter_mm / 2

    @property
    def die_area_mm2(self) -> float:
        """Area of one die, streets included, in mm2."""
        return self.die_pitch_mm[0] * self.die_pitch_mm[1]

    @property
    def area_cm2(self) -> float:
        """Area of the wafer's disc in cm2."""
        return float(np.pi * self.radius_mm**2 / 100)

    def to_mm(
        self, rows: NDArray[np.float64], columns: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Turn die coordinates into (x, y) in mm from the wafer's centre, y up."""
        return (columns - self.center[1]) * self.die_pitch_mm[1], (self.center[0] - rows) * self.die_pitch_mm[0]


def geometry(wafer: WaferMap) -> WaferGeometry:
    """Find a wafer's physical frame; what the file did not say is assumed from a 300 mm wafer filled by its dies.

    Example:
        >>> frame = geometry(WaferMap(dies=np.ones((30, 20), dtype=np.uint8), lot_id="L", wafer_id="W"))
        >>> frame.center, frame.die_pitch_mm, frame.assumed
        ((14.5, 9.5), (10.0, 15.0), True)
    """
    top, bottom, left, right = extent(wafer.dies)
    diameter = wafer.diameter_mm or ASSUMED_DIAMETER_MM
    pitch = wafer.die_pitch_mm or (diameter / (bottom - top + 1), diameter / (right - left + 1))
    assumed = wafer.diameter_mm is None or wafer.die_pitch_mm is None
    return WaferGeometry(wafer.center or ((top + bottom) / 2, (left + right) / 2), pitch, diameter, assumed)


def holds_dies(wafer: WaferMap) -> bool:
    """Return whether a wafer's centre can be: no tested die lies beyond the rim, or, sizes unknown, it is amid them."""
    frame = geometry(wafer)
    if frame.assumed:
        top, bottom, left, right = extent(wafer.dies)
        return top <= frame.center[0] <= bottom and left <= frame.center[1] <= right
    rows, columns = (places.astype(np.float64) for places in np.nonzero(wafer.on_wafer))
    farthest = np.hypot(*frame.to_mm(rows, columns)).max()
    return bool(farthest <= frame.radius_mm + np.hypot(*frame.die_pitch_mm) / 2)


def polar(wafer: WaferMap) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return every die's distance from the wafer's centre and its angle, as `radius_share` and `clock_angle` do.

    Where centre, pitch and diameter are known they say both, so that a sample plan of few dies has no rim of its own.
    """
    frame = geometry(wafer)
    if wafer.center is None or frame.assumed:
        return radius_share(wafer.dies), clock_angle(wafer.dies)
    place = np.indices(wafer.dies.shape, dtype=np.float64)
    x, y = frame.to_mm(place[0], place[1])
    angle = np.mod(np.arctan2(x, y), 2 * np.pi)
    return (np.hypot(x, y) / frame.radius_mm).astype(np.float32), angle.astype(np.float32)


def extent(dies: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """First and last row, first and last column that hold a tested die."""
    rows = np.flatnonzero((dies != OFF_WAFER).any(axis=1))
    columns = np.flatnonzero((dies != OFF_WAFER).any(axis=0))
    return int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])


def radius_share(dies: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Distance of every die of the grid from the wafer's centre, as a share of its radius (1 at the rim).

    The rim is the ellipse through the tested dies' extent, so dies that are not square need no pitch.

    Returns:
        float32 (H, W), unbounded off the wafer.
    """
    rows, columns = _from_center(dies)
    return np.asarray(np.hypot(rows[:, None], columns[None, :]), dtype=np.float32)


def clock_angle(dies: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Angle of every die seen from the wafer's centre, radians in [0, 2 pi), 0 at 12 o'clock, clockwise; (H, W)."""
    rows, columns = _from_center(dies)
    return np.asarray(np.mod(np.arctan2(columns[None, :], -rows[:, None]), 2 * np.pi), dtype=np.float32)


def _from_center(dies: NDArray[np.uint8]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    top, bottom, left, right = extent(dies)
    rows = (np.arange(dies.shape[0]) - (top + bottom) / 2) / ((bottom - top + 1) / 2)
    columns = (np.arange(dies.shape[1]) - (left + right) / 2) / ((right - left + 1) / 2)
    return rows, columns
