"""Where a wafer's dies, rim and notch lie on its picture, and how large a picture may be."""

import math
from dataclasses import dataclass, replace

import numpy as np

from data.errors import WaferValueError
from data.geometry import WaferGeometry, extent, geometry
from data.wafer import WaferMap

NOTCH_SHARE = 0.035  # of the radius: larger than life, or nobody would see it
MOST_SIDE_PX = 2048
"""Side of a picture, beyond which dies are drawn narrower than asked for, down to one pixel."""
_LOST_SHARE = 0.25
_MOST_ASPECT = 4.0
"""Of dies that are assumed, and of tested dies that fill a round wafer."""


@dataclass(frozen=True)
class Sheet:
    """Where the wafer lies on its picture, in pixels, rows first.

    Args:
        cell: height and width of a die.
        first: the die (row, column) whose cell starts at `origin`: the corner of the tested extent.
        origin: top and left of that cell.
        center: the wafer's centre.
        radius: the rim's half axes, equal when dies are to scale.
        size: height and width of the picture.
    """

    cell: tuple[int, int]
    first: tuple[int, int]
    origin: tuple[int, int]
    center: tuple[float, float]
    radius: tuple[float, float]
    size: tuple[int, int]

    def box(self, row: int, column: int) -> tuple[slice, slice]:
        """Return the pixels of one die, as slices of rows and columns."""
        top = self.origin[0] + (row - self.first[0]) * self.cell[0]
        left = self.origin[1] + (column - self.first[1]) * self.cell[1]
        return slice(top, top + self.cell[0]), slice(left, left + self.cell[1])


def drawn_frame(wafer: WaferMap) -> WaferGeometry:
    """Return the frame that a wafer is drawn in: its own, but where its dies would be lost in it.

    A few dies whose size and wafer's size leave them narrower than a pixel of the largest picture are drawn as if the
    wafer's diameter and centre were unknown.
    """
    top, bottom, left, right = extent(wafer.dies)
    if wafer.die_pitch_mm and wafer.diameter_mm:
        across = wafer.diameter_mm / min(wafer.die_pitch_mm)
        if across > MOST_SIDE_PX and max(bottom - top + 1, right - left + 1) < _LOST_SHARE * across:
            return geometry(replace(wafer, diameter_mm=None, center=None))
    return geometry(wafer)


def rim_in_dies(wafer: WaferMap) -> tuple[float, float]:
    """Half axes (rows, columns) of the wafer's rim in dies, wide enough that no tested die sticks out.

    Where pitch and diameter are known the rim is the wafer's; else it is as wide as the tested dies: a circle as drawn,
    with cells of `cell_aspect`, but around a row of a few sites an ellipse.
    """
    frame = drawn_frame(wafer)
    if wafer.die_pitch_mm and not frame.assumed:
        axes = (frame.radius_mm / frame.die_pitch_mm[0], frame.radius_mm / frame.die_pitch_mm[1])
    else:
        top, bottom, left, right = extent(wafer.dies)
        aspect = cell_aspect(wafer)
        height, width = (bottom - top + 1) * aspect, float(right - left + 1)
        if 1 / _MOST_ASPECT <= height / width <= _MOST_ASPECT:
            height = width = max(height, width)
        axes = (height / aspect / 2, width / 2)
    rows, columns = np.nonzero(wafer.on_wafer)
    corners = np.hypot(
        (np.abs(rows - frame.center[0]) + 0.5) / axes[0], (np.abs(columns - frame.center[1]) + 0.5) / axes[1]
    )
    reach = max(1.0, float(corners.max()))
    return axes[0] * reach, axes[1] * reach


def cell_aspect(wafer: WaferMap) -> float:
    """Height over width of a die's cell: of its pitch where known, else of the one that measures assume.

    That one lets the dies fill a round wafer, so that the wafer is drawn round. Square, where it would be of dies that
    nobody makes: a few sites in a row do not fill a wafer.
    """
    pitch = geometry(wafer).die_pitch_mm
    aspect = pitch[0] / pitch[1]
    return aspect if wafer.die_pitch_mm or 1 / _MOST_ASPECT <= aspect <= _MOST_ASPECT else 1.0


def lay_out(wafer: WaferMap, cell_px: int) -> Sheet:
    """Find where everything lies on a picture whose dies are `cell_px` pixels wide, or fewer on a very wide wafer.

    A few dies on a large wafer are a large picture: its side is bounded by the rim, not by the dies.

    Raises:
        WaferValueError: `cell_px` is below 1.
    """
    if cell_px < 1:
        raise WaferValueError(wafer.key, f"a die cannot be drawn {cell_px} pixels wide", "Ask for 1 pixel or more.")
    top, bottom, left, right = extent(wafer.dies)
    axes = rim_in_dies(wafer)
    most = [max(1, int(MOST_SIDE_PX / (2 * axis))) for axis in axes]
    cell_px = max(1, min(cell_px, most[1], int(most[0] / cell_aspect(wafer))))
    cell = (min(most[0], max(1, round(cell_px * cell_aspect(wafer)))), cell_px)
    radius = (axes[0] * cell[0], axes[1] * cell[1])
    margin = math.ceil(rim_px(radius) + notch_px(radius)) + 1
    half = (math.ceil(radius[0]) + margin, math.ceil(radius[1]) + margin)
    # An odd span of dies wants an odd picture, so that the dies' middle and the disc's are the same pixel.
    size = (2 * half[0] + (bottom - top + 1) * cell[0] % 2, 2 * half[1] + (right - left + 1) * cell[1] % 2)
    middle = drawn_frame(wafer).center
    inward = ((middle[0] - top + 0.5) * cell[0], (middle[1] - left + 0.5) * cell[1])
    origin = (round(size[0] / 2 - inward[0]), round(size[1] / 2 - inward[1]))
    return Sheet(cell, (top, left), origin, (origin[0] + inward[0], origin[1] + inward[1]), radius, size)


def rim_px(radius: tuple[float, float]) -> float:
    """Return the width of the rim's line on a picture of these half axes."""
    return max(1.0, min(radius) / 120)


def notch_px(radius: tuple[float, float]) -> float:
    """Return the depth of the notch on a picture of these half axes."""
    return max(3.0, NOTCH_SHARE * min(radius))
