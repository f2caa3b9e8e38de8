"""What the map shows of the lake: points to draw, wafers of an area or a cluster, the least like all others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.lake import Lake, WaferFilter
from core.lake.filter import PAGE_COLUMNS
from core.projection.keeping import About, read_about, table_path
from data.errors import MapError

MOST_POINTS = 50_000
STALE_SHARE = 0.5
HASHES = 2**64 - 1  # the greatest hash
PLACED = ("cluster", "novelty", "x", "y")

_POINTS = """
    SELECT key, x, y, cluster, novelty, product, severity, dominant_class, tested_at
    FROM read_parquet(?) AS m JOIN wafers AS w USING (key)
    WHERE {where} AND hash(m.key) <= ?::UBIGINT ORDER BY hash(key), key LIMIT ?
"""
_MEMBERS = """
    SELECT key, x, y FROM read_parquet(?) AS m JOIN wafers AS w USING (key)
    WHERE {where} AND (? IS NULL OR cluster = ?) AND x BETWEEN ? AND ? AND y BETWEEN ? AND ?
    ORDER BY severity DESC NULLS LAST, key
"""
_NOVEL = f"""
    SELECT {", ".join(PAGE_COLUMNS)}, {", ".join(PLACED)} FROM read_parquet(?) AS m JOIN wafers AS w USING (key)
    WHERE {{where}} ORDER BY isolation DESC, key LIMIT ?
"""
_NAMED = f"""
    SELECT {", ".join(PAGE_COLUMNS)}, {", ".join(PLACED)} FROM read_parquet(?) AS m JOIN wafers AS w USING (key)
    WHERE key IN (SELECT unnest(?)) ORDER BY severity DESC NULLS LAST, key
"""
_KINDS = """
    SELECT dominant_class, severity IS NOT NULL AS segmented, product, count(*) AS wafers FROM wafers
    WHERE key IN (SELECT unnest(?)) GROUP BY ALL
"""
_SIZES = """
    SELECT cluster, count(*) AS wafers, avg(severity) AS severity, avg(novelty) AS novelty
    FROM read_parquet(?) AS m JOIN wafers AS w USING (key) WHERE {where} GROUP BY cluster ORDER BY cluster
