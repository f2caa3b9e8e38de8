"""Die tables (one row a die, or one row a test of a die) into wafers: the part that CSV, Parquet and XLSX share.

Columns are dictionary-encoded: a column of a million cells has few different ones, so each is understood once, and
everything per row is NumPy. A die that stands in several rows was tested again: its last row counts. Where columns
name the test of a row, a die fails when one of its tests does. Without a written grid (`grid_rows`, `grid_columns`) a
wafer's grid is the box around its dies, y downwards, and the attribute `die_axes` keeps the file's own coordinates.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.errors import FormatError, WaferError
from data.formats.coded_columns import Coded, RowName, Rows, as_text, encode
from data.formats.columns import Columns, find_columns
from data.formats.die_rows import DieRows, joint, laid_out, refuse_unnamed_tests
from data.formats.metadata import ATTRIBUTE, date_texts, key_of
from data.formats.options import ReadFailure, ReadOptions
from data.formats.own_exports import DIE_COLUMNS, DIES, MARK, axes_of, is_die_table, own_pairs, restored
from data.formats.source import Source, build_wafer
from data.formats.times import telling_dates
from data.formats.totals import declared_totals
from data.formats.verdicts import judge
from data.orientation import DIE_AXES
from data.wafer import WaferMap

ROW_BYTES = 32
"""That each row takes in memory beside its cells: numbers for its place, its bin and its wafer."""
_MOST_PAIRS = 1000
"""Of the whole file: each of its wafers has them."""
_MOST_TEXTS = 500
"""Columns that say nothing of a die are read as process history up to so many; a table of 100,000 has no more."""


def kept_columns(names: Sequence[str], used: Sequence[str]) -> list[str]:
    """Choose the columns worth reading: what says something of dies, metadata, and so many others as have a meaning."""
    if is_die_table(names):
        return list(dict.fromkeys([*used, *DIE_COLUMNS, *(name for name in names if name == MARK)]))
    others = [name for name in names if name not in used]
    named = {name for name in others if name.startswith(ATTRIBUTE) or key_of(name)}
    return [*used, *(name for number, name in enumerate(others) if number < _MOST_TEXTS or name in named)]


def read_die_table(
    table: pa.Table,
    pairs: Mapping[str, str],
    source: Source,
    options: ReadOptions,
    row_name: RowName,
) -> Iterator[WaferMap | ReadFailure]:
    """Split a die table into wafers by its lot and wafer columns, in the order of their first rows.

    Args:
        table: one row a die, or a test of a die.
        pairs: metadata of the whole file; the columns of a wafer go before it.
        source: the file.
        options: the caller's.
        row_name: what to call row i in errors: "line 14".

    Raises:
        FormatError: a column is missing, a cell is no coordinate or bin, a wafer's name is missing in some rows, or
            there are too many rows.
    """
    if table.num_rows > options.max_table_rows:
        raise FormatError(
            source.name, f"the table has {table.num_rows} rows, the limit is {options.max_table_rows}", "Split it."
        )
    if len(pairs) > _MOST_PAIRS:
        problem = f"it has {len(pairs)} lines of metadata, the limit is {_MOST_PAIRS}"
        raise FormatError(source.name, problem, "Leave out what says nothing of the wafers.")
    if not table.num_rows:
        raise FormatError(source.name, "expected one row a die, found a header alone", "Export the table again.")
    columns = find_columns(table.column_names, source.name)
    used = list(dict.fromkeys(columns.used()))
    coded = {name: encode(table, name) for name in kept_columns(table.column_names, used)}
    rows = Rows(coded, source.name, row_name)
    x, y = rows.coordinates(columns.x), rows.coordinates(columns.y)
    verdicts = judge(rows, columns, options, x, y)
    dies = DieRows(x, y, verdicts.dies, verdicts.bins, _tests(coded, columns))
    texts = {name: column for name, column in coded.items() if name not in used}
    own = _OwnColumns.taken_from(texts, rows) if is_die_table(table.column_names) else None
    keys = [name for name in texts if _names_wafer(name)]
    filled = _filled_down(rows, keys, dies)
    texts |= filled
    remarks = list(verdicts.remarks)
    remarks += [f"Empty cells of '{name}' were read as the cell above." for name in filled]
    order, starts = _groups([texts[name] for name in keys], table.num_rows)
    if order is not None:
        dies = dies.at(order)
        own = own.at(order) if own else None
        texts = {name: Coded(column.codes[order], column.cells) for name, column in texts.items()}
    yield from _wafers(dies, texts, starts, pairs, source, options, remarks, own)


@dataclass(frozen=True)
class _OwnColumns:
    """What a table of dies that Waferscope wrote holds beside them, a value a row.

    Args:
        x: coordinate of the file that the wafer came from.
        y: the same.
        mark: what is known of the wafer, as JSON in one of its rows.
    """

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    mark: NDArray[np.object_]

    @classmethod
    def taken_from(cls, texts: dict[str, Coded], rows: Rows) -> "_OwnColumns":
        """Take these columns out of others; a name that was defused for spreadsheets gets back what it was."""
        for name in ("lot", "wafer"):
            texts[name] = replace(texts[name], cells=[restored(as_text(cell)) for cell in texts[name].cells])
        x, y, mark = rows.coordinates("x"), rows.coordinates("y"), texts.get(MARK)
        for name in [name for name in texts if name not in ("lot", "wafer")]:
            del texts[name]
        cells = np.array([as_text(cell) for cell in mark.cells], dtype=object)[mark.codes] if mark else None
        return cls(x, y, np.full(len(x), "", dtype=object) if cells is None else cells)

    def at(self, rows: slice | NDArray[np.intp]) -> "_OwnColumns":
        """Choose rows."""
        return _OwnColumns(self.x[rows], self.y[rows], self.mark[rows])

    def pairs(self, dies: DieRows, where: str) -> dict[str, str]:
        """Return what is known of a wafer whose rows these are: its mark, else how its coordinates run.

        Raises:
            FormatError: the mark is damaged.
        """
        said = own_pairs(self.mark, where)
        axes = axes_of(self.x, self.y, dies.y - dies.y.min(), dies.x - dies.x.min()) if not said else None
        return said | ({ATTRIBUTE + DIE_AXES: axes} if axes else {})


def _wafers(
    dies: DieRows,
    texts: Mapping[str, Coded],
    starts: NDArray[np.intp],
    pairs: Mapping[str, str],
    source: Source,
    options: ReadOptions,
    remarks: Sequence[str],
    table: _OwnColumns | None,
) -> Iterator[WaferMap | ReadFailure]:
    """Build the wafers whose rows begin at `starts`."""
    ends = np.append(starts[1:], len(dies.x))
    refuse_unnamed_tests(dies.at(slice(0, ends[0])), texts, source.name)
    constant = _constant_texts(texts, starts, ends)
    dates = date_texts(pairs)
    for name, cells in constant.items():
        dates += [date for text in dict.fromkeys(cells) for date in date_texts({name: text})]
    dates = telling_dates(dates)
    for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        own = dict(pairs) | {name: cells[i] for name, cells in constant.items() if cells[i]}
        try:
            if table:
                own |= table.at(slice(start, end)).pairs(dies.at(slice(start, end)), source.name)
            grid, bins, axes = laid_out(dies.at(slice(start, end)), own, source.name)
            said = declared_totals(pairs).remarks(grid, source.name) if len(starts) == 1 else ()
            yield build_wafer(
                source,
                options,
                grid,
                bins=bins,
                pairs=own | axes,
                number=i + 1,
                count=len(starts),
                remarks=[*remarks, *said],
                dates=dates,
                exported_as=DIES if table else "",
            )
        except WaferError as error:
            yield ReadFailure(source.name, str(error))


def _names_wafer(name: str) -> bool:
    known = key_of(name)
    return known is not None and known[0] in ("lot", "wafer")


def _tests(coded: Mapping[str, Coded], columns: Columns) -> NDArray[np.int64] | None:
    """Number the test of each row; None for a table of one row a die."""
    return joint([coded[name].codes for name in columns.tests]) if columns.tests else None


def _filled_down(rows: Rows, names: Sequence[str], dies: DieRows) -> dict[str, Coded]:
    """Fill the names of lot and wafer where only the first row of each wafer has them, as merged cells do.

    Raises:
        FormatError: cells are missing in another way, or a wafer so filled would hold a die twice.
    """
    filled = {}
    for name in names:
        column = rows.coded[name]
        empty = np.array([not as_text(cell).strip() for cell in column.cells])[column.codes]
        if not empty.any() or empty.all():
            continue
        heads = np.flatnonzero(~empty)
        codes = column.codes[heads[np.searchsorted(heads, np.arange(len(empty)), side="right") - 1]]
        merged = not empty[0] and len(np.unique(column.codes[heads])) == len(heads)
        if not merged or _repeats(codes, dies):
            rows.refuse(name, int(np.argmax(empty)), "expected a name as in other rows", "Fill the empty cells.")
        filled[name] = Coded(codes, column.cells)
    return filled


def _repeats(codes: NDArray[np.int32], dies: DieRows) -> bool:
    """Return whether a die, or a test of it, stands in two rows of one group."""
    columns: list[NDArray[np.integer]] = [codes, dies.x, dies.y]
    columns += [] if dies.tests is None else [dies.tests]
    return int(joint(columns).max()) + 1 < len(codes)


def _groups(keys: Sequence[Coded], rows: int) -> tuple[NDArray[np.intp] | None, NDArray[np.intp]]:
    """Where wafers begin, and the order that brings their rows together; None when they are together already."""
    if not keys:
        return None, np.zeros(1, dtype=np.intp)
    combined = np.zeros(rows, dtype=np.int64)
    for column in keys:
        combined = combined * len(column.cells) + column.codes
    starts = np.flatnonzero(np.diff(combined, prepend=combined[0] - 1))
    _, first, inverse = np.unique(combined[starts], return_index=True, return_inverse=True)
    if len(first) == len(starts):
        return None, starts
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    wafer = np.repeat(rank[inverse], np.diff(np.append(starts, rows)))
    order = np.argsort(wafer, kind="stable")
    return order, np.flatnonzero(np.diff(wafer[order], prepend=-1))


def _constant_texts(
    texts: Mapping[str, Coded], starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> dict[str, list[str]]:
    """The metadata of every wafer: columns that say one thing all over it; "" where a column varies.

    Columns that are no metadata by name but the same all over every wafer are process history: attributes.
    """
    found = {}
    for name, column in texts.items():
        same = np.minimum.reduceat(column.codes, starts) == np.maximum.reduceat(column.codes, starts)
        if not same.any() or not (same.all() or key_of(name) or name.startswith(ATTRIBUTE)):
            continue
        shown = [as_text(cell) for cell in column.cells]
        cells = [
            shown[code] if one else "" for code, one in zip(column.codes[starts].tolist(), same.tolist(), strict=True)
        ]
        found[name if key_of(name) or name.startswith(ATTRIBUTE) else ATTRIBUTE + name] = cells
    return found
