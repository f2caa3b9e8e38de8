"""Clusters: the dies of each pattern grouped into instances, and every instance measured."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from core.instances.shapes import components, hull_overlap, length, outline, parted
from core.segmentation import Segmentation
from data.classes import CLASS_INDEX
from data.geometry import WaferGeometry, geometry, polar
from data.wafer import WaferMap

Zone = Literal["center", "middle", "edge"]
CENTER_SHARE, EDGE_SHARE = 1 / 3, 0.8
REFERENCE_PX = 300


class Grouping(StrEnum):
    """How a class's dies make instances."""

    JOINED = "joined"  # dies that hang together across gaps
    BLOBS = "blobs"  # the same, and touching blobs are parted
    LATTICE = "lattice"  # spots that repeat are one, whole reticle shots are each their own
    WHOLE = "whole"  # all dies of the wafer are one


@dataclass(frozen=True)
class ClassRule:
    """How the dies of one class are grouped.

    Args:
        grouping: how.
        gap_share: gap that does not part an instance, as a share of the longer side of the grid (at least one die).
        min_dies: smaller instances are dropped.
    """

    grouping: Grouping
    gap_share: float = 0.0
    min_dies: int = 3

    def gap(self, shape: tuple[int, ...]) -> int:
        """Gap in dies on a grid of this shape."""
        return max(1, round(self.gap_share * max(shape))) if self.gap_share else 0


CLASS_RULES: Mapping[str, ClassRule] = MappingProxyType(
    {
        "edge": ClassRule(Grouping.JOINED, 0.06),
        "center": ClassRule(Grouping.JOINED, 0.05),
        "ring": ClassRule(Grouping.JOINED, 0.2),
        "scratch": ClassRule(Grouping.JOINED, 0.06),
        "particle": ClassRule(Grouping.BLOBS, 0.02),
        "lithography": ClassRule(Grouping.LATTICE),
        "etching": ClassRule(Grouping.WHOLE),
        "random": ClassRule(Grouping.WHOLE),
    }
)


@dataclass(frozen=True)
class InstanceRules:
    """How masks become instances.

    Args:
        classes: the rule of each class.
        min_area_px: smaller instances are dropped, in pixels of the grid drawn at 300 x 300.
        merge_overlap: instances of a class whose convex hulls have a greater intersection over union are one.
        split_depth: how deep the waist between two touching blobs is, as a share of their half width.
        lattice_dies: lithography spots of at most this many dies belong to the lattice.
    """

    classes: Mapping[str, ClassRule] = field(default_factory=lambda: CLASS_RULES)
    min_area_px: float = 10.0
    merge_overlap: float = 0.8
    split_depth: float = 0.3
    lattice_dies: int = 4


@dataclass(frozen=True, eq=False)
class Instance:
    """One cluster of failing dies that one pattern accounts for, measured.

    Args:
        class_key: class of the pattern.
        number: from 1 on the wafer, classes in the order of their table, larger ones first.
        dies: int (n, 2) of (row, column), by rows.
        die_count: n.
        area_mm2: area of its dies, streets included.
        area_px: the same in pixels of the grid drawn at 300 x 300.
        perimeter_mm: length of its polygon.
        perimeter_px: the same at 300 x 300.
        compactness: 4 pi area / perimeter^2 in mm: 0.785 for a square, near 0 for a line or for scattered dies.
        centroid_die: mean (row, column) of its dies.
        centroid_mm: the same as (x, y) from the wafer's centre, y up.
        centroid_px: the same as (x, y) from the upper left corner, y down.
        bbox_die: first row, first column, last row, last column.
        bbox_mm: least x, least y, greatest x, greatest y, dies whole.
        bbox_px: the same in pixels.
        polygon_die: float (k, 2) of (row, column), its outline as `core.instances.shapes.outline` draws it.
        mean_confidence: mean probability of the class over its dies.
        zone: by its dies' mean distance from the wafer's centre: center below a third of the radius, edge from 0.8.
        sector: clock hour that it points to from the wafer's centre, 12 at the top of the grid.
    """

    class_key: str
    number: int
    dies: NDArray[np.intp]
    die_count: int
    area_mm2: float
    area_px: float
    perimeter_mm: float
    perimeter_px: float
    compactness: float
    centroid_die: tuple[float, float]
    centroid_mm: tuple[float, float]
    centroid_px: tuple[float, float]
    bbox_die: tuple[int, int, int, int]
    bbox_mm: tuple[float, float, float, float]
    bbox_px: tuple[float, float, float, float]
    polygon_die: NDArray[np.float64]
    mean_confidence: float
    zone: Zone
    sector: int


