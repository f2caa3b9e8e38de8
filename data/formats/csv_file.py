"""CSV die tables: header lines with metadata, then column names, then one line a die.

    # lot: L123
    # pitch: 7.5 x 8.2 mm
    x,y,bin
    12,3,1

Commas, semicolons, tabs and bars part the cells; the encoding is UTF-8, UTF-16 with its mark, or Latin-1.
"""

import csv
from collections.abc import Iterator

import pyarrow as pa
from pyarrow import csv as arrow_csv

from data.errors import FormatError
from data.formats.columns import find_columns
from data.formats.die_table import read_die_table
from data.formats.metadata import ATTRIBUTE
from data.formats.options import MIB, ReadFailure, ReadOptions
from data.formats.source import Source
from data.formats.text import as_utf8, head_lines, header_pairs, is_text, split_lines
from data.wafer import WaferMap

MAX_TABLE_BYTES = 512 * MIB
SUFFIXES = (".csv", ".tsv", ".txt", ".dat")
_SEPARATORS = ",;\t|"
_MAX_HEADER_LINES = 200
_HEADER_BYTES = 2**18


def recognises(source: Source) -> bool:
    """Tell whether a file is text that is called a table or names a table's columns."""
    if not is_text(source.head):
        return False
    if source.suffix in SUFFIXES:
        return True
    try:
        _find_names(head_lines(source)[:_MAX_HEADER_LINES], source.name)
    except FormatError:
        return False
    return True


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafers of a CSV die table.

    Raises:
        FormatError: the table is too large, no line names the columns, a line has too few or too many cells, a cell is
            no number.
    """
    if source.size > MAX_TABLE_BYTES:
        size, limit = source.size // MIB, MAX_TABLE_BYTES // MIB
        raise FormatError(source.name, f"the table has {size} MiB, the limit is {limit} MiB", "Save it as Parquet.")
    content = as_utf8(source.content())
    head = split_lines(content[:_HEADER_BYTES])[:_MAX_HEADER_LINES]
    line, names, separator = _find_names(head, source.name)
    pairs = header_pairs(head[:line])
    table = _table(content, line, names, separator, source.name)
    yield from read_die_table(table, pairs, source, options, lambda row: f"line {line + 2 + row}")


def _find_names(head: list[str], where: str) -> tuple[int, list[str], str]:
    """Find the line that names the columns: the first in which x, y and a bin are recognised."""
    refusal: FormatError | None = None
    for number, line in enumerate(head):
        for separator in sorted(_SEPARATORS, key=line.count, reverse=True):
            names = next(csv.reader([line.lstrip("#")], delimiter=separator), [])
            names = [name if name.startswith(ATTRIBUTE) else name.strip() for name in names]
            try:
                find_columns(names, f"{where} line {number + 1}")
            except FormatError as error:
                refusal = refusal if refusal or line.startswith("#") or not line.strip() else error
            else:
                return number, _distinct(names), separator
    raise refusal or FormatError(where, "expected a line that names the columns x, y and bin, found none", "Add one.")


def _distinct(names: list[str]) -> list[str]:
    """Name columns that share a name, or have none, apart."""
    return [name if name and name not in names[:i] else f"{name}#{i + 1}" for i, name in enumerate(names)]


def _table(content: bytes, line: int, names: list[str], separator: str, where: str) -> pa.Table:
    try:
        return _parsed(content, line, names, separator, threads=True)
    except pa.ArrowInvalid:
        wrong: list[arrow_csv.InvalidRow] = []  # read again by one thread, which alone numbers its rows
        try:
            return _parsed(content, line, names, separator, threads=False, wrong=wrong)
        except pa.ArrowInvalid as error:
            if not wrong:
                raise
            raise FormatError(
                f"{where} line {wrong[0].number}",
                f"expected {wrong[0].expected_columns} cells, found {wrong[0].actual_columns}: {wrong[0].text[:80]!r}",
                "Correct the line.",
            ) from error


def _parsed(
    content: bytes, line: int, names: list[str], separator: str, *, threads: bool,
    wrong: list[arrow_csv.InvalidRow] | None = None,
) -> pa.Table:  # fmt: skip
    def note(row: arrow_csv.InvalidRow) -> str:
        if wrong is not None:
            wrong.append(row)
        return "error"

    return arrow_csv.read_csv(
        pa.BufferReader(content),
        read_options=arrow_csv.ReadOptions(skip_rows=line + 1, column_names=names, use_threads=threads),
        parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=note),
        convert_options=arrow_csv.ConvertOptions(
            column_types={name: pa.dictionary(pa.int32(), pa.string()) for name in names}, strings_can_be_null=False
        ),
    )
