"""Die tables in Excel workbooks: each sheet is read as a CSV die table of its cells.

Where several sheets hold dies, each must name its wafer, by its cells or by its own name ("W05"), unless the caller
chooses one. Old binary workbooks and other Office documents are refused in one sentence.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from data.errors import FormatError
from data.formats.archive import check_growth, is_package, open_zip
from data.formats.columns import known_columns
from data.formats.metadata import key_of
from data.formats.options import MIB, ReadFailure, ReadOptions
from data.formats.own_exports import MAKER, refusal
from data.formats.sections import read_sections
from data.formats.source import Source, names_wafer
from data.formats.table_rows import Row, Section, distinct
from data.formats.text import header_pairs
from data.wafer import WaferMap

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAX_HEADER_ROWS = 200
_ZEROS = re.compile(r"0{2,20}")


@dataclass(frozen=True)
class Limits:
    """What no workbook of die tables goes beyond.

    Args:
        shared_bytes: of the parts that are no sheets: texts and styles, which are held in memory as a whole.
        rows: of a sheet.
        columns: of a sheet.
    """

    shared_bytes: int = 64 * MIB
    rows: int = 2**20
    columns: int = 2000


@dataclass(frozen=True)
class _Sheet:
    """A sheet that holds a die table: its title, the table without its dies, and the number of its line of names."""

    title: str
    first: Section
    line: int

    @property
    def names_wafer(self) -> bool:
        """Whether cells or the sheet's own name tell which wafer it is."""
        return names_wafer(self.title) or any(
            (known := key_of(name)) is not None and known[0] == "wafer"
            for name in (*self.first.pairs, *self.first.names)
        )


class _Cell(Protocol):
    """What openpyxl's cells have in common."""

    value: object
    number_format: str


LIMITS = Limits()


def recognises(source: Source) -> bool:
    """Return whether a file is an Office document, old or new."""
    return source.head.startswith(_OLD) or is_package(source)


def read(source: Source, options: ReadOptions, limits: Limits = LIMITS) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafers of a workbook.

    Args:
        source: the file.
        options: how to read it.
        limits: what it must keep besides those of the options.

    Raises:
        FormatError: it is no workbook of today's kind, too large, one of results that Waferscope wrote, no sheet holds
            a die table, or several do and name no wafers.
    """
    from openpyxl import load_workbook  # takes a third of a second, and few files need it

    _check(source, options, limits)
    source.stream.seek(0)
    with closing(load_workbook(source.stream, read_only=True, data_only=True, keep_links=False)) as book:
        if book.properties.creator == MAKER:
            raise refusal("a workbook of results", "", source.name)
        found = [sheet for name in book.sheetnames if (sheet := _find_table(book, name, source.name, limits))]
        for sheet in _chosen(found, book.sheetnames, options, source.name):
            if len(found) > 1 and names_wafer(sheet.title):
                sheet.first.pairs.setdefault("wafer", sheet.title.strip())
            below = islice(_rows(book, sheet.title, source.name, limits), sheet.line, None)
            yield from read_sections(below, sheet.first, source, options)


def _check(source: Source, options: ReadOptions, limits: Limits) -> None:
    """Refuse what is no workbook, and what unpacks to more than any die table does, before anything is unpacked."""
    if source.head.startswith(_OLD):
        problem = "expected a workbook of today's kind, found an old binary or a locked one"
        raise FormatError(source.name, problem, "Save it without a password as .xlsx or CSV.")
    with open_zip(source, options) as archive:
        infos = archive.infolist()
    if "xl/workbook.xml" not in {info.filename for info in infos}:
        problem = "expected an Excel workbook (.xlsx), found another Office document"
        raise FormatError(source.name, problem, "Save the table as .xlsx or CSV.")
    for info in infos:
        if info.flag_bits & 1:
            raise FormatError(source.name, "the workbook is locked", "Save it without a password.")
        check_growth(info.file_size, info.compress_size, f"{source.name}/{info.filename}", options)
    whole = sum(info.file_size for info in infos)
    shared = sum(info.file_size for info in infos if not info.filename.startswith("xl/worksheets/"))
    for what, size, limit in (
        ("the workbook unpacks", whole, options.max_table_bytes),
        ("its texts and styles unpack", shared, limits.shared_bytes),
    ):
        if size > limit:
            problem = f"{what} to {size // MIB} MiB, the limit is {limit // MIB} MiB"
            raise FormatError(source.name, problem, "Save the sheet as CSV.")


def _find_table(book: "Workbook", title: str, where: str, limits: Limits) -> _Sheet | None:
    """Find the row of a sheet that names the columns of dies, among its first rows."""
    above: list[Row] = []
    for row in islice(_rows(book, title, where, limits), _MAX_HEADER_ROWS):
        if columns := known_columns(row.cells):
            pairs = header_pairs([row.line for row in above])
            return _Sheet(title, Section(distinct(row.cells), columns, pairs), row.number)
        above.append(row)
    return None


def _chosen(found: list[_Sheet], titles: list[str], options: ReadOptions, where: str) -> list[_Sheet]:
    """Choose the sheets to read: the caller's, the only one, or all where each names its wafer."""
    wanted = [sheet for sheet in found if options.overlay and sheet.title.casefold() == options.overlay.casefold()]
    if wanted or len(found) == 1:
        return wanted or found
    if not found:
        names = ", ".join(repr(title) for title in titles[:10])
        problem = (
            f"expected a sheet with a row that names the columns x, y and bin (or pass_fail), found none in {names}"
        )
        raise FormatError(where, problem, "Name the columns.")
    if not all(sheet.names_wafer for sheet in found):
        names = ", ".join(repr(sheet.title) for sheet in found[:10])
        problem = f"{len(found)} sheets hold dies ({names}), and not each names its wafer"
        raise FormatError(where, problem, "Name the sheet to read as the map, or the wafer in each sheet.")
    return found


def _rows(book: "Workbook", title: str, where: str, limits: Limits) -> Iterator[Row]:
    """Return the rows of a sheet as text, from its first.

    Raises:
        FormatError: there are more than any die table has.
    """
    sheet = book[title]
    if not hasattr(sheet, "iter_rows"):  # a sheet that is one chart
        return
    if hasattr(sheet, "reset_dimensions"):
        sheet.reset_dimensions()  # some writers declare too few
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if number > limits.rows or len(cells) > limits.columns:
            problem = f"sheet '{title}' has more than {limits.rows} rows or {limits.columns} columns"
            raise FormatError(where, problem, "Save the die table as CSV.")
        texts = [_text(cell) for cell in cells]
        yield Row(number, texts, "\t".join(text for text in texts if text))


def _text(cell: _Cell) -> str:
    """Write a cell of a sheet as a CSV file would hold it; whole numbers with the leading zeros that Excel shows."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer():
        text = str(int(value))
        return text.zfill(len(cell.number_format)) if _ZEROS.fullmatch(cell.number_format or "") else text
    return value.isoformat(" ") if isinstance(value, datetime) else str(value).strip()
