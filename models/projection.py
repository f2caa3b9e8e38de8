"""How descriptors of wafers become embeddings: a linear map, found in closed form, that keeps what tells wafers apart.

Between two wafers some differences matter and some do not: the same wafer turned, flipped or with other noise is to be
the same point, and so, more loosely, are two wafers on which people saw the same patterns. The map scales every
direction by how much wafers differ along it against how much those do that should not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from data.served import DIMENSION

CLASS_WEIGHT = 0.3  # of differences within a set of classes, beside those between two views of one wafer
RIDGE = 0.1  # share of the mean variance added to every direction, for those that few wafers use


@dataclass(frozen=True, eq=False)
class Projection:
    """Embedding = (descriptor - center) @ matrix, made unit length.

    Args:
        center: float32 (D,).
        matrix: float32 (D, 512); columns beyond what the descriptors span are zero.
    """

    center: NDArray[np.float32]
    matrix: NDArray[np.float32]


def fit_projection(
    described: NDArray[np.float32],
    views: NDArray[np.float32],
    of: NDArray[np.intp],
    classes: Sequence[str] | None = None,
) -> Projection:
    """Find the map.

    Args:
        described: float32 (N, D), descriptors of wafers.
        views: float32 (M, D), of some of the same wafers turned, flipped and with other noise.
        of: (M,), the row of `described` that each view is of.
        classes: N names of the set of classes people saw on each wafer, so that wafers of one set draw together and
            every set counts by the root of its number; None to go by the views alone.

    Source: within-class covariance normalisation, Hatch, Kajarekar and Stolcke, ICSLP 2006, with views for classes.
    """
    center, spread = described.mean(axis=0), described.std(axis=0) + 1e-3
    scaled = ((described - center) / spread).astype(np.float64)
    apart = (views - center) / spread - scaled[of]
    within = apart.T @ apart / len(apart)
    weights = np.ones(len(scaled))
    if classes is not None:
        _, member, count = np.unique(np.asarray(classes), return_inverse=True, return_counts=True)
        weights = 1 / np.sqrt(count[member])
        means = np.stack([np.bincount(member, column) for column in scaled.T], axis=1) / count[:, None]
        around = scaled - means[member]
        within += CLASS_WEIGHT * (around * weights[:, None]).T @ around / weights.sum()
    from_mean = scaled - np.average(scaled, axis=0, weights=weights)
    total = (from_mean * weights[:, None]).T @ from_mean / weights.sum()
    within += RIDGE * np.trace(within) / len(within) * np.eye(len(within)) + 1e-9 * np.eye(len(within))
    ratio, directions = eigh(total, within)
    best = np.argsort(-ratio)[:DIMENSION]
    # What differs no more between wafers than between views of one says nothing and fades out.
    kept = np.sqrt(np.maximum(0, 1 - 1 / np.maximum(ratio[best], 1e-9)))
    matrix = np.zeros((described.shape[1], DIMENSION), dtype=np.float32)
    matrix[:, : len(best)] = directions[:, best] * kept / spread[:, None]
    return Projection(center.astype(np.float32), matrix)
