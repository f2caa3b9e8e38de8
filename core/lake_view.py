"""The lake as one process sees it: an in-memory DuckDB that follows the parts as they appear and vanish.

Of `wafers` and of the measures of `segmentations` the newest rows are kept in memory, so filters and sums touch no
file; what is wide (grids, masks, clusters, vectors) stays in the parts and is read by key. A refresh loads only parts
not seen before: rows are never deleted from the lake, so what a vanished (merged) part said still holds.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import closing

import duckdb
import pyarrow as pa

from core.lake_parts import Listing, Parts
from core.lake_schema import MEASURE_COLUMNS, TABLES, WAFER_COLUMNS, ZONE_COLUMNS, Table

REMOTE_FRESH_SECONDS = 2.0

_WAFERS = ", ".join(name for name, _ in WAFER_COLUMNS)
_MEASURES = ", ".join(("key", "sequence", "dies_hash", *(name for name, _ in MEASURE_COLUMNS)))
_JOINED = f"""
    SELECT w.*, {", ".join(f"m.{name}" for name, _ in MEASURE_COLUMNS)}, m.sequence AS segmentation_sequence
    FROM {{wafers}} AS w LEFT JOIN measures AS m ON m.key = w.key AND m.dies_hash = w.dies_hash
"""
_START = (
    f"CREATE TABLE measures AS SELECT {_MEASURES} FROM no_segmentations",
    f"CREATE TABLE wafers AS {_JOINED.format(wafers='no_wafers')}",
)
"""In memory: `measures`, newest by key; `wafers`, newest by key, with the measures made of their present grid."""

_ARRIVE = (
    """
    CREATE OR REPLACE TEMP TABLE arrived AS SELECT {columns} FROM ({source}) AS a
    SEMI JOIN (SELECT key, max(sequence) AS sequence FROM ({source}) GROUP BY key) AS n
        ON n.key = a.key AND n.sequence = a.sequence
    ANTI JOIN {target} AS t ON t.key = a.key AND t.sequence >= a.sequence
    """,
    "DELETE FROM arrived WHERE rowid NOT IN (SELECT max(rowid) FROM arrived GROUP BY key)",
)
"""Newer rows out of new parts, one a key. A window function would say it in one go, at four times the time."""

_ZONES_UNKNOWN = f"{ZONE_COLUMNS[0][0]} IS NULL"
_ZONE_SUMS = ", ".join(
    f"sum(i.die_count) FILTER ('zone_' || i.zone || '_' || i.class_key = '{name}') AS {name}"
    for name, _ in ZONE_COLUMNS
)
_ADD_ZONES = f"""
    UPDATE arrived SET {", ".join(f"{name} = coalesce(z.{name}, 0)" for name, _ in ZONE_COLUMNS)}
    FROM (SELECT a.key, {_ZONE_SUMS} FROM arrived AS a LEFT JOIN ({{source}}) AS i USING (key, sequence)
          WHERE a.{_ZONES_UNKNOWN} GROUP BY a.key) AS z
    WHERE z.key = arrived.key
