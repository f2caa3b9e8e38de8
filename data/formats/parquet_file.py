"""Parquet die tables: the columns of a CSV die table, metadata in columns or in the file's own key-value pairs.

Columns that hold lists or structures say nothing of a die and are left unread.
"""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from data.errors import FormatError
from data.formats.columns import known_columns
from data.formats.die_table import ROW_BYTES, kept_columns, read_die_table
from data.formats.options import MIB, ReadFailure, ReadOptions
from data.formats.source import Source
from data.wafer import WaferMap

MAX_TEXT_BYTES = 256 * MIB
_VALUE_BYTES = {"INT64": 8, "DOUBLE": 8, "INT96": 12, "BOOLEAN": 1}  # others take four; text is read as codes


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafers of a Parquet die table.

    Args:
        source: the file.
        options: how to read it.

    Raises:
        FormatError: too many rows, more than memory should hold, columns missing, a cell that is no number.
    """
    max_bytes = options.max_table_bytes
    source.stream.seek(0)
    names = [field.name for field in pq.read_schema(source.stream) if not pa.types.is_nested(field.type)]
    if columns := known_columns(names):
        names = kept_columns(names, list(dict.fromkeys(columns.used())))
    source.stream.seek(0)
    with pq.ParquetFile(source.stream, read_dictionary=names) as file:
        groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
        rows = sum(group.num_rows for group in groups)
        if rows > options.max_table_rows:
            raise FormatError(
                source.name, f"the table has {rows} rows, the limit is {options.max_table_rows}", "Split it."
            )
        if (unpacked := rows * _row_bytes(file.schema, names)) > max_bytes:
            size, limit = unpacked // MIB, max_bytes // MIB
            raise FormatError(
                source.name, f"its columns take {size} MiB once read, the limit is {limit} MiB", "Split it."
            )
        table = _read_groups(file, names, source.name, max_bytes)
    pairs = {
        key.decode("utf-8", "replace"): text.decode("utf-8", "replace")
        for key, text in (table.schema.metadata or {}).items()
    }
    yield from read_die_table(table, pairs, source, options, lambda row: f"row {row + 1}")


def _read_groups(file: pq.ParquetFile, names: Sequence[str], where: str, max_bytes: int) -> pa.Table:
    """Read a table group by group, as long as memory should hold it: a text of megabytes may be few bytes of a file.

    Raises:
        FormatError: it takes more.
    """
    groups, size, texts = [], 0, 0
    for i in range(file.metadata.num_row_groups):
        groups.append(file.read_row_group(i, columns=names, use_threads=False))
        size += groups[-1].nbytes
        texts += sum(_text_bytes(column) for column in groups[-1].columns)
        for found, most, what in ((size, max_bytes, "columns"), (texts, MAX_TEXT_BYTES, "different texts")):
            if found > most:
                raise FormatError(where, f"its {what} take more than {most // MIB} MiB once read", "Split it.")
    return pa.concat_tables(groups) if groups else file.schema_arrow.empty_table()


def _text_bytes(column: pa.ChunkedArray) -> int:
    """Bytes of the different cells of a column of text, which reading holds several times over."""
    if not pa.types.is_dictionary(column.type):
        return 0
    return sum(int(chunk.dictionary.nbytes) for chunk in column.chunks)


def _row_bytes(schema: pq.ParquetSchema, names: Sequence[str]) -> int:
    """Bytes that a row of these columns takes once read: runs of one value, millions long, are few bytes of a file.

    The schema is asked, not the row groups' columns: pyarrow ends the process over one whose statistics are damaged.
    """
    columns = (schema.column(i) for i in range(len(schema)))
    return ROW_BYTES + sum(_VALUE_BYTES.get(column.physical_type, 4) for column in columns if column.path in names)
