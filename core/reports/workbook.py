"""Tables as an XLSX workbook: a sheet each, typed cells, a head that stays in sight."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from core.reports.table import Column, Table, is_defined
from data.formats.own_exports import MAKER

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_CHARACTERS = 32_767  # what a cell holds
MOST_ROWS = 1_048_575
_FORMATS = {
    "text": "@",
    "count": "#,##0",
    "real": "#,##0.####",
    "score": "0.000",
    "percent": "0.0%",
    "time": "yyyy-mm-dd hh:mm",
}
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")
_WIDEST = 40


def workbook(tables: Sequence[Table], made_at: datetime, title: str, *, most_rows: int = MOST_ROWS) -> bytes:
    """Write tables as an XLSX file.

    A cell of text is text whatever it begins with: "=1+1" is no formula and "http://" no link. Undefined cells are
    blank. Times are UTC. A table of more rows than a sheet holds goes on in sheets numbered (2), (3) and so on.

    Args:
        tables: a sheet each, under its name.
        made_at: when.
        title: of the file, in its properties.
        most_rows: what a sheet holds below its head.
    """
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.set_properties({"title": title, "author": MAKER, "created": made_at.astimezone(UTC).replace(tzinfo=None)})
        formats = {kind: book.add_format({"num_format": form}) for kind, form in _FORMATS.items()}
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        for name, table in _sheets(tables, most_rows):
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for at, column in enumerate(table.columns):
                sheet.write_string(0, at, column.title, head)
                sheet.set_column(at, at, _width(table, at), formats[column.kind])
            for row, cells in enumerate(table.rows, 1):
                for at, (cell, column) in enumerate(zip(cells, table.columns, strict=True)):
                    _write(sheet, row, at, cell, column)
            if table.rows:
                sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
    return content.getvalue()


def _sheets(tables: Sequence[Table], most_rows: int) -> Iterator[tuple[str, Table]]:
    """Cut tables into what sheets hold, each with the name of its sheet."""
    for table in tables:
        name = _NOT_IN_NAMES.sub(" ", table.name)
        for at in range(0, max(1, len(table.rows)), most_rows):
            number = f" ({at // most_rows + 1})" if at else ""
            yield name[: 31 - len(number)] + number, replace(table, rows=table.rows[at : at + most_rows])


def _write(sheet: Worksheet, row: int, at: int, cell: object, column: Column) -> None:
    if not is_defined(cell):
        return
    if isinstance(cell, datetime):
        sheet.write_datetime(row, at, cell.astimezone(UTC).replace(tzinfo=None) if cell.tzinfo else cell)
    elif column.kind != "text" and isinstance(cell, int | float):
        sheet.write_number(row, at, cell)
    else:
        sheet.write_string(row, at, str(cell)[:MOST_CHARACTERS])


def _width(table: Table, at: int) -> float:
    longest = max((len(str(row[at])) for row in table.rows[:200] if table.columns[at].kind == "text"), default=10)
    return min(_WIDEST, max(len(table.columns[at].title) * 0.7, longest, 9) + 2)
