"""Wafers whose dies are gone, and results whose clusters or masks are: what is lost with a part of another table.

They are left out as if they had never come in, so that no page meets half a wafer, and taking in the file again, or
segmenting again, brings them back.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from core.lake.schema import MEASURE_COLUMNS

CHILDREN = ("dies", "segmentations", "instances")
_ENOUGH = """
    SELECT ({dies}) >= (SELECT count(*) FROM wafers) + (SELECT count(*) FROM other_tests)
       AND ({segmentations}) >= (SELECT count(segmentation_sequence) FROM wafers)
       AND ({instances}) >= (SELECT coalesce(sum(cluster_count), 0) FROM wafers)
"""
"""Every row that is shown has its own rows in the other tables, so fewer of them than that is a loss. The parts' ends
say how many there are, and are read anyway."""
_LOST = """
    CREATE OR REPLACE TEMP TABLE lost AS SELECT w.key FROM wafers AS w
    ANTI JOIN (SELECT key, sequence FROM ({dies})) AS d ON d.key = w.key AND d.sequence = w.sequence
"""
_HALF = """
    CREATE OR REPLACE TEMP TABLE half AS SELECT w.key FROM wafers AS w
    LEFT JOIN (SELECT DISTINCT key, sequence FROM ({segmentations})) AS s
        ON s.key = w.key AND s.sequence = w.segmentation_sequence
    LEFT JOIN (SELECT key, sequence, count(*) AS clusters FROM ({instances}) GROUP BY key, sequence) AS i
        ON i.key = w.key AND i.sequence = w.segmentation_sequence
    WHERE w.segmentation_sequence IS NOT NULL AND (s.key IS NULL OR coalesce(i.clusters, 0) < w.cluster_count)
"""
_UNSEGMENTED = f"""
    UPDATE wafers SET segmentation_sequence = NULL, {", ".join(f"{name} = NULL" for name, _ in MEASURE_COLUMNS)}
    WHERE key IN (FROM half)
"""
_OWN = ", ".join(("key", "segmentation_sequence AS sequence", "dies_hash", *(name for name, _ in MEASURE_COLUMNS)))
_WAITING = (
    f"INSERT INTO waiting SELECT {_OWN} FROM wafers WHERE segmentation_sequence IS NOT NULL AND key IN (FROM lost)"
)


@dataclass(frozen=True)
class Losses:
    """What is left out since the rest of it is gone.

    Args:
        wafers: keys of those without their dies.
        results: keys of the wafers whose results miss clusters or masks; they are there as not segmented.
    """

    wafers: frozenset[str] = frozenset()
    results: frozenset[str] = frozenset()


def is_complete(cursor: duckdb.DuckDBPyConnection, counts: Mapping[str, str]) -> bool:
    """Return whether there are enough rows for all that is shown; True where a loss hides behind replaced rows.

    Args:
        cursor: of a lake's view, with its tables `wafers`, `waiting` and `other_tests`.
        counts: SQL of how many rows CHILDREN have.
    """
    return bool(cursor.execute(_ENOUGH.format_map(counts)).fetchall()[0][0])


def leave_out_incomplete(cursor: duckdb.DuckDBPyConnection, sources: Mapping[str, str]) -> Losses:
    """Take wafers without dies out of what is shown, and results that are not whole.

    Args:
        cursor: of a lake's view, with its tables `wafers` and `waiting`.
        sources: SQL of all rows of CHILDREN.

    Returns:
        What was taken out.
    """
    cursor.execute(_HALF.format_map(sources))
    cursor.execute(_UNSEGMENTED)
    cursor.execute(_LOST.format_map(sources))
    cursor.execute(_WAITING)
    cursor.execute("DELETE FROM wafers WHERE key IN (FROM lost)")
    lost, half = (frozenset(key for (key,) in cursor.execute(f"FROM {name}").fetchall()) for name in ("lost", "half"))
    return Losses(lost, half - lost)
