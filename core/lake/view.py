"""The lake as one process sees it: an in-memory DuckDB that follows the parts as they appear and vanish.

Of `wafers` and of the measures of `segmentations` the newest rows are kept in memory, so filters and sums touch no
file; what is wide (grids, masks, clusters, vectors) stays in the parts and is read by key. A refresh loads only parts
not seen before: rows are never deleted from the lake, so what a vanished (merged) part said still holds.
"""

import pickle
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import closing

import duckdb
import pyarrow as pa

from core.lake import other_tests
from core.lake.completeness import CHILDREN, Losses, is_complete, leave_out_incomplete
from core.lake.damage import LakeDamage
from core.lake.narrowing import EVERYTHING, Sight, narrow
from core.lake.parts import Listing, Parts
from core.lake.rows import FIRST_SEVERITY
from core.lake.schema import MEASURE_COLUMNS, POSITIONS, TABLES, WAFER_COLUMNS, ZONE_COLUMNS, LakeTable

REMOTE_FRESH_SECONDS = 2.0
LARGEST_SHARE = 8
TURNS = 64

_WAFERS = ", ".join(name for name, _ in WAFER_COLUMNS)
_MEASURES = ", ".join(("key", "sequence", "dies_hash", *(name for name, _ in MEASURE_COLUMNS)))
_OWN_MEASURES = _MEASURES.replace("sequence", "segmentation_sequence AS sequence", 1)
_POSITIONS = ", ".join(f"'{name}'" for name in POSITIONS)
_JOINED = f"""
    SELECT w.*, {", ".join(f"m.{name}" for name, _ in MEASURE_COLUMNS)}, m.sequence AS segmentation_sequence,
           hash(product, test_program,
                list_filter(map_entries(attributes), lambda entry: entry.key NOT IN ({_POSITIONS}))) AS history
    FROM {{wafers}} AS w LEFT JOIN {{measures}} AS m ON m.key = w.key AND m.dies_hash = w.dies_hash
"""
_START = (
    f"CREATE TABLE waiting AS SELECT {_MEASURES} FROM no_segmentations",
    f"CREATE TABLE wafers AS {_JOINED.format(wafers=f'(SELECT {_WAFERS} FROM no_wafers)', measures='waiting')}",
    """CREATE VIEW measures AS SELECT sequence FROM waiting UNION ALL
       SELECT segmentation_sequence FROM wafers WHERE segmentation_sequence IS NOT NULL""",
    "CREATE TABLE other_tests AS FROM wafers LIMIT 0",
)
"""In memory: `wafers`, newest by key, with the newest measures where these were made of the present grid; `waiting`,
newest measures that were not. Each row stands once: a million take half a gigabyte. `history` is one number for all
wafers of one product and program that the same was done to."""

_ARRIVE = (
    """
    CREATE OR REPLACE TEMP TABLE arrived_{name} AS SELECT {columns} FROM ({source}) AS a
    SEMI JOIN (SELECT key, max(sequence) AS sequence FROM ({source}) GROUP BY key) AS n
        ON n.key = a.key AND n.sequence = a.sequence
    """,
    "DELETE FROM arrived_{name} WHERE rowid NOT IN (SELECT max(rowid) FROM arrived_{name} GROUP BY key)",
)
"""Newest rows out of new parts, one a key. A window function would say it in one go, at four times the time."""

_NEWEST = """
    SELECT * FROM ({rows}) AS r SEMI JOIN (SELECT key, max(sequence) AS sequence FROM ({rows}) GROUP BY key) AS n
        ON n.key = r.key AND n.sequence = r.sequence
"""
_AFFECTED = """key IN (SELECT key FROM arrived_wafers UNION ALL SELECT key FROM arrived_segmentations
    UNION ALL SELECT key FROM arrived_beside)"""
_ALL_WAFERS = f"""
    SELECT {_WAFERS} FROM arrived_wafers AS a
    ANTI JOIN wafers AS w ON w.key = a.key AND w.sequence >= a.sequence
    UNION ALL SELECT {_WAFERS} FROM wafers WHERE {_AFFECTED}
"""
_ALL_MEASURES = f"""
    SELECT {_MEASURES} FROM arrived_segmentations AS a
    ANTI JOIN ({{held}}) AS h ON h.key = a.key AND h.sequence >= a.sequence
    UNION ALL {{held}}
""".format(
    held=f"""SELECT {_OWN_MEASURES} FROM wafers WHERE segmentation_sequence IS NOT NULL AND {_AFFECTED}
    UNION ALL SELECT {_MEASURES} FROM waiting WHERE {_AFFECTED}"""
)
_FIRST = (
    "ALTER TABLE arrived_wafers RENAME TO newest_wafers",
    "ALTER TABLE arrived_segmentations RENAME TO newest_measures",
)
_MERGE = (
    f"CREATE OR REPLACE TEMP TABLE newest_wafers AS {_NEWEST.format(rows=_ALL_WAFERS)}",
    f"CREATE OR REPLACE TEMP TABLE newest_measures AS {_NEWEST.format(rows=_ALL_MEASURES)}",
)
_CLEAR = (
    f"DELETE FROM wafers WHERE {_AFFECTED}",
    f"DELETE FROM waiting WHERE {_AFFECTED}",
)
_FILL = (
    f"INSERT INTO wafers {_JOINED.format(wafers='newest_wafers', measures='newest_measures')}",
    """INSERT INTO waiting FROM newest_measures AS m
       ANTI JOIN newest_wafers AS w ON w.key = m.key AND w.dies_hash = m.dies_hash""",
)
_DROP = tuple(
    f"DROP TABLE IF EXISTS {name}"
    for name in ("arrived_wafers", "arrived_segmentations", "newest_wafers", "newest_measures")
)

