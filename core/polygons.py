"""Polygons that people draw around dies: whether one is sound, and which dies it takes."""

import numpy as np
import shapely
from numpy.typing import NDArray

from data.errors import LabelError

MIN_VERTICES, MAX_VERTICES = 3, 1000


def fault(polygon: NDArray[np.float64]) -> str:
    """Say why a polygon cannot be used, "" when it can.

    Args:
        polygon: float (k, 2) of (row, column) in die units, not closed.

    Example:
        >>> fault(np.array([[0, 0], [2, 2], [0, 2], [2, 0]], dtype=float))
        'it crosses itself at row 1, column 1'
    """
    points = np.asarray(polygon, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        return "its corners are not finite rows and columns"
    if not MIN_VERTICES <= len(points) <= MAX_VERTICES:
        return f"it has {len(points)} corners, {MIN_VERTICES} to {MAX_VERTICES} are possible"
    said = shapely.is_valid_reason(shapely.Polygon(points[:, ::-1]))
    if said == "Valid Geometry":
        return ""
    place = said[said.find("[") + 1 : said.find("]")].split() if "[" in said else []
    at = f" at row {float(place[1]):g}, column {float(place[0]):g}" if len(place) == 2 else ""
    return f"it crosses itself{at}"


def dies_inside(polygon: NDArray[np.float64], failing: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Snap a polygon to the failing dies whose centre it holds.

    Args:
        polygon: float (k, 2) of (row, column) in die units, not closed; die (r, c) has its centre at (r, c).
        failing: bool (H, W), the dies that may be taken.

    Returns:
        int (n, 2), by rows; none when no failing die lies inside.

    Raises:
        LabelError: the polygon crosses itself, has fewer than 3 or more than 1,000 corners, or corners that are none.

    Example:
        >>> failing = np.eye(4, dtype=bool)
        >>> dies_inside(np.array([[0.5, 0.5], [0.5, 2.5], [2.5, 2.5], [2.5, 0.5]]), failing).tolist()
        [[1, 1], [2, 2]]
    """
    if problem := fault(polygon):
        raise LabelError("polygon", problem, "Draw it so that no side crosses another.")
    dies = np.argwhere(failing)
    area = shapely.Polygon(np.asarray(polygon)[:, ::-1])
    inside: NDArray[np.bool_] = shapely.contains_xy(area, dies[:, 1], dies[:, 0])
    return dies[inside]
