"""Where a review microscope should look: centroids of clusters, or dies of them spread in space."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.analysis.result import WaferResult
from core.exports.review_table import ReviewTable
from core.instances import Instance
from data.classes import CLASS_KEYS
from data.geometry import geometry


class Places(StrEnum):
    """Which places of a cluster are looked at."""

    DIES = "dies"  # centres of some of its dies, as many as the review table says
    CENTROIDS = "centroids"  # its centroid, which may lie beside its dies


@dataclass(frozen=True, eq=False)
class ReviewPoint:
    """One place to look at.

    Args:
        instance: the cluster it belongs to.
        die: (row, column) on the die grid, fractions within a die; the centre of die (r, c) is (r, c).
        size_mm: extent (x, y) of what is there: the die's pitch, or the cluster's.
    """

    instance: Instance
    die: tuple[float, float]
    size_mm: tuple[float, float]


def review_points(result: WaferResult, places: Places, table: ReviewTable) -> list[ReviewPoint]:
    """Choose where to look on a wafer, in the order of its clusters.

    Of dies, each class gets the table's number of points for the wafer's severity: first the die nearest the centroid
    of each cluster, large clusters first, then the die farthest from all chosen ones of the class (farthest-point
    sampling; Gonzalez 1985), so that no part of a pattern stays unseen while another is seen twice.

    Args:
        result: the analysed wafer.
        places: centroids of all clusters, or dies by the table.
        table: how many points of each class.
    """
    if places is Places.CENTROIDS:
        return [ReviewPoint(one, one.centroid_die, _extent(one)) for one in result.instances]
    frame = geometry(result.wafer)
    size = (frame.die_pitch_mm[1], frame.die_pitch_mm[0])
    points = []
    for key in CLASS_KEYS:
        clusters = [one for one in result.instances if one.class_key == key]
        for cluster, (row, column) in _spread_dies(
            clusters, table.points(key, result.severity.score), frame.die_pitch_mm
        ):
            points.append(ReviewPoint(cluster, (float(row), float(column)), size))
    return sorted(points, key=lambda point: (point.instance.number, point.die))


def spread(places: NDArray[np.float64], first: Sequence[int], count: int) -> list[int]:
    """Choose places that lie far from one another.

    Args:
        places: float (n, 2).
        first: positions of places that are chosen already, at least one.
        count: how many to choose in all.

    Returns:
        Positions, `first` in front; of equally far ones the earlier.

    Example:
        >>> spread(np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 9.0], [0.0, 5.0]]), [0], 3)
        [0, 2, 3]
    """
    chosen = list(first[:count])
    nearest = np.min([_distances(places, at) for at in first], axis=0)
    while len(chosen) < min(count, len(places)):
        farthest = int(nearest.argmax())
        chosen.append(farthest)
        nearest = np.minimum(nearest, _distances(places, farthest))
    return chosen


def _spread_dies(
    clusters: Sequence[Instance], count: int, pitch_mm: tuple[float, float]
) -> list[tuple[Instance, tuple[int, int]]]:
    if not clusters or not count:
        return []
    dies = np.concatenate([one.dies for one in clusters])
    owners = np.repeat(np.arange(len(clusters)), [len(one.dies) for one in clusters])
    middle = []
    for at in sorted(range(len(clusters)), key=lambda at: -clusters[at].die_count):
        own = np.flatnonzero(owners == at)
        away = (dies[own] - np.asarray(clusters[at].centroid_die)) * pitch_mm
        middle.append(int(own[np.square(away).sum(axis=1).argmin()]))
    chosen = spread(dies * np.asarray(pitch_mm), middle, count)
    return [(clusters[owners[at]], (int(dies[at][0]), int(dies[at][1]))) for at in chosen]


def _distances(places: NDArray[np.float64], at: int) -> NDArray[np.float64]:
    distances: NDArray[np.float64] = np.square(places - places[at]).sum(axis=1)
    return distances


def _extent(instance: Instance) -> tuple[float, float]:
    x_low, y_low, x_high, y_high = instance.bbox_mm
    return x_high - x_low, y_high - y_low
