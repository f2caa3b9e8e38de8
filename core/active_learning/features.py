"""Features of wafers and dies that no label has ever shaped, for measuring what labels are worth."""

import cv2
import numpy as np
from numpy.typing import NDArray

from data.geometry import radius_share
from data.wafer import WaferMap

RINGS, SECTORS = 8, 16
WINDOWS = (3, 5, 9, 15)
_ALONE, _AREA = 2, cv2.CC_STAT_AREA


def wafer_features(wafer: WaferMap) -> NDArray[np.float32]:
    """Describe a wafer: where it fails around the centre, whichever way it is turned, and its largest cluster.

    Returns:
        float32 (82,): of 8 rings the strengths of the first 9 waves of the failing share around them; size, height,
        width, elongation, filling and middle's radius of the largest cluster; its share of all failing dies; number of
        clusters; share that fails; share that fails next to another.
    """
    failing, tested = wafer.failing, wafer.dies > 0
    rows, columns = wafer.dies.shape
    r, c = np.indices(wafer.dies.shape)
    radius = radius_share(wafer.dies)
    angle = np.arctan2(r - (rows - 1) / 2, c - (columns - 1) / 2)
    ring = np.minimum((radius * RINGS).astype(int), RINGS - 1)
    sector = ((angle / (2 * np.pi) + 0.5) * SECTORS).astype(int) % SECTORS
    cell = ring * SECTORS + sector
    count = np.bincount(cell[tested], minlength=RINGS * SECTORS)
    fails = np.bincount(cell[failing], minlength=RINGS * SECTORS)
    level = failing.sum() / max(1, tested.sum())
    share = np.where(count > 0, fails / np.maximum(count, 1), level).reshape(RINGS, SECTORS)
    waves = np.abs(np.fft.rfft(share, axis=1)) / SECTORS
    return np.concatenate([waves.ravel(), _cluster(failing, radius), [level]]).astype(np.float32)


def die_features(wafer: WaferMap) -> NDArray[np.float32]:
    """Describe every failing die: how much fails around it, near and far and along lines, where it lies.

    Returns:
        float32 (failing dies, 96), in the order of `np.argwhere(wafer.failing)`; the wafer's own features come last.
    """
    failing, tested = wafer.failing.astype(np.float32), (wafer.dies > 0).astype(np.float32)
    around: list[NDArray[np.floating]] = []
    for side in WINDOWS:
        kernels = [np.ones((side, side)), np.ones((1, side)), np.ones((side, 1))] if side > 3 else [np.ones((3, 3))]
        for kernel in kernels:
            fails, there = (
                cv2.filter2D(p, -1, kernel.astype(np.float32), borderType=cv2.BORDER_CONSTANT)
                for p in (failing, tested)
            )
            around.append(fails / np.maximum(there, 1))
    line = np.eye(7, dtype=np.float32) / 7
    around += [
        np.asarray(cv2.filter2D(failing, -1, kernel, borderType=cv2.BORDER_CONSTANT), dtype=np.float32)
        for kernel in (line, line[::-1])
    ]
    radius = radius_share(wafer.dies).astype(np.float32)
    own = np.stack([*around, radius, radius**2])[:, wafer.failing].T
    whole = np.broadcast_to(wafer_features(wafer), (len(own), 82))
    return np.concatenate([own, whole], axis=1).astype(np.float32)


def _cluster(failing: NDArray[np.bool_], radius: NDArray[np.floating]) -> list[float]:
    """Facts about the largest cluster of failing dies."""
    _, marks, stats, middles = cv2.connectedComponentsWithStats(failing.astype(np.uint8), connectivity=8)
    clusters = stats[1:]
    if not len(clusters):
        return [0.0] * 9
    largest = int(clusters[:, _AREA].argmax())
    width, height, area = (int(clusters[largest, n]) for n in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, _AREA))
    places = np.argwhere(marks == largest + 1).astype(float)
    spread = np.linalg.eigvalsh(np.cov(places.T) + 1e-3 * np.eye(2)) if area > _ALONE else np.ones(2)
    x, y = middles[largest + 1]
    size = failing.shape
    return [
        area / failing.size,
        height / size[0],
        width / size[1],
        float(np.log(spread[1] / spread[0])),
        area / (width * height),
        float(radius[min(round(y), size[0] - 1), min(round(x), size[1] - 1)]),
        area / failing.sum(),
        float(np.log1p(len(clusters))),
        float(clusters[clusters[:, _AREA] > 1, _AREA].sum() / failing.sum()),
    ]
