"""Shapes on the die grid: which dies hang together, where touching ones part, the outline around them."""

from collections.abc import Sequence

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from data.wafer import Scalar

FINE = 4  # raster steps along a die's side in which outlines are traced


def components(mask: NDArray[np.bool_], gap: int) -> NDArray[np.int32]:
    """Number the groups of dies that hang together across gaps.

    Args:
        mask: bool (H, W).
        gap: dies that may lie between two dies of a group, along rows, columns or both.

    Returns:
        int32 (H, W): 0 outside the mask, groups from 1 in the order of their first die.

    Example:
        >>> mask = np.array([[1, 0, 1, 0, 0, 1]], dtype=bool)
        >>> components(mask, 1).tolist(), components(mask, 2).tolist()
        ([[1, 0, 1, 0, 0, 2]], [[1, 0, 1, 0, 0, 1]])
    """
    grid: MatLike = mask.astype(np.uint8)
    if gap:
        # Dies grown to squares of gap + 1 touch exactly when no more than `gap` dies lie between them.
        grid = cv2.dilate(grid, np.ones((gap + 1, gap + 1), dtype=np.uint8))
    _, labels = cv2.connectedComponents(grid, connectivity=8)
    return in_order_of_first_die(np.where(mask, labels, 0))


def in_order_of_first_die(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Renumber groups from 1, in the order in which a reader of rows meets them; 0 stays."""
    found, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    first[found == 0] = -1
    rank = np.empty(len(found), dtype=np.int32)
    rank[np.argsort(first)] = np.arange(len(found)) + (0 if (found == 0).any() else 1)
    return rank[inverse].reshape(labels.shape)


def parted(labels: NDArray[np.int32], depth: float) -> NDArray[np.int32]:
    """Part groups that are several blobs touching, by watershed on the distance to the outside.

    Args:
        labels: int32 (H, W) of `components`.
        depth: how far, as a share of the group's greatest distance to the outside and at least one die, that distance
            must fall between two blobs for them to be two.

    Returns:
        int32 (H, W), renumbered.
    """
    out, count = np.zeros_like(labels), 0
    for k in range(1, int(labels.max()) + 1):
        group = labels == k
        rows, columns = np.flatnonzero(group.any(axis=1)), np.flatnonzero(group.any(axis=0))
        window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        inside = _parted_one(group[window], depth)
        out[window] += np.where(group[window], inside + count, 0).astype(np.int32)
        count += int(inside.max())
    return in_order_of_first_die(out)


def _parted_one(group: NDArray[np.bool_], depth: float) -> NDArray[np.int32]:
    """Blobs 1.. of one group."""
    whole = np.ones(group.shape, dtype=np.int32)
    filled = np.pad(closed(group, 3), 1)
    distance = cv2.distanceTransform(filled.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    fall = max(1.0, depth * float(distance.max()))
    if distance.max() <= fall + 1:  # too thin to hold two blobs with a waist between them
        return whole
    from skimage.morphology import h_maxima
    from skimage.segmentation import watershed

    count, markers = cv2.connectedComponents(h_maxima(distance, fall), connectivity=8)  # type: ignore[no-untyped-call]
    if count <= 2:
        return whole
    # Without a mask every die is reached, also those that the closing does not hold.
    flooded: NDArray[np.int32] = watershed(-distance, markers)  # type: ignore[no-untyped-call]
    return flooded[1:-1, 1:-1]


def closed(mask: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """Fill gaps that a square of `side` (odd) dies does not fit into; (H, W) bool."""
    margin = side // 2
    padded = np.pad(mask, 2 * margin).astype(np.uint8)
    filled = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((side, side), dtype=np.uint8))
    rows, columns = mask.shape
    return filled[2 * margin : 2 * margin + rows, 2 * margin : 2 * margin + columns].astype(bool)


def outline(dies: NDArray[np.intp], gap: int) -> NDArray[np.float64]:
    """Draw one closed line around dies.

    It follows the dies' sides, gaps of up to two dies filled (of up to `gap` where that makes one piece of several);
    dies that touch at a corner are joined by a neck of half a die. Dies that remain in several pieces get their convex
    hull, so that there is always one valid polygon that holds all of them.

    Args:
        dies: int (n, 2) of (row, column).
        gap: dies that may lie between two of them.

    Returns:
        float64 (k, 2) of (row, column) in die units, not closed; the sides of die (r, c) are r and c +- 0.5.

    Example:
        >>> outline(np.array([[0, 0], [0, 1]]), 0).tolist()
        [[0.5, -0.5], [0.5, 1.5], [-0.5, 1.5], [-0.5, -0.5]]
    """
    origin = dies.min(axis=0)
    grid = np.zeros(dies.max(axis=0) - origin + 1, dtype=bool)
    grid[tuple((dies - origin).T)] = True
    for side in sorted({3, max(3, gap + 1 + gap % 2)}):
        filled = closed(grid, side)
        if cv2.connectedComponents(filled.astype(np.uint8), connectivity=8)[0] == 2:
            traced: NDArray[np.float64] = _traced(filled) + origin - 0.5
            return traced
    return _hull(dies).astype(np.float64)


def _traced(region: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Outer line around a region of one piece, in dies from its first corner."""
    fine: MatLike = np.zeros([FINE * n + 1 for n in region.shape], dtype=np.uint8)
    fine[FINE // 2 :: FINE, FINE // 2 :: FINE] = region
    fine = cv2.dilate(fine, np.ones((FINE + 1, FINE + 1), dtype=np.uint8))  # a die and its sides
    a, b, c, d = region[:-1, :-1], region[:-1, 1:], region[1:, :-1], region[1:, 1:]
    necks = np.zeros_like(fine)
    necks[FINE:-1:FINE, FINE:-1:FINE] = (a & d & ~b & ~c) | (b & c & ~a & ~d)
    fine = cv2.bitwise_or(fine, cv2.dilate(necks, np.ones((3, 3), dtype=np.uint8)))
    (contour, *_), _ = cv2.findContours(fine, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return _squared(contour[:, 0, ::-1].astype(np.intp), fine) / FINE


def _squared(line: NDArray[np.intp], fine: MatLike) -> NDArray[np.intp]:
    """Return a line of single steps back the inner corners that OpenCV cuts, and keep its corners alone."""
    after = _shifted(line)
    cut = np.flatnonzero((line != after).all(axis=1))
    corners = np.column_stack([line[cut, 0], after[cut, 1]])
    outside = fine[corners[:, 0], corners[:, 1]] == 0
    corners[outside] = np.column_stack([after[cut, 0], line[cut, 1]])[outside]
    whole = np.insert(line, cut + 1, corners, axis=0)
    steps = _shifted(whole) - whole
    turns = np.flatnonzero((_shifted(steps) != steps).any(axis=1))
    return _shifted(whole)[turns]


def _shifted(points: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return each point of a closed line the one after it."""
    return np.concatenate([points[1:], points[:1]])


def length(line: NDArray[np.float64], scale: Sequence[float]) -> float:
    """Length of a closed line.

    Args:
        line: (k, 2) of (row, column).
        scale: length of a row's and of a column's step.
    """
    steps = (_shifted(line) - line) * np.asarray(scale)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def hull_overlap(a: NDArray[np.intp], b: NDArray[np.intp]) -> float:
    """Intersection over union of the convex hulls of two groups of dies (n, 2), 0 to 1.

    Example:
        >>> hull_overlap(np.array([[0, 0], [0, 1]]), np.array([[0, 1], [0, 2]])) == 1 / 3
        True
    """
    hulls = _hull(a), _hull(b)
    shared, _ = cv2.intersectConvexConvex(*hulls)
    return float(shared / (cv2.contourArea(hulls[0]) + cv2.contourArea(hulls[1]) - shared))


def _hull(dies: NDArray[np.intp]) -> NDArray[np.float32]:
    """Corners (k, 2) of the convex hull of whole dies."""
    corners = dies[:, None] + np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, 0.5], [0.5, -0.5]])
    hull: NDArray[np.float32] = cv2.convexHull(corners.reshape(-1, 2).astype(np.float32))[:, 0]
    return hull
