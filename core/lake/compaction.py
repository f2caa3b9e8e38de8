"""Merging a lake's many small parts into few large ones, while others read and append.

What a merge takes out of `segmentations` and `instances` it keeps apart as an earlier answer, the newest of each model
and grid, for as long as the setting `keep_results_days` says.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import duckdb

from core.lake.parts import MERGED, ROW_GROUP, SUFFIX, Listing, Parts, parquet_writer
from core.lake.schema import ANSWER_COLUMNS, TABLES, LakeTable

TARGET_BYTES = 128 * 2**20
LEAST_PARTS = 2
SETTLED_SECONDS = 3600.0
LOCK = "merging.lock"
WORN_SHARE = 0.5  # of a large part's rows were kept long enough: then it is written anew without them
DAY_SECONDS = 24 * 3600

_NEWEST = """
    CREATE TEMP TABLE newest AS SELECT {keys}, max(sequence) AS newest FROM ({parents})
    WHERE sequence <= ? GROUP BY {keys}
"""
_GONE = """
    CREATE TEMP TABLE gone AS SELECT DISTINCT r.key, r.sequence FROM ({rows}) AS r
    JOIN newest AS n ON n.key = r.key AND r.sequence < n.newest
"""
_KEPT = """
    CREATE TEMP TABLE kept AS
    WITH said AS (
        SELECT key, sequence, any_value(model) AS model, any_value(dies_hash) AS dies_hash, min(replaced) AS replaced
        FROM (SELECT key, sequence, model, dies_hash, NULL::BIGINT AS replaced FROM ({segmentations})
              UNION ALL SELECT key, sequence, model, dies_hash, replaced FROM ({earlier_segmentations}))
        SEMI JOIN gone USING (key) GROUP BY key, sequence
    ), ranked AS (
        SELECT key, sequence, model, dies_hash,
               coalesce(replaced, lead(sequence) OVER (PARTITION BY key ORDER BY sequence)) AS replaced,
               row_number() OVER (PARTITION BY key, model, dies_hash ORDER BY sequence DESC) AS place
        FROM said
    )
    SELECT key, sequence, model, dies_hash, replaced FROM ranked SEMI JOIN gone USING (key, sequence)
    WHERE place = 1 AND replaced > ?
