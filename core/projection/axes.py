"""The few directions in which vectors differ most: what the map, its clusters and novelty are computed on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_AXES = 50


@dataclass(frozen=True, eq=False)
class PrincipalAxes:
    """Principal axes of vectors (Pearson 1901).

    Args:
        mean: float32 (512,).
        directions: float32 (512, A), orthonormal, most telling first.
    """

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]

    def reduced(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return where vectors (N, 512) lie on the axes; (N, A)."""
        return np.asarray((matrix - self.mean) @ self.directions, dtype=np.float32)

    def features(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return where vectors lie on the axes and, last, how far off them all; (N, A + 1)."""
        shifted = matrix - self.mean
        on = shifted @ self.directions
        off = np.sqrt(np.maximum((shifted**2).sum(axis=1) - (on**2).sum(axis=1), 0))
        return np.column_stack([on, off]).astype(np.float32)


def principal_axes(matrix: NDArray[np.float32], most: int = MOST_AXES) -> PrincipalAxes:
    """Find the directions of the largest variance.

    Args:
        matrix: float32 (N, D), two rows or more.
        most: directions at most.

    Example:
        >>> axes = principal_axes(np.float32([[0, 0, 1], [4, 0, 1], [0, 2, 1], [4, 2, 1]]), most=2)
        >>> np.abs(axes.directions.T).round(3).tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    mean = matrix.mean(axis=0, dtype=np.float64)
    second = (matrix.T @ matrix).astype(np.float64) / len(matrix) - np.outer(mean, mean)
    _, directions = np.linalg.eigh(second)  # least first
    kept = directions[:, ::-1][:, : min(most, len(matrix) - 1)]
    return PrincipalAxes(mean.astype(np.float32), kept.astype(np.float32))
