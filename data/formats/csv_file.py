"""CSV die tables: header lines with metadata, then column names, then one line a die.

    # lot: L123
    # pitch: 7.5 x 8.2 mm
    x,y,bin
    12,3,1

Commas, semicolons, tabs, bars or blanks part the cells; the encoding is UTF-8, UTF-16, or Latin-1. What else may stand
around the dies is told in `data.formats.table_rows`: a table that holds nothing else is read by Arrow as it is.
"""

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyarrow import csv as arrow_csv

from data.errors import FormatError
from data.formats.coded_columns import as_number
from data.formats.columns import Columns, find_columns, known_columns
from data.formats.die_table import ROW_BYTES, kept_columns, read_die_table
from data.formats.metadata import ATTRIBUTE
from data.formats.options import MIB, ReadFailure, ReadOptions
from data.formats.sections import read_sections
from data.formats.source import HEAD_BYTES, Source
from data.formats.table_rows import Row, Section, distinct, is_label
from data.formats.text import as_utf8, head_lines, header_pairs, split_lines
from data.wafer import WaferMap

SUFFIXES = (".csv", ".tsv", ".txt", ".dat")
_SEPARATORS = ",;\t|"
_BLANKS = " "
_WIDE_BLANKS = re.compile(r"\t| {2,}")
_MAX_HEADER_LINES = 200
_HEADER_BYTES = 2**18
_TAIL_BYTES, _EDGE_LINES = 2**14, 12
_LONGEST_CELL = 2**20
_LEAST_NUMBERS = 10


@dataclass(frozen=True)
class _Names:
    """The line that names the columns.

    Args:
        line: its index.
        names: all different.
        columns: which of them says what of a die.
        separator: of cells; a blank for runs of blanks.
    """

    line: int
    names: list[str]
    columns: Columns
    separator: str