"""
"""Of what goes, the newest answer of each model and grid, if it was replaced lately enough."""


@dataclass(frozen=True)
class _Rules:
    """What a merge goes by.

    Args:
        least: groups of fewer parts are left alone.
        cutoff: rows replaced at this sequence or before may be taken out.
        keep_since: earlier answers replaced at this sequence or before are dropped.
        target_bytes: about the size of a merged part.
    """

    least: int
    cutoff: int
    keep_since: int
    target_bytes: int


def compact(
    parts: Parts,
    *,
    least: int = LEAST_PARTS,
    settled_seconds: float = SETTLED_SECONDS,
    keep_days: int = 0,
    target_bytes: int = TARGET_BYTES,
) -> int:
    """Merge small parts, and take out rows that newer ones have replaced.

    No row that counts is lost, whoever appends or reads meanwhile: the merged part stands, safe from power loss, before
    its inputs go, only inputs read to their end go, and a row is dropped only for a newer one of its key that is there.
    Where a merge dies half-way, readers leave out the inputs that the merged part names, and the next merge removes
    them. One merge runs at a time; on an object store, where nothing can see to that, two at once may leave clusters
    twice until the next one.

    Args:
        parts: the lake's files.
        least: tables with fewer small parts are left alone.
        settled_seconds: a row replaced less than this ago stays, for readers under way may still look for it.
        keep_days: for how long after they were replaced the answers of other models and on other grids are kept; 0 for
            ever.
        target_bytes: parts of this size are merged with no other.

    Returns:
        How many parts were merged away; 0 where another merge is under way.
    """
    now = time.time_ns()
    rules = _Rules(
        least,
        cutoff=now - int(settled_seconds * 1e9),
        keep_since=now - keep_days * DAY_SECONDS * 10**9 if keep_days else 0,
        target_bytes=target_bytes,
    )
    merged = 0
    with parts.folder.claimed(LOCK) as mine:
        for table in TABLES.values() if mine else ():
            merged += parts.read(partial(_compact_table, parts, table, rules))
            parts.folder.sweep(table.name)
    return merged


def _compact_table(parts: Parts, table: LakeTable, rules: _Rules, _: bool) -> int:
    parts.remove_replaced(table.name)
    listing = parts.listing()
    groups = list(_groups(parts, table, listing, rules.target_bytes))
    small = {name for group in groups for name in group}
    merged = 0
    for group in groups:
        if len(group) >= rules.least or _expired_share(parts, table, group, rules) > 0:
            _merge(parts, table, group, listing, rules)
            parts.remove_replaced(table.name)
            merged += len(group)
    for name in sorted(listing[table.name] - small):
        if _expired_share(parts, table, [name], rules) >= WORN_SHARE:
            _merge(parts, table, [name], listing, rules)
            parts.remove_replaced(table.name)
    return merged


def _expired_share(parts: Parts, table: LakeTable, names: Sequence[str], rules: _Rules) -> float:
    """Share of the rows of parts that are earlier answers and were kept long enough."""
    if not rules.keep_since or "replaced" not in table.schema.names:
        return 0.0
    with closing(parts.database()) as database:
        sql = f"SELECT coalesce(avg((replaced <= ?)::INT), 0) FROM ({parts.source(table.name, names)})"
        return float(database.execute(sql, [rules.keep_since]).fetchall()[0][0])


def _groups(parts: Parts, table: LakeTable, listing: Listing, target_bytes: int) -> Iterator[list[str]]:
    """Cut the small parts, oldest first, into groups that make one part of about the target size."""
    group: list[str] = []
    total = 0
    for name in sorted(listing[table.name]):
        size = parts.folder.size(f"{table.name}/{name}")
        if size >= target_bytes:
            continue
        if group and total + size > target_bytes:
            yield group
            group, total = [], 0
        group.append(name)
        total += size
    if group:
        yield group


def _merge(parts: Parts, table: LakeTable, group: Sequence[str], listing: Listing, rules: _Rules) -> None:
    keys = ", ".join(table.keys)
    rows = parts.source(table.name, group)
    same = " AND ".join(f"n.{key} IS NOT DISTINCT FROM r.{key}" for key in table.keys)
    still = f"WHERE r.replaced > {rules.keep_since}" if "replaced" in table.schema.names else ""
    sql = f"""
        SELECT {", ".join(f"r.{name}" for name, _ in table.columns)} FROM ({rows}) AS r
        ANTI JOIN newest AS n ON {same} AND r.sequence < n.newest {still} {_once(table)}
        ORDER BY {", ".join(f"r.{name}" for name in table.order)}
    """
    with closing(parts.database()) as database:
        parents = parts.source(table.parent, listing[table.parent])
        database.execute(_NEWEST.format(keys=keys, parents=parents), [rules.cutoff])
        if table.earlier:
            _keep_apart(parts, database, table, rows, listing, rules)
        _write(parts, table, database.sql(sql), group)


def _keep_apart(
    parts: Parts, database: duckdb.DuckDBPyConnection, table: LakeTable, rows: str, listing: Listing, rules: _Rules
) -> None:
    """Write the rows that a merge is about to take out, as far as they are kept, to their table of earlier answers.

    They stand there before they go here; where the merge dies between, they stand twice, and readers count them once.
    """
    database.execute(_GONE.format(rows=rows))
    answers = {name: parts.source(name, listing[name]) for name in ("segmentations", "earlier_segmentations")}
    database.execute(_KEPT.format_map(answers), [rules.keep_since])
    if not database.execute("FROM kept LIMIT 1").fetchall():
        return
    earlier, of_answer = TABLES[table.earlier], {name for name, _ in ANSWER_COLUMNS}
    sql = f"""
        SELECT {", ".join(f"{'k' if name in of_answer else 'r'}.{name}" for name, _ in earlier.columns)}
        FROM ({rows}) AS r JOIN kept AS k ON k.key = r.key AND k.sequence = r.sequence {_once(table)}
        ORDER BY {", ".join(f"r.{name}" for name in earlier.order)}
    """
    _write(parts, earlier, database.sql(sql))


def _once(table: LakeTable) -> str:
    """SQL that leaves one of the equal rows that merges which died have left."""
    same = ", ".join(f"r.{name}" for name in (*table.keys, "sequence", table.member) if name)
    return f"QUALIFY row_number() OVER (PARTITION BY {same}) = 1"


def _write(parts: Parts, table: LakeTable, rows: duckdb.DuckDBPyRelation, inputs: Sequence[str] = ()) -> None:
    suffix = MERGED if inputs else SUFFIX
    with parts.new_part(table, suffix) as path, parquet_writer(path, table.schema, inputs) as writer:
        for batch in rows.to_arrow_reader(ROW_GROUP):
            writer.write_batch(batch.cast(table.schema))
