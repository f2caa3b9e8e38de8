"""A table with typed columns: what a report prints and what a workbook holds are the same value."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pandas as pd

from core.exports.cells import plain

CellKind = Literal["text", "count", "real", "score", "percent", "time"]
UNDEFINED = "–"


@dataclass(frozen=True)
class Column:
    """One column.

    Args:
        title: its heading, with the unit.
        kind: what its cells are; `score` and `percent` hold shares of 0 to 1, `time` UTC.
        width: on paper, relative to the other columns.
    """

    title: str
    kind: CellKind = "text"
    width: float = 1.0


@dataclass(frozen=True)
class Table:
    """A table.

    Args:
        name: what a row is about, such as "Wafers".
        columns: from the left.
        rows: cells in the order of the columns; None and NaN are undefined.
    """

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[object]]


def is_defined(cell: object) -> bool:
    """Return whether a cell holds something.

    Example:
        >>> is_defined(0), is_defined(float("nan")), is_defined(None), is_defined(pd.NA), is_defined(pd.NaT)
        (True, False, False, False, False)
    """
    return not (cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and math.isnan(cell)))


def shown(cell: object, kind: CellKind) -> str:
    """Write a cell for people; undefined ones as a dash.

    Example:
        >>> shown(0.1234, "percent"), shown(1234, "count"), shown(None, "real")
        ('12.3 %', '1,234', '–')
        >>> shown(4325.6, "real"), shown(0.00012, "real")
        ('4,326', '0.00012')
        >>> shown(0.9, "score")
        '0.900'
    """
    if not is_defined(cell):
        return UNDEFINED
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if kind == "text" or not isinstance(cell, int | float):
        return str(cell)
    if kind == "score":
        return f"{cell:.3f}"
    if kind == "percent":
        return f"{cell:.1%}".replace("%", " %")
    return f"{cell:,.0f}" if kind == "count" or abs(cell) >= 100 else f"{cell:.3g}"


def table_csv(table: Table) -> str:
    """Write a table as CSV, undefined cells empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(plain(column.title) for column in table.columns)
    writer.writerows([plain(cell) if is_defined(cell) else "" for cell in row] for row in table.rows)
    return text.getvalue()
