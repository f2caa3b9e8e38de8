"""Names of clusters that a person can read: the classes that most of their wafers show, and where on the wafer."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.lake import Lake
from core.lake.schema import ZONES
from data.classes import CLASSES
from data.wafer import ASSUMED_DIAMETER_MM

PRESENT_SHARE = 0.5  # of a cluster's wafers that show a class named first
OFF_CENTRE = 0.3  # of the radius, from which the mean place of a class has a direction
IN_ZONE = 0.7  # of a class's dies
DIRECTIONS = ("right", "upper right", "top", "upper left", "left", "lower left", "bottom", "lower right")
LOCAL = ("scratch", "particle")
"""Classes whose clusters are small enough to lie in one zone, and whose names do not say in which."""
NO_PATTERN, NOT_SEGMENTED = "no pattern", "not segmented"
_CLASS_NAMES = {c.key: c.name.lower() for c in CLASSES}

_SEEN = f"""
    WITH member AS (SELECT unnest(?) AS key, unnest(?) AS cluster),
    found AS (
        SELECT m.cluster, i.key, i.class_key, i.zone, i.die_count AS dies,
               i.die_count * i.centroid_x_mm * 2 / coalesce(w.diameter_mm, {ASSUMED_DIAMETER_MM}) AS x,
               i.die_count * i.centroid_y_mm * 2 / coalesce(w.diameter_mm, {ASSUMED_DIAMETER_MM}) AS y
        FROM member AS m JOIN wafers AS w ON w.key = m.key JOIN instances AS i ON i.key = m.key
    )
    SELECT cluster, class_key, count(DISTINCT key) AS wafers, sum(dies) AS dies, sum(x) / sum(dies) AS x,
           sum(y) / sum(dies) AS y, {", ".join(f"sum(dies) FILTER (zone = '{z}') / sum(dies) AS {z}" for z in ZONES)}
    FROM found GROUP BY cluster, class_key
"""
_SEGMENTED = """
    SELECT cluster, count(*) AS wafers, count(*) FILTER (cluster_count > 0) AS affected
    FROM (SELECT unnest(?) AS key, unnest(?) AS cluster) AS m JOIN wafers AS w ON w.key = m.key
    WHERE severity IS NOT NULL GROUP BY cluster
"""


@dataclass(frozen=True)
class Seen:
    """A class on the wafers of a cluster.

    Args:
        class_key: the class.
        share: of the cluster's wafers that show it.
        dies: of its clusters on them.
        x: mean place of those dies, to the right, in shares of the wafer's radius.
        y: the same upwards.
        zones: share of those dies in each zone.
    """

    class_key: str
    share: float
    dies: int
    x: float
    y: float
    zones: dict[str, float]


def cluster_names(lake: Lake, typical: Sequence[Sequence[str]]) -> list[str]:
    """Name clusters by some wafers of each; equal names are numbered.

    Args:
        lake: that says what is on them.
        typical: for each cluster the keys of wafers that stand for it.

    Raises:
        LakeError: the lake cannot be read.
    """
    keys = [key for members in typical for key in members]
    clusters = [number for number, members in enumerate(typical) for _ in members]
    segmented = {row["cluster"]: row for row in lake.arrow(_SEGMENTED, [keys, clusters]).to_pylist()}
    seen: list[list[Seen]] = [[] for _ in typical]
    for row in lake.arrow(_SEEN, [keys, clusters]).to_pylist():
        share = row["wafers"] / segmented[row["cluster"]]["wafers"]
        zones = {zone: row[zone] or 0.0 for zone in ZONES}
        seen[row["cluster"]].append(Seen(row["class_key"], share, row["dies"], row["x"], row["y"], zones))
    names = []
    for number, members in enumerate(typical):
        counted = segmented.get(number, {"wafers": 0, "affected": 0})
        if 2 * counted["wafers"] < max(1, len(members)):
            names.append(NOT_SEGMENTED)
        else:
            names.append(name_of(seen[number], counted["affected"] / counted["wafers"]))
    return numbered(names)


def name_of(seen: Sequence[Seen], affected: float) -> str:
    """Name a cluster.

    Args:
        seen: its classes.
        affected: share of its wafers that show any.

    Example:
        >>> name_of([Seen("edge", 0.9, 800, 0.6, -0.5, {"edge": 1.0})], 0.95)
        'edge, lower right'
        >>> name_of([Seen("particle", 0.7, 50, 0, 0, {}), Seen("scratch", 0.8, 90, 0, 0, {})], 1.0)
        'scratch + particle'
        >>> name_of([Seen("ring", 0.3, 90, 0, 0, {})], 0.4), name_of([Seen("ring", 0.4, 90, 0, 0, {})], 0.8)
        ('no pattern', 'mixed, some ring')
    """
    common = sorted((s for s in seen if s.share >= PRESENT_SHARE), key=lambda s: (-s.dies, s.class_key))
    if len(common) == 1:
        return ", ".join([_CLASS_NAMES[common[0].class_key], *_place(common[0])])
    if common:
        return " + ".join(_CLASS_NAMES[s.class_key] for s in common)
    if affected < PRESENT_SHARE:
        return NO_PATTERN
    some = min(seen, key=lambda s: (-s.share, s.class_key))
    return f"mixed, some {_CLASS_NAMES[some.class_key]}"


def numbered(names: Sequence[str]) -> list[str]:
    """Number the names that are equal.

    Example:
        >>> numbered(["ring", "edge", "ring"])
        ['ring (1)', 'edge', 'ring (2)']
    """
    counts, so_far = Counter(names), Counter[str]()
    found = []
    for name in names:
        so_far[name] += 1
        found.append(f"{name} ({so_far[name]})" if counts[name] > 1 else name)
    return found


def _place(seen: Seen) -> list[str]:
    """Where a class lies: a direction, else the zone of a local one, else nothing."""
    if math.hypot(seen.x, seen.y) >= OFF_CENTRE:
        return [DIRECTIONS[round(math.degrees(math.atan2(seen.y, seen.x)) / 45) % 8]]
    if seen.class_key not in LOCAL:
        return []
    return [zone for zone, share in seen.zones.items() if share >= IN_ZONE]
