"""A large lake out of a small one: lots once more under other names and times, written table by table by DuckDB."""

from collections.abc import Iterator
from contextlib import closing

import duckdb

from core.lake.parts import ROW_GROUP, Parts, parquet_writer
from core.lake.schema import TABLES

ROWS_A_PART = 100_000
COPIED = ("dies", "instances", "segmentations", "wafers")
"""In this order what a reader finds through a wafer or its result is there before it."""
MARK = "."
MINUTES_A_DAY = 1440

_BASE = f"""
    CREATE TABLE base_{{table}} AS
    SELECT * FROM (FROM empty UNION ALL BY NAME FROM read_parquet(?, union_by_name = true))
    WHERE NOT contains(key, '{MARK}') QUALIFY sequence = max(sequence) OVER (PARTITION BY key)
"""
_NUMBER = f"'{MARK}' || lpad(copy::VARCHAR, 4, '0')"
_KEY = f"replace(key, ':', {_NUMBER} || ':') AS key"
# Earlier on the same day, so that the newest day and what happened in which week stay as they are.
_EARLIER = f"tested_at - INTERVAL 1 MINUTE * (copy * 37 % {MINUTES_A_DAY}) AS tested_at"
_WAFER = f"{_KEY}, lot_id || {_NUMBER} AS lot_id, fingerprint + copy AS fingerprint, {_EARLIER}"
_COPIES = """
    SELECT {columns} FROM (
        SELECT * REPLACE ({replaced}) FROM base_{table}, (SELECT unnest(range(?, ?)) AS copy)
    ) WHERE key NOT IN (FROM surplus) ORDER BY {order}
"""
_SURPLUS = f"""
    INSERT INTO surplus SELECT {_KEY} FROM base_wafers, (SELECT ? AS copy) ORDER BY base_wafers.key DESC LIMIT ?
"""
"""Keys of the last copy that are too many."""


def multiply(parts: Parts, wafers: int, *, rows_a_part: int = ROWS_A_PART) -> Iterator[int]:
    """Write copies of every lot until the lake holds a number of wafers; an interrupted run is taken up where it was.

    A copy has its lot's wafers, dies, results and clusters under the lot's name with a number behind it, tested some
    minutes to hours earlier on the same day. Vectors of embeddings are not copied.

    Args:
        parts: the lake's files; lots without a point in their names are copied.
        wafers: how many there shall be in the end, more than there are.
        rows_a_part: wafers that are written at once; a lot's copies are never parted.

    Yields:
        How many wafers there are after each part.
    """
    with closing(parts.database()) as database:
        listing = parts.listing()
        for name in COPIED:
            database.register("empty", TABLES[name].schema.empty_table())
            database.execute(_BASE.format(table=name), [parts.addresses(name, listing[name])])
        database.execute("CREATE TABLE surplus (key VARCHAR)")
        base = _number(database, "SELECT count(*) FROM base_wafers")
        copies = -(-wafers // base)  # the base itself is number 0
        first = _number(
            database,
            f"SELECT coalesce(max(split_part(lot_id, '{MARK}', 2)::INT), 0) + 1 FROM read_parquet(?) "
            f"WHERE contains(lot_id, '{MARK}')",
            [parts.addresses("wafers", listing["wafers"])],
        )
        step = max(1, rows_a_part // base)
        for start in range(first, copies, step):
            end = min(start + step, copies)
            if end == copies:
                database.execute(_SURPLUS, [copies - 1, copies * base - wafers])
            for name in COPIED:
                _write(parts, database, name, start, end)
            yield min(end * base, wafers)


def _write(parts: Parts, database: duckdb.DuckDBPyConnection, name: str, start: int, end: int) -> None:
    table = TABLES[name]
    sql = _COPIES.format(
        columns=", ".join(column for column, _ in table.columns),
        replaced=_WAFER if name == "wafers" else _KEY,
        table=name,
        order=", ".join(table.order),
    )
    rows = database.sql(sql, params=[start, end]).to_arrow_reader(ROW_GROUP)
    with (
        parts.new_part(table) as path,
        parquet_writer(path, table.schema) as writer,
    ):
        for batch in rows:
            writer.write_batch(batch.cast(table.schema))


def _number(database: duckdb.DuckDBPyConnection, sql: str, parameters: list[object] | None = None) -> int:
    return int(database.execute(sql, parameters or []).fetchall()[0][0])
