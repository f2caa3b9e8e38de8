"""Outlines drawn around a map: a rim, and the disc on which dies lie. They end in an ellipse, dies in steps."""

import cv2
import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.uint8]
_SMOOTH_PX, _SMOOTH_SHARE = 0.85, 0.85
_ALONG = 0.8
_MOST = 0.4
_LEAST_POINTS = 100
_DEEPEST = 3
_RING_PX, _RING_SHARE, _RING_AROUND = 3.0, 0.1, 0.6


def without_outline(labels: Labels, page: int) -> Labels:
    """Wipe out what ends in an ellipse around the wafer.

    Args:
        labels: (H, W) the map and the page around it.
        page: the value of the page.

    Returns:
        The labels with rim and disc as the page's.
    """
    bare = labels
    for value in np.unique(labels):
        if value != page and is_ring(labels == value):
            bare = np.where(bare == value, np.uint8(page), bare)
    for _ in range(_DEEPEST):
        contour = _contour(bare != page)
        if contour is None or not _is_smooth(contour):
            break
        shown = np.bincount(bare[contour[:, 1], contour[:, 0]])
        value = int(np.argmax(shown))
        if shown[value] < _ALONG * len(contour) or not 0 < _share(bare, page, value) <= _MOST:
            break
        bare = np.where(bare == value, np.uint8(page), bare)
    return bare


def is_ring(shows: NDArray[np.bool_]) -> bool:
    """Whether all that shows a value is one thin line along an ellipse, most of the way around."""
    rows, columns = np.nonzero(shows)
    if not _LEAST_POINTS <= len(rows) <= _RING_SHARE * shows.size:
        return False
    points = np.stack([columns, rows], axis=1).astype(np.float64)
    middle, axes = _ellipse(points)
    if not (axes > 0).all():
        return False
    down, across = ((points - middle) / axes).T
    away = (np.hypot(down, across) - 1) * axes.min()
    low, high = np.percentile(away, [5, 95])
    sectors = np.bincount(((np.arctan2(across, down) / np.pi + 1) * 36).astype(np.intp) % 72, minlength=72)
    return bool(high - low <= max(_RING_PX, axes.min() / 100) and (sectors > 0).mean() >= _RING_AROUND)


def _share(labels: Labels, page: int, value: int) -> float:
    return int(np.count_nonzero(labels == value)) / max(int(np.count_nonzero(labels != page)), 1)


def _contour(marked: NDArray[np.bool_]) -> NDArray[np.intp] | None:
    """The outer pixels of the largest piece, (n, 2) column and row."""
    contours, _ = cv2.findContours(marked.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    points = max(contours, key=len)[:, 0].astype(np.intp)
    return points if len(points) >= _LEAST_POINTS else None


def _is_smooth(contour: NDArray[np.intp]) -> bool:
    """Whether nearly all of a contour lies within a pixel of one ellipse; a notch may break it."""
    points = contour.astype(np.float64)
    near = np.ones(len(points), dtype=bool)
    away = np.zeros(len(points))
    for _ in range(3):
        if np.count_nonzero(near) < _LEAST_POINTS // 2:
            return False
        middle, axes = _ellipse(points[near])
        if not (axes > 0).all():
            return False
        away = np.abs(np.hypot(*((points - middle) / axes).T) - 1) * axes.min()
        near = away <= max(2 * float(np.median(away)), _SMOOTH_PX)
    return bool((away <= _SMOOTH_PX).mean() >= _SMOOTH_SHARE)


def _ellipse(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middle and half axes of the upright ellipse through points, by least squares."""
    shift = points.mean(axis=0)
    x, y = ((points - shift) / 100).T
    squares, across, down, first = np.linalg.lstsq(
        np.stack([x * x, x, y, np.ones_like(x)], axis=1), -(y * y), rcond=None
    )[0]
    if squares <= 0:
        return shift, np.zeros(2)
    middle = np.array([-across / (2 * squares), -down / 2])
    reach = squares * middle[0] ** 2 + middle[1] ** 2 - first
    if reach <= 0:
        return shift, np.zeros(2)
    return middle * 100 + shift, np.sqrt(np.array([reach / squares, reach])) * 100
