"""What one wafer's result says in a handful of numbers: how many, how dense, where, and how sure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.analysis.result import WaferResult
from core.instances.clusters import CENTER_SHARE, EDGE_SHARE
from data.classes import CLASS_INDEX, CLASS_KEYS
from data.geometry import geometry, polar
from data.wafer import WaferMap

QUADRANTS = ("upper right", "upper left", "lower left", "lower right")


@dataclass(frozen=True, eq=False)
class WaferSummary:
    """A wafer's defects, summed up. A share without anything to share is NaN.

    Args:
        cluster_count: number of clusters.
        affected_dies: failing dies that at least one pattern accounts for.
        unexplained_dies: failing dies that none does.
        dominant_class: class with most affected dies (the first of the table among equals), None without defects.
        mean_confidence: mean probability over all pairs of a die and a class it belongs to.
        confidences: those probabilities, float32 (n,).
        zones: share of the affected dies by distance from the wafer's centre: center, middle, edge.
        quadrants: share of the affected dies by quadrant, counter-clockwise from the upper right; a die on a line
            between two counts half in each.
        dies_by_class: affected dies of each class that has any.
        clusters_by_class: clusters of each class that has any dies.
    """

    cluster_count: int
    affected_dies: int
    unexplained_dies: int
    dominant_class: str | None
    mean_confidence: float
    confidences: NDArray[np.float32]
    zones: dict[str, float]
    quadrants: dict[str, float]
    dies_by_class: dict[str, int]
    clusters_by_class: dict[str, int]


def summarise(result: WaferResult) -> WaferSummary:
    """Sum up a wafer's result."""
    masks = result.segmentation.masks
    affected: NDArray[np.bool_] = np.any(masks, axis=0)
    confidences = result.segmentation.probabilities[masks]
    counts = {key: int(masks[CLASS_INDEX[key]].sum()) for key in CLASS_KEYS}
    dies_by_class = {key: count for key, count in counts.items() if count}
    return WaferSummary(
        cluster_count=len(result.instances),
        affected_dies=int(affected.sum()),
        unexplained_dies=int((result.wafer.failing & ~affected).sum()),
        dominant_class=max(dies_by_class, key=dies_by_class.__getitem__, default=None),
        mean_confidence=float(confidences.mean()) if confidences.size else float("nan"),
        confidences=confidences,
        zones=_zone_shares(result, affected),
        quadrants=_quadrant_shares(result, affected),
        dies_by_class=dies_by_class,
        clusters_by_class={key: sum(i.class_key == key for i in result.instances) for key in dies_by_class},
    )


def _zone_shares(result: WaferResult, affected: NDArray[np.bool_]) -> dict[str, float]:
    radius = polar(result.wafer)[0][affected]
    counts = {
        "center": (radius < CENTER_SHARE).sum(),
        "middle": ((radius >= CENTER_SHARE) & (radius < EDGE_SHARE)).sum(),
        "edge": (radius >= EDGE_SHARE).sum(),
    }
    return {zone: count / radius.size if radius.size else float("nan") for zone, count in counts.items()}


def _quadrant_shares(result: WaferResult, affected: NDArray[np.bool_]) -> dict[str, float]:
    rows, columns = np.nonzero(affected)
    frame = geometry(result.wafer)
    up = 0.5 + 0.5 * np.sign(frame.center[0] - rows)
    right = 0.5 + 0.5 * np.sign(columns - frame.center[1])
    weights = (up * right, up * (1 - right), (1 - up) * (1 - right), (1 - up) * right)
    return {
        name: float(weight.sum() / rows.size) if rows.size else float("nan")
        for name, weight in zip(QUADRANTS, weights, strict=True)
    }


def yield_words(wafer: WaferMap) -> str:
    """Return a wafer's yield in percent, "unknown" where it is not known which dies pass.

    Example:
        >>> yield_words(WaferMap(np.array([[1, 2]], np.uint8), "L1", "W01"))
        '50.0%'
    """
    return f"{wafer.yield_fraction:.1%}" if wafer.passing_known else "unknown"