def find_instances(segmentation: Segmentation, wafer: WaferMap, rules: InstanceRules | None = None) -> list[Instance]:
    """Group the dies of each class into instances and measure them.

    Args:
        segmentation: of this wafer.
        wafer: the wafer.
        rules: how to group, None for the built-in rules.

    Returns:
        Instances in the order of the class table, larger ones first, then by their first die.
    """
    rules = rules or InstanceRules()
    found = (
        (key, dies, float(segmentation.probabilities[CLASS_INDEX[key]][dies[:, 0], dies[:, 1]].mean()))
        for key in segmentation.classes_present
        for dies in group_dies(segmentation.masks[CLASS_INDEX[key]], rules.classes[key], rules)
    )
    return measured(found, wafer, rules)


def measured(
    groups: Iterable[tuple[str, NDArray[np.intp], float]], wafer: WaferMap, rules: InstanceRules | None = None
) -> list[Instance]:
    """Measure groups of dies of a wafer, numbered from 1 as they come.

    Args:
        groups: class, dies (n, 2) by rows and confidence of each.
        wafer: the wafer they are on.
        rules: whose gaps the outlines bridge, None for the built-in rules.
    """
    rules = rules or InstanceRules()
    frame, (radius, clock) = geometry(wafer), polar(wafer)
    out: list[Instance] = []
    for key, dies, confidence in groups:
        place = dies[:, 0], dies[:, 1]
        line = outline(dies, rules.classes[key].gap(wafer.dies.shape))
        out.append(
            Instance(
                class_key=key,
                number=len(out) + 1,
                dies=dies,
                polygon_die=line,
                mean_confidence=confidence,
                zone=zone(float(radius[place].mean())),
                sector=_sector(clock[place]),
                **_areas(len(dies), line, frame, wafer.dies.shape),
                **_places(dies, frame, wafer.dies.shape),
            )
        )
    return out


def group_dies(mask: NDArray[np.bool_], rule: ClassRule, rules: InstanceRules) -> list[NDArray[np.intp]]:
    """Group the dies of one class.

    Args:
        mask: bool (H, W).
        rule: of this class.
        rules: of all classes.

    Returns:
        Dies (n, 2) of each instance, larger instances first, then by their first die.
    """
    groups = _split(_labels(mask, rule, rules))
    if rule.grouping in (Grouping.JOINED, Grouping.BLOBS):
        groups = _merged(groups, rules.merge_overlap)
    die_px = REFERENCE_PX**2 / mask.size
    kept = [g for g in groups if len(g) >= rule.min_dies and len(g) * die_px >= rules.min_area_px]
    return sorted(kept, key=lambda g: (-len(g), *g[0]))


def zone(radius: float) -> Zone:
    """Name the radius zone at a distance from the wafer's centre, given as a share of its radius.

    Example:
        >>> [zone(r) for r in (0.1, 0.5, 0.9)]
        ['center', 'middle', 'edge']
    """
    if radius < CENTER_SHARE:
        return "center"
    return "edge" if radius >= EDGE_SHARE else "middle"


