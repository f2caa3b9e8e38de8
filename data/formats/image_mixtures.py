"""Values that smoothing and compression make, and those they nearly hide: mixtures, and colours of a few dies."""

import itertools
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from data.formats.image_outline import is_ring

REACH = 56
_OPAQUE = 255
_MOST_RARE, _LEAST_RARE = 3, 4
_OFTENER, _OFF_MIXTURE, _THIN = 3, 24, 0.05
_AROUND = np.ones((3, 3), np.uint8)
_WAYS = np.array([way for way in itertools.product((-1.0, 0.0, 1.0), repeat=3) if any(way)]).T
_WAYS /= np.linalg.norm(_WAYS, axis=0)


def with_rare(
    values: NDArray[np.uint8], colors: NDArray[Any], counts: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], int]:
    """Add what a few dies show alone: colours far from all mixtures of the values.

    Args:
        values: (k, 4) the values.
        colors: (n, 3) the colours of all pixels.
        counts: (n,) pixels of each.

    Returns:
        The values with those added, and how many pixels none of them explains.
    """
    for _ in range(_MOST_RARE):
        excess = _beyond(colors, values[:, :3])
        beyond = excess > REACH
        if counts[beyond].sum() < _LEAST_RARE:
            break
        rare = colors[np.argmax(np.where(beyond, counts * excess, 0))]
        values = np.concatenate([values, [[*rare, _OPAQUE]]]).astype(np.uint8)
    return values, int(counts[_beyond(colors, values[:, :3]) > REACH].sum())


def values_of_their_own(colors: NDArray[Any], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """For each value whether it is more than the mixture of two more frequent ones that smoothing leaves between them.

    A thin line all around the wafer is a rim, whatever its colour.

    Args:
        colors: (k, 3) the values.
        labels: (H, W) which of them each pixel shows; k and more for none.
    """
    counts = np.bincount(labels.ravel(), minlength=len(colors))[: len(colors)]
    own = np.ones(len(colors), dtype=bool)
    seen = colors.astype(np.float64)
    for value in np.argsort(counts, kind="stable"):
        often = np.flatnonzero(own & (counts >= _OFTENER * counts[value]))
        if not any(_is_between(seen[value], seen[a], seen[b]) for a, b in itertools.combinations(often, 2)):
            continue
        shows = labels == value
        inside = cv2.erode(shows.astype(np.uint8), _AROUND, borderValue=0)
        own[value] = np.count_nonzero(inside) > _THIN * counts[value] or is_ring(shows)
    return own


def _is_between(color: NDArray[np.float64], first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    along = second - first
    share = float(np.dot(color - first, along) / max(float(np.dot(along, along)), 1.0))
    return 0 < share < 1 and float(np.abs(first + share * along - color).max()) <= _OFF_MIXTURE


def _beyond(colors: NDArray[Any], values: NDArray[Any]) -> NDArray[np.float64]:
    """How far each of (n, 3) colours lies outside of all mixtures of the values, (k, 3)."""
    reach = colors.astype(np.float64) @ _WAYS
    return np.asarray((reach - (values.astype(np.float64) @ _WAYS).max(axis=0)).max(axis=1))