_NAME_VERSION = f"""
    UPDATE arrived_segmentations SET severity_version = {FIRST_SEVERITY} WHERE severity_version IS NULL
"""
_ZONES_UNKNOWN = f"{ZONE_COLUMNS[0][0]} IS NULL"
_ZONE_SUMS = ", ".join(
    f"sum(i.die_count) FILTER ('zone_' || i.zone || '_' || i.class_key = '{name}') AS {name}"
    for name, _ in ZONE_COLUMNS
)
_ADD_ZONES = f"""
    UPDATE arrived_segmentations SET {", ".join(f"{name} = coalesce(z.{name}, 0)" for name, _ in ZONE_COLUMNS)}
    FROM (SELECT a.key, {_ZONE_SUMS} FROM arrived_segmentations AS a LEFT JOIN ({{source}}) AS i USING (key, sequence)
          WHERE a.{_ZONES_UNKNOWN} GROUP BY a.key) AS z
    WHERE z.key = arrived_segmentations.key
"""
"""What parts that were written before the sums by zone were kept say of them, counted from their clusters."""

_EARLIER = {
    "earlier_segmentations": """
    CREATE OR REPLACE VIEW earlier_segmentations AS SELECT r.* EXCLUDE (replaced)
    FROM (FROM ({segmentations} UNION ALL BY NAME {earlier_segmentations})
          QUALIFY row_number() OVER (PARTITION BY key, model, dies_hash ORDER BY sequence DESC) = 1) AS r
    ANTI JOIN wafers AS w ON w.key = r.key AND w.segmentation_sequence = r.sequence
    """,
    "earlier_instances": f"""
    CREATE OR REPLACE VIEW earlier_instances AS
    SELECT {", ".join(f"r.{name}" for name, _ in TABLES["instances"].columns)}, s.model, s.dies_hash
    FROM (FROM ({{instances}} UNION ALL BY NAME {{earlier_instances}})
          QUALIFY row_number() OVER (PARTITION BY key, sequence, number ORDER BY sequence) = 1) AS r
    JOIN earlier_segmentations AS s ON s.key = r.key AND s.sequence = r.sequence
    """,
}
"""Of each model and grid the newest answer that is not the one shown, whether or not a merge has taken it out; a merge
that died half-way leaves rows twice."""


_LOADED = ("wafers", "segmentations", "earlier_segmentations")
"""Tables whose new parts change what is in memory."""

_TEST_VIEWS = {"wafers": "test_rows", "dies": "test_dies"}
"""Views of all rows, those of tests included that are not shown."""