def recognises(source: Source) -> bool:
    """Return whether a file is text that names a table's columns, or a list of numbers that lacks their names."""
    if _find_names(head_lines(source)) is not None:
        return True
    lines = head_lines(source, _HEADER_BYTES)
    further = source.size > HEAD_BYTES and _find_names(lines[:_MAX_HEADER_LINES]) is not None
    return further or _is_list_of_numbers(lines)


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafers of a CSV die table.

    Raises:
        FormatError: the table is too large, no line names the columns, a line has too few or too many cells, a cell is
            no number.
    """
    if source.size > options.max_table_bytes:
        size, limit = source.size // MIB, options.max_table_bytes // MIB
        raise FormatError(source.name, f"the table has {size} MiB, the limit is {limit} MiB", "Save it as Parquet.")
    content = as_utf8(source.content())
    _check_rows(content, source.name, options.max_table_bytes)
    head = split_lines(content[:HEAD_BYTES])
    found = _find_names(head[:-1][:_MAX_HEADER_LINES])
    if found is None or len(head) <= found.line + _EDGE_LINES:
        head = split_lines(content[:_HEADER_BYTES])
        found = _find_names(head[:_MAX_HEADER_LINES])
    if found is None:
        raise _no_names(head, source.name)
    pairs = header_pairs(head[: found.line])
    table = _plain_table(content, found, head)
    if table is not None:
        yield from read_die_table(table, pairs, source, options, lambda row: f"line {found.line + 2 + row}")
        return
    first = Section(found.names, found.columns, pairs)
    yield from read_sections(_rows(content, found), first, source, options)


def _check_rows(content: bytes, where: str, max_bytes: int) -> None:
    """Refuse a table whose rows, however short, take more memory than a large table does."""
    rows = max(content.count(b"\n"), content.count(b"\r"))
    if rows * ROW_BYTES > max_bytes:
        problem = f"the table has {rows} lines, the limit is {max_bytes // ROW_BYTES}"
        raise FormatError(where, problem, "Split it by wafer.")


def _find_names(head: Sequence[str]) -> _Names | None:
    """Find the line that names the columns: the first in which x, y and a bin or result are recognised."""
    for number, line in enumerate(head):
        if not any(map(str.isalpha, line[:_LONGEST_CELL])):
            continue
        for separator in sorted(filter(line.__contains__, _SEPARATORS), key=line.count, reverse=True):
            names = [
                name if name.startswith(ATTRIBUTE) else name.strip() for name in _split(line.lstrip("#"), separator)
            ]
            columns = known_columns(names)
            if columns and _parts_lines(separator, head[number + 1 :]):
                return _Names(number, distinct(names), columns, separator)
        for names in (_WIDE_BLANKS.split(line.lstrip("#").strip()), line.lstrip("#").split()):
            columns = known_columns(names)
            if columns and _goes_on(head[number + 1 :], len(names)):
                return _Names(number, distinct(names), columns, _BLANKS)
    return None


def _parts_lines(separator: str, lines: Sequence[str]) -> bool:
    """Return whether the lines below the names are parted as these are; no lines contradict nothing."""
    filled = [line for line in lines[:_EDGE_LINES] if line.strip()]
    return not filled or any(separator in line for line in filled)


def _goes_on(lines: Sequence[str], width: int) -> bool:
    """Return whether a line is of names and no sentence: as many numbers, parted by blanks, stand below it."""
    cells = next((cells for line in lines[:20] if len(cells := line.split()) == width and _numbers(cells)), None)
    return cells is not None


def _numbers(cells: Sequence[str]) -> bool:
    return sum(as_number(cell) is not None for cell in cells) > 1


def _split(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _no_names(head: Sequence[str], where: str) -> FormatError:
    """Build the error of a text in which no line names the columns: what was looked for, and what came nearest."""
    first = next((line for line in head if line.strip() and not line.startswith("#")), "")
    separator = max(_SEPARATORS, key=first.count)
    names = [name.strip() for name in (_split(first, separator) if separator in first else first.split())]
    if len(names) > 1 and all(as_number(name) is None for name in names):
        try:
            find_columns(names, f"{where} line {head.index(first) + 1}")
        except FormatError as error:
            return error
    problem = f"expected a line that names the columns x, y and bin (or pass_fail) among the first {_MAX_HEADER_LINES}"
    return FormatError(where, f"{problem}, found none", "Add one above the numbers.")


def _is_list_of_numbers(lines: Sequence[str]) -> bool:
    """Return whether rows of numbers are no map: coordinates without names, or numbers in a row such as serials.

    Coordinates: two columns beside each other that differ in every row. The codes of a map repeat.
    """
    filled = [line.strip() for line in lines if any(map(str.isdigit, line))][1:-1]  # without a title and a cut line
    if len(filled) < _LEAST_NUMBERS:
        return False
    if len({len(line) for line in filled}) == 1 and all(map(str.isalnum, filled)):
        return all(map(str.__lt__, filled, filled[1:])) or all(map(str.__gt__, filled, filled[1:]))
    separator = max(_SEPARATORS, key=filled[0].count)
    rows = [line.split(separator if separator in filled[0] else None) for line in filled[:_MAX_HEADER_LINES]]
    width = len(rows[0])
    if width < 2 or 2 * width > len(rows) or any(len(row) != width for row in rows):
        return False
    return any(
        len({(row[i].strip(), row[i + 1].strip()) for row in rows}) == len(rows)
        and all(as_number(row[i]) is not None and as_number(row[i + 1]) is not None for row in rows)
        for i in range(min(width - 1, 5))
    )


def _plain_table(content: bytes, found: _Names, head: Sequence[str]) -> pa.Table | None:
    """Read a table by Arrow; None where anything but dies stands below its names."""
    edges = [*head[found.line + 1 : found.line + _EDGE_LINES], *split_lines(content[-_TAIL_BYTES:])[-_EDGE_LINES:]]
    if found.separator == _BLANKS or any(is_label(_split(line, found.separator)) for line in edges):
        return None
    kept = kept_columns(found.names, found.columns.used())
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(content),
            read_options=arrow_csv.ReadOptions(skip_rows=found.line + 1, column_names=found.names),
            parse_options=arrow_csv.ParseOptions(delimiter=found.separator, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: pa.dictionary(pa.int32(), pa.string()) for name in kept},
                include_columns=kept,
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    return table if all(_all_numbers(table, name) for name in (found.columns.x, found.columns.y)) else None


def _all_numbers(table: pa.Table, name: str) -> bool:
    """Return whether every cell of a dictionary-encoded column is a number."""
    chunks = table.column(name).chunks
    return all(as_number(cell) is not None for chunk in chunks for cell in chunk.dictionary.to_pylist())


def _rows(content: bytes, found: _Names) -> Iterator[Row]:
    """Return the rows below the line of names with their numbers."""
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", errors="replace")  # a line at a time
    lines = itertools.islice(text, found.line + 1, None)
    if found.separator == _BLANKS:
        for number, line in enumerate(lines, found.line + 2):
            yield Row(number, _parted_by_blanks(line, len(found.names)), line.strip())
        return
    reader = csv.reader(lines, delimiter=found.separator)
    before = 0
    for cells in reader:
        yield Row(found.line + 2 + before, cells, found.separator.join(cells))
        before = reader.line_num


def _parted_by_blanks(line: str, width: int) -> list[str]:
    wide = _WIDE_BLANKS.split(line.strip())
    return wide if len(wide) == width else line.split()
