"""Merging a lake's many small parts into few large ones, while others read and append."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial

from core.lake.parts import MERGED, ROW_GROUP, Listing, Parts, new_name, parquet_writer
from core.lake.schema import TABLES, Table

TARGET_BYTES = 128 * 2**20
LEAST_PARTS = 2
SETTLED_SECONDS = 3600.0
LOCK = "merging.lock"


def compact(parts: Parts, *, least: int = LEAST_PARTS, settled_seconds: float = SETTLED_SECONDS) -> int:
    """Merge small parts, and drop rows that newer ones have replaced.

    No row that counts is lost, whoever appends or reads meanwhile: the merged part stands, safe from power loss, before
    its inputs go, only inputs read to their end go, and a row is dropped only for a newer one of its key that is there.
    Where a merge dies half-way, readers leave out the inputs that the merged part names, and the next merge removes
    them. One merge runs at a time; on an object store, where nothing can see to that, two at once may leave clusters
    twice until the next one.

    Args:
        parts: the lake's files.
        least: tables with fewer small parts are left alone.
        settled_seconds: a row replaced less than this ago is kept, for readers under way may still look for it.

    Returns:
        How many parts were merged away; 0 where another merge is under way.
    """
    cutoff = time.time_ns() - int(settled_seconds * 1e9)
    merged = 0
    with parts.folder.claimed(LOCK) as mine:
        for table in TABLES.values() if mine else ():
            merged += parts.read(partial(_compact_table, parts, table, least, cutoff))
            parts.folder.sweep(table.name)
    return merged


def _compact_table(parts: Parts, table: Table, least: int, cutoff: int, _: bool) -> int:
    parts.remove_replaced(table.name)
    listing = parts.listing()
    merged = 0
    for group in _groups(parts, table, listing):
        if len(group) >= least:
            _merge(parts, table, group, listing, cutoff)
            parts.remove_replaced(table.name)
            merged += len(group)
    return merged


def _groups(parts: Parts, table: Table, listing: Listing) -> Iterator[list[str]]:
    """Cut the small parts, oldest first, into groups that make one part of about the target size."""
    group: list[str] = []
    total = 0
    for name in sorted(listing[table.name]):
        size = parts.folder.size(f"{table.name}/{name}")
        if size >= TARGET_BYTES:
            continue
        if group and total + size > TARGET_BYTES:
            yield group
            group, total = [], 0
        group.append(name)
        total += size
    if group:
        yield group


def _merge(parts: Parts, table: Table, group: Sequence[str], listing: Listing, cutoff: int) -> None:
    keys = ", ".join(table.keys)
    same = " AND ".join(f"n.{key} = r.{key}" for key in table.keys)
    once = ", ".join(f"r.{name}" for name in (*table.keys, "sequence", table.member) if name)
    sql = f"""
        SELECT {", ".join(f"r.{name}" for name, _ in table.columns)}
        FROM (FROM empty UNION ALL BY NAME FROM read_parquet(?, union_by_name = true)) AS r
        ANTI JOIN (SELECT {keys}, max(sequence) AS newest FROM read_parquet(?, union_by_name = true)
                   WHERE sequence <= ? GROUP BY {keys}) AS n ON {same} AND r.sequence < n.newest
        QUALIFY row_number() OVER (PARTITION BY {once}) = 1
        ORDER BY {", ".join(f"r.{name}" for name in table.order)}
    """
    inputs = [parts.addresses(table.name, group), parts.addresses(table.parent, listing[table.parent]), cutoff]
    with closing(parts.database()) as database, parts.folder.new_file(f"{table.name}/{new_name(MERGED)}") as path:
        database.register("empty", table.schema.empty_table())  # knows columns that older parts lack
        rows = database.sql(sql, params=inputs).to_arrow_reader(ROW_GROUP)
        with parquet_writer(path, table.schema, group) as writer:
            for batch in rows:
                writer.write_batch(batch.cast(table.schema))
