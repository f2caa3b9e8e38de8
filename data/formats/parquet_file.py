"""Parquet die tables: the columns of a CSV die table, metadata in columns or in the file's own key-value pairs."""

from collections.abc import Iterator

import pyarrow.parquet as pq

from data.errors import FormatError
from data.formats.die_table import read_die_table
from data.formats.options import ReadFailure, ReadOptions
from data.formats.source import Source
from data.wafer import WaferMap


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafers of a Parquet die table.

    Raises:
        FormatError: too many rows, columns missing, a cell that is no number.
    """
    source.stream.seek(0)
    names = pq.read_schema(source.stream).names
    source.stream.seek(0)
    with pq.ParquetFile(source.stream, read_dictionary=names) as file:
        rows = file.metadata.num_rows
        if rows > options.max_table_rows:
            raise FormatError(
                source.name, f"the table has {rows} rows, the limit is {options.max_table_rows}", "Split it."
            )
        table = file.read(use_threads=False)
    pairs = {
        key.decode("utf-8", "replace"): text.decode("utf-8", "replace")
        for key, text in (table.schema.metadata or {}).items()
    }
    yield from read_die_table(table, pairs, source, options, lambda row: f"row {row + 1}")
