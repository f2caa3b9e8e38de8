"""Rows of cells below a line of names into wafers: the part that irregular text and sheets share."""

from collections.abc import Iterable, Iterator

from data.errors import FormatError
from data.formats.die_table import read_die_table
from data.formats.metadata import key_of
from data.formats.options import ReadFailure, ReadOptions
from data.formats.source import Source
from data.formats.table_rows import Row, Section, sections
from data.formats.text import header_pairs
from data.formats.totals import count_of
from data.wafer import WaferMap


def read_sections(
    rows: Iterable[Row], first: Section, source: Source, options: ReadOptions
) -> Iterator[WaferMap | ReadFailure]:
    """Read the tables of a file, one after the other; each is a wafer, or several by its columns.

    Args:
        rows: all below the first line of names.
        first: the empty table that it begins.
        source: the file.
        options: the caller's.

    Raises:
        FormatError: a row is no die and nothing that stands around dies, or the only table cannot be read.
    """
    found = list(sections(rows, first, source.name))
    for number, section in enumerate(found, 1):
        pairs = header_pairs(section.footer) | section.pairs
        if len(found) > 1:
            # whose the counts between two tables are cannot be told; wafers without a name are numbered
            pairs = {name: text for name, text in section.pairs.items() if not count_of(name)}
            named = any(key_of(name) and key_of(name)[0] == "wafer" for name in (*pairs, *section.names))  # type: ignore[index]
            pairs |= {} if named else {"wafer": f"W{number:02d}"}
        try:
            yield from read_die_table(section.table(), pairs, source, options, section.row_name)
        except FormatError as error:
            if len(found) == 1:
                raise
            yield ReadFailure(source.name, str(error))