class LakeView:
    """Answers SQL over the lake's tables, newest rows only; any number of threads may share one.

    Args:
        parts: the lake's files.
        remember: bytes of answers that are kept until the lake changes, for those who ask the same: people who look at
            the same page, and one who comes back to it. An answer of over an eighth of that is not kept.
    """

    def __init__(self, parts: Parts, remember: int) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._database = parts.database()
        self._known: Listing = {}
        self._sources: Mapping[str, str] = {}
        self._several_steps = False
        self._losses = Losses()
        self._looked_at = -REMOTE_FRESH_SECONDS
        self._remember = remember
        self._answers: OrderedDict[tuple[str, bytes, Sight], pa.Table] = OrderedDict()
        self._turns = [threading.Lock() for _ in range(TURNS)]
        for statement in _START:
            self._database.execute(statement)

    def rows(self, sql: str, parameters: Sequence[object] = (), sight: Sight = EVERYTHING) -> pa.Table:
        """Run a query.

        Args:
            sql: over the views that `core.lake.Lake.query` names.
            parameters: one a question mark.
            sight: what of the lake is seen.

        Raises:
            LakeError: the lake cannot be read, or the query is wrong.
        """

        def fetch(anew: bool) -> pa.Table:
            question = sql, pickle.dumps(list(parameters)), sight
            # Who asks what another thread is just asking waits for that answer.
            with self._turns[hash(question) % TURNS], closing(self._cursor(sight, anew=anew)) as cursor:
                held, known = self._answers, self._answers.get(question)
                if known is not None:
                    return known
                answer = cursor.sql(sql, params=list(parameters)).to_arrow_table()
            with self._lock:
                if answer.nbytes <= self._remember / LARGEST_SHARE and held is self._answers:
                    held[question] = answer
                    while sum(one.nbytes for one in held.values()) > self._remember:
                        held.popitem(last=False)
            return answer

        return self._parts.read(fetch)

    def forget_listing(self) -> None:
        """Look at the storage again on the next query, even when it was looked at just now."""
        self._looked_at = -REMOTE_FRESH_SECONDS

    @property
    def damage(self) -> LakeDamage:
        """What was left out, as far as it was met."""
        return LakeDamage(self._parts.damaged, self._losses)

    def _cursor(self, sight: Sight, *, anew: bool) -> duckdb.DuckDBPyConnection:
        with self._lock:
            remote = self._parts.folder.local is None
            if anew or not remote or time.monotonic() - self._looked_at > REMOTE_FRESH_SECONDS:
                self._refresh()
                self._looked_at = time.monotonic()
            cursor = self._database.cursor()
            if by_step := bool(sight.step) and self._several_steps:
                other_tests.choose_step(cursor, sight.step, sight.products, self._sources)
            if sight.products is not None:
                narrow(cursor, sight.products, step=by_step)
            return cursor

    def _refresh(self) -> None:
        listing = self._parts.listing()
        if listing == self._known:
            return
        with closing(self._database.cursor()) as cursor:
            cursor.execute("BEGIN")
            new = {name: listing[name] - self._known.get(name, frozenset()) for name in _LOADED}
            all_rows = {name: self._parts.source(name, names) for name, names in listing.items()}
            if any(new.values()):
                sources = {name: self._parts.source(name, names) for name, names in new.items()}
                self._load(cursor, sources, all_rows)
            losses = self._still_lost(cursor, listing, all_rows)
            for table in TABLES.values():
                if table.parent == "wafers":
                    cursor.execute(f"CREATE OR REPLACE VIEW {_TEST_VIEWS[table.name]} AS {all_rows[table.name]}")
                if table.name in _EARLIER:
                    cursor.execute(_EARLIER[table.name].format_map(all_rows))
                elif table.name != "wafers":
                    cursor.execute(_view(table, all_rows[table.name]))
            cursor.execute("COMMIT")
        self._known, self._sources, self._losses, self._answers = listing, all_rows, losses, OrderedDict()

    def _still_lost(self, cursor: duckdb.DuckDBPyConnection, listing: Listing, sources: Mapping[str, str]) -> Losses:
        """What has no whole row now: of what was lost before, and of what goes where children have vanished."""
        came_back = "SELECT key FROM wafers WHERE key IN (SELECT unnest(?))"
        there = {key for (key,) in cursor.execute(came_back, [list(self._losses.wafers)]).fetchall()}
        whole = f"{came_back} AND segmentation_sequence IS NOT NULL"
        segmented = {key for (key,) in cursor.execute(whole, [list(self._losses.results)]).fetchall()}
        before = Losses(self._losses.wafers - there, self._losses.results - segmented)
        vanished = any(self._known.get(name, frozenset()) - listing[name] for name in CHILDREN)
        if self._known and not vanished:
            return before
        counts = {name: self._parts.count(name, listing[name]) for name in CHILDREN}
        if not any(damage.table != "wafers" for damage in self._parts.damaged) and is_complete(cursor, counts):
            return before
        other_tests.leave_out_incomplete(cursor, sources)
        lost = leave_out_incomplete(cursor, sources)
        return Losses(before.wafers | lost.wafers, before.results | lost.results)

    def _load(self, cursor: duckdb.DuckDBPyConnection, sources: Mapping[str, str], all_rows: Mapping[str, str]) -> None:
        """Take new rows in; the first time there is nothing to weigh them against."""
        for name, columns in (("wafers", _WAFERS), ("segmentations", _MEASURES)):
            for statement in _ARRIVE:
                cursor.execute(statement.format(name=name, columns=columns, source=sources[name]))
        if cursor.execute(f"SELECT 1 FROM arrived_segmentations WHERE {_ZONES_UNKNOWN} LIMIT 1").fetchall():
            cursor.execute(_ADD_ZONES.format(source=all_rows["instances"]))
        cursor.execute(_NAME_VERSION)
        other_tests.arrive(cursor, sources)
        for statement in _MERGE if self._known else _FIRST:
            cursor.execute(statement)
        other_tests.merge(cursor, _AFFECTED, first=not self._known)
        for statement in (*(_CLEAR if self._known else ()), *_FILL):
            cursor.execute(statement)
        self._several_steps = other_tests.fill(cursor, _JOINED, all_rows)
        for statement in _DROP:
            cursor.execute(statement)


def _view(table: LakeTable, source: str) -> str:
    """SQL of the view of a table whose rows stay in the parts: those of the newest parent, or the newest themselves."""
    if table.parent == table.name != "segmentations":
        newest = f"QUALIFY row_number() OVER (PARTITION BY {', '.join(table.keys)} ORDER BY sequence DESC) = 1"
        return f"CREATE OR REPLACE VIEW {table.name} AS FROM ({source}) {newest}"
    sequence = "sequence" if table.parent == "wafers" else "segmentation_sequence"
    joined = f"SEMI JOIN wafers AS w ON w.key = r.key AND w.{sequence} = r.sequence"
    return f"CREATE OR REPLACE VIEW {table.name} AS SELECT r.* FROM ({source}) AS r {joined}"