"""
"""What parts that were written before the sums by zone were kept say of them, counted from their clusters."""

_MERGE_WAFERS = (
    "DELETE FROM wafers WHERE key IN (SELECT key FROM arrived)",
    f"INSERT INTO wafers {_JOINED.format(wafers='arrived')}",
)
_MERGE_MEASURES = (
    "DELETE FROM measures WHERE key IN (SELECT key FROM arrived)",
    "INSERT INTO measures FROM arrived",
    f"CREATE OR REPLACE TEMP TABLE touched AS SELECT {_WAFERS} FROM wafers WHERE key IN (SELECT key FROM arrived)",
    "DELETE FROM wafers WHERE key IN (SELECT key FROM arrived)",
    f"INSERT INTO wafers {_JOINED.format(wafers='touched')}",
)
_LOADED = {"segmentations": (_MEASURES, "measures", _MERGE_MEASURES), "wafers": (_WAFERS, "wafers", _MERGE_WAFERS)}
"""Columns, table in memory and steps for each; measures first, so that wafers that arrive with them are joined once."""


class LakeView:
    """Answers SQL over the lake's tables, newest rows only; any number of threads may share one.

    Args:
        parts: the lake's files.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._database = parts.database()
        self._known: Listing = {}
        self._looked_at = -REMOTE_FRESH_SECONDS
        for table in TABLES.values():
            self._database.register("empty", table.schema.empty_table())
            self._database.execute(f"CREATE TABLE no_{table.name} AS FROM empty")
            self._database.unregister("empty")
        for statement in _START:
            self._database.execute(statement)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Run a query.

        Args:
            sql: over the views wafers, segmentations, dies, instances, embeddings, evaluations.
            parameters: one a question mark.

        Raises:
            LakeError: the lake cannot be read, or the query is wrong.
        """

        def fetch(anew: bool) -> pa.Table:
            with closing(self._cursor(anew=anew)) as cursor:
                return cursor.sql(sql, params=list(parameters)).to_arrow_table()

        return self._parts.read(fetch)

    def forget_listing(self) -> None:
        """Look at the storage again on the next query, even when it was looked at just now."""
        self._looked_at = -REMOTE_FRESH_SECONDS

    def _cursor(self, *, anew: bool) -> duckdb.DuckDBPyConnection:
        with self._lock:
            remote = self._parts.folder.local is None
            if anew or not remote or time.monotonic() - self._looked_at > REMOTE_FRESH_SECONDS:
                self._refresh()
                self._looked_at = time.monotonic()
            return self._database.cursor()

    def _refresh(self) -> None:
        listing = self._parts.listing()
        if listing == self._known:
            return
        with closing(self._database.cursor()) as cursor:
            cursor.execute("BEGIN")
            for name, loaded in _LOADED.items():
                new = listing[name] - self._known.get(name, frozenset())
                if new:
                    clusters = self._source("instances", listing["instances"])
                    self._load(cursor, self._source(name, new), clusters, *loaded)
            for table in TABLES.values():
                if table.name != "wafers":
                    cursor.execute(_view(table, self._source(table.name, listing[table.name])))
            cursor.execute("COMMIT")
        self._known = listing

    def _source(self, table: str, names: Iterable[str]) -> str:
        files = ", ".join(_quoted(address) for address in self._parts.addresses(table, names))
        empty = f"FROM no_{table}"
        return f"{empty} UNION ALL BY NAME FROM read_parquet([{files}], union_by_name = true)" if files else empty

    @staticmethod
    def _load(
        cursor: duckdb.DuckDBPyConnection, source: str, clusters: str, columns: str, target: str, merge: Sequence[str]
    ) -> None:
        for statement in _ARRIVE:
            cursor.execute(statement.format(columns=columns, source=source, target=target))
        unknown = f"SELECT 1 FROM arrived WHERE {_ZONES_UNKNOWN} LIMIT 1"
        if target == "measures" and cursor.execute(unknown).fetchone():
            cursor.execute(_ADD_ZONES.format(source=clusters))
        for statement in merge:
            cursor.execute(statement)


def _view(table: Table, source: str) -> str:
    """SQL of the view of a table whose rows stay in the parts: those of the newest parent, or the newest themselves."""
    if table.parent == table.name != "segmentations":
        newest = f"QUALIFY row_number() OVER (PARTITION BY {', '.join(table.keys)} ORDER BY sequence DESC) = 1"
        return f"CREATE OR REPLACE VIEW {table.name} AS FROM ({source}) {newest}"
    sequence = "sequence" if table.parent == "wafers" else "segmentation_sequence"
    joined = f"SEMI JOIN wafers AS w ON w.key = r.key AND w.{sequence} = r.sequence"
    return f"CREATE OR REPLACE VIEW {table.name} AS SELECT r.* FROM ({source}) AS r {joined}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