def _labels(mask: NDArray[np.bool_], rule: ClassRule, rules: InstanceRules) -> NDArray[np.int32]:
    if rule.grouping is Grouping.WHOLE:
        return mask.astype(np.int32)
    labels = components(mask, rule.gap(mask.shape))
    if rule.grouping is Grouping.BLOBS:
        return parted(labels, rules.split_depth)
    if rule.grouping is Grouping.LATTICE:
        spot = np.bincount(labels.ravel()) <= rules.lattice_dies
        labels = np.where(mask & spot[labels], labels.max() + 1, labels).astype(np.int32)
    return labels


def _split(labels: NDArray[np.int32]) -> list[NDArray[np.intp]]:
    """Dies (n, 2) of each label from 1, each by rows."""
    dies = np.argwhere(labels)
    at = labels[dies[:, 0], dies[:, 1]]
    order = np.argsort(at, kind="stable")
    return [part for part in np.split(dies[order], np.flatnonzero(np.diff(at[order])) + 1) if len(part)]


def _merged(groups: list[NDArray[np.intp]], threshold: float) -> list[NDArray[np.intp]]:
    """Join groups whose outlines overlap by more than the threshold: interleaved pieces of one pattern."""
    merged: list[NDArray[np.intp]] = []
    for group in groups:
        rest = []
        for other in merged:
            if hull_overlap(group, other) > threshold:
                group = np.unique(np.concatenate([group, other]), axis=0)
            else:
                rest.append(other)
        merged = [*rest, group]
    return merged


def _sector(clock: NDArray[np.float32]) -> int:
    """Clock hour 1 to 12 of the mean direction of angles."""
    angle = np.arctan2(np.sin(clock).mean(), np.cos(clock).mean())
    return (round(float(angle) / (2 * np.pi) * 12) - 1) % 12 + 1


class _Areas(TypedDict):
    die_count: int
    area_mm2: float
    area_px: float
    perimeter_mm: float
    perimeter_px: float
    compactness: float


def _areas(count: int, line: NDArray[np.float64], frame: WaferGeometry, shape: tuple[int, ...]) -> _Areas:
    area_mm2, perimeter_mm = count * frame.die_area_mm2, length(line, frame.die_pitch_mm)
    die_px = REFERENCE_PX / shape[0], REFERENCE_PX / shape[1]
    return {
        "die_count": count,
        "area_mm2": area_mm2,
        "area_px": count * die_px[0] * die_px[1],
        "perimeter_mm": perimeter_mm,
        "perimeter_px": length(line, die_px),
        "compactness": 4 * np.pi * area_mm2 / perimeter_mm**2,
    }


class _Places(TypedDict):
    centroid_die: tuple[float, float]
    centroid_mm: tuple[float, float]
    centroid_px: tuple[float, float]
    bbox_die: tuple[int, int, int, int]
    bbox_mm: tuple[float, float, float, float]
    bbox_px: tuple[float, float, float, float]


def _places(dies: NDArray[np.intp], frame: WaferGeometry, shape: tuple[int, ...]) -> _Places:
    row, column = (float(v) for v in dies.mean(axis=0))
    (top, left), (bottom, right) = ((int(r), int(c)) for r, c in (dies.min(axis=0), dies.max(axis=0)))
    rows, columns = np.array([row, bottom + 0.5, top - 0.5]), np.array([column, left - 0.5, right + 0.5])
    x, y = (axis.tolist() for axis in frame.to_mm(rows, columns))
    across, down = REFERENCE_PX / shape[1], REFERENCE_PX / shape[0]
    return {
        "centroid_die": (row, column),
        "centroid_mm": (x[0], y[0]),
        "centroid_px": ((column + 0.5) * across, (row + 0.5) * down),
        "bbox_die": (top, left, bottom, right),
        "bbox_mm": (x[1], y[1], x[2], y[2]),
        "bbox_px": (left * across, top * down, (right + 1) * across, (bottom + 1) * down),
    }
