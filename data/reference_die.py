"""The die by which machines align a wafer with its map: kept as the file names it, and found again on the grid."""

import re

import numpy as np

from data.orientation import DIE_AXES, axes_text, die_coordinates
from data.wafer import WaferMap

REFERENCE_DIE = "reference_die"
"""Attribute: "x 2, y 1", in the coordinates that the attribute `die_axes` describes."""
_PLACE = re.compile(r"x (-?\d{1,6}), y (-?\d{1,6})")


def reference_attributes(x: str, y: str, axes: str) -> dict[str, str]:
    """Return what a wafer keeps of the reference die that its file names; nothing where these are no whole numbers.

    Args:
        x: as the file writes it.
        y: as the file writes it.
        axes: how the file counts, as `data.orientation.axes_text` writes it; "" where that is unknown.

    Example:
        >>> reference_attributes(" 2", "1", "")
        {'reference_die': 'x 2, y 1'}
    """
    try:
        said = {REFERENCE_DIE: f"x {int(x)}, y {int(y)}"}
    except ValueError:
        return {}
    return said | ({DIE_AXES: axes} if axes else {})


def axes_from_corner(across: str, along: str, shape: tuple[int, int]) -> str:
    """Return how dies count from 0 at a corner of the grid.

    Args:
        across: "right" or "left": where x rises to.
        along: "down" or "up": where y rises to.
        shape: rows and columns.

    Example:
        >>> axes_from_corner("right", "up", (3, 4))
        'x right, y up, (0, 2) at row 0, column 0'
    """
    rows, columns = shape
    return axes_text(across, along, (0 if across == "right" else columns - 1, 0 if along == "down" else rows - 1))


def reference_place(wafer: WaferMap) -> tuple[int, int] | None:
    """Return row and column of a wafer's reference die; None where its file names none, or none on the grid."""
    named, match = die_coordinates(wafer), _PLACE.fullmatch(wafer.attributes.get(REFERENCE_DIE, ""))
    if named is None or match is None:
        return None
    places = np.argwhere((named[0] == int(match[1])) & (named[1] == int(match[2])))
    return (int(places[0][0]), int(places[0][1])) if len(places) else None