"""


@dataclass(frozen=True)
class LakeMap:
    """A map that may be shown.

    Args:
        lake: that it is of.
        about: what it says of itself.
        path: of the table of its wafers.
        missing: wafers of the lake that are not on it yet.
    """

    lake: Lake
    about: About
    path: str
    missing: int

    @classmethod
    def open(cls, lake: Lake, home: Path, model: str) -> "LakeMap":
        """Open the map below `home`/map.

        Raises:
            MapError: there is none, it is damaged or of another model, or it holds less than half of the lake's wafers.
            LakeError: the lake cannot be read.
        """
        about = read_about(home, model)
        path = table_path(home, about)
        held = lake.count()
        missing = max(0, held - about.wafers)  # every wafer on the map is one of the lake, which loses none
        if missing > STALE_SHARE * held:
            raise MapError(
                str(home / "map"),
                f"the map holds {about.wafers:,} wafers, the lake {missing:,} more",
                "Bring it up to date on the Map page, or with python -m jobs.map_wafers.",
            )
        return cls(lake, about, path, missing)

    def points(self, where: WaferFilter, held: int, most: int = MOST_POINTS) -> pd.DataFrame:
        """Return the wafers to draw; more than `most` are thinned evenly, the same way every time.

        Args:
            where: which wafers.
            held: how many they are, as `clusters` counts them.
            most: to draw.

        Returns:
            key, x, y, cluster, novelty, product, severity, dominant_class, tested_at.
        """
        condition, parameters = where.where()
        # A little more than the share that is drawn is read, so that the database never joins or sorts all.
        hashed = HASHES if held <= most else min(HASHES, int(HASHES * most / held * (1 + 5 / most**0.5)))
        return self.lake.query(_POINTS.format(where=condition), [self.path, *parameters, hashed, most])

    def members(
        self, where: WaferFilter, *, cluster: int | None = None, area: Sequence[tuple[float, float]] = ()
    ) -> list[str]:
        """List the wafers of a cluster and within an area, most severe first, those not drawn too.

        Args:
            where: which wafers.
            cluster: its number, None for any.
            area: corners of a polygon, none for the whole map.
        """
        corners = np.array(area, dtype=np.float64).reshape(-1, 2)
        low, high = (corners.min(axis=0), corners.max(axis=0)) if len(corners) else ([-np.inf] * 2, [np.inf] * 2)
        condition, parameters = where.where()
        bounds = [float(bound) for axis in range(2) for bound in (low[axis], high[axis])]
        found = self.lake.query(_MEMBERS.format(where=condition), [self.path, *parameters, cluster, cluster, *bounds])
        kept = inside(corners, found[["x", "y"]].to_numpy()) if len(corners) else slice(None)
        return [str(key) for key in found["key"].to_numpy()[kept]]

    def rows(self, keys: Sequence[str]) -> pd.DataFrame:
        """Return wafers with PAGE_COLUMNS and where they are on the map (PLACED), most severe first."""
        return self._named(self.lake.query(_NAMED, [self.path, list(keys)]))

    def kinds(self, keys: Sequence[str]) -> pd.DataFrame:
        """Count wafers by dominant_class, whether they are segmented, and product."""
        return self.lake.query(_KINDS, [list(keys)])

    def novel(self, where: WaferFilter, most: int) -> pd.DataFrame:
        """Return the wafers least like all others, least first, with the columns of `rows`."""
        condition, parameters = where.where()
        return self._named(self.lake.query(_NOVEL.format(where=condition), [self.path, *parameters, most]))

    def clusters(self, where: WaferFilter) -> pd.DataFrame:
        """Return clusters that hold any of the wafers: cluster (its name), wafers, mean severity, mean novelty."""
        condition, parameters = where.where()
        return self._named(self.lake.query(_SIZES.format(where=condition), [self.path, *parameters]))

    def _named(self, table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(cluster=[self.about.names[number] for number in table["cluster"]])


def inside(corners: NDArray[np.float64], points: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return which points lie within a polygon, by how often a ray to the right crosses its sides (even-odd rule).

    Args:
        corners: (C, 2), three or more.
        points: (N, 2).

    Example:
        >>> inside(np.array([[0.0, 0], [4, 0], [4, 4], [0, 4]]), np.array([[1.0, 1], [5, 1], [-1, 2]])).tolist()
        [True, False, False]
    """
    found = np.zeros(len(points), dtype=np.bool_)
    x, y = points[:, 0], points[:, 1]
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:
            crossed = (y0 > y) != (y1 > y)
            found ^= crossed & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return found


def area_text(corners: Sequence[tuple[float, float]]) -> str:
    """Write the corners of an area for a link.

    Example:
        >>> area_text([(1, 2.345), (10, 2), (10, 9)])
        '1.0 2.3,10.0 2.0,10.0 9.0'
    """
    return ",".join(f"{x:.1f} {y:.1f}" for x, y in corners)


def area_of(text: str) -> list[tuple[float, float]]:
    """Read what `area_text` wrote; what is no area with three corners or more is none at all.

    Example:
        >>> area_of("1.0 2.3,10.0 2.0,10.0 9.0"), area_of("here"), area_of("1 2,3 4"), area_of("nan 1,2 3,4 5")
        ([(1.0, 2.3), (10.0, 2.0), (10.0, 9.0)], [], [], [])
    """
    try:
        corners = [tuple(map(float, corner.split())) for corner in text.split(",")]
    except ValueError:
        return []
    found = [(corner[0], corner[1]) for corner in corners if len(corner) == 2 and np.isfinite(corner).all()]
    return found if 3 <= len(found) == len(corners) else []
