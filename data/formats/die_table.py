"""Die tables (one row a die) into wafers: the part that CSV and Parquet share.

Columns are dictionary-encoded: a column of a million cells has few different ones, so each is understood once, and
everything per row is NumPy. A die that stands in several rows was tested again: its last row counts. Without a written
grid (`grid_rows`, `grid_columns`) a wafer's grid is the box around its dies, y downwards.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.errors import FormatError, WaferError
from data.formats.bins import MAX_BIN, bin_table
from data.formats.columns import find_columns
from data.formats.metadata import ATTRIBUTE, date_texts, grid_shape, key_of
from data.formats.options import ReadFailure, ReadOptions
from data.formats.source import Source, build_wafer
from data.wafer import FAIL, MAX_GRID, OFF_WAFER, PASS, WaferMap

_WORDS = {
    **dict.fromkeys(("p", "pass", "passed", "passing", "good", "ok", "true", "t", "y", "yes", "1"), PASS),
    **dict.fromkeys(("f", "fail", "failed", "failing", "bad", "ng", "nok", "false", "n", "no", "0"), FAIL),
    **dict.fromkeys(("", "off", "none", "null", "nan", "untested", "not tested", "skip", "-"), OFF_WAFER),
}
_COORDINATE_LIMIT = 10**9
NO_BIN = -1
RowName = Callable[[int], str]


@dataclass(frozen=True, eq=False)
class _Coded:
    """A column as codes into its few different cells."""

    codes: NDArray[np.int32]
    cells: list[object]


def read_die_table(
    table: pa.Table, pairs: Mapping[str, str], source: Source, options: ReadOptions, row_name: RowName
) -> Iterator[WaferMap | ReadFailure]:
    """Split a die table into wafers by its lot and wafer columns, in the order of their first rows.

    Args:
        table: one row a die.
        pairs: metadata of the whole file; the columns of a wafer go before it.
        source: the file.
        options: the caller's.
        row_name: what to call row i in errors: "line 14".

    Raises:
        FormatError: a column is missing, a cell is no coordinate or bin, or there are too many rows.
    """
    if table.num_rows > options.max_table_rows:
        raise FormatError(
            source.name, f"the table has {table.num_rows} rows, the limit is {options.max_table_rows}", "Split it."
        )
    if not table.num_rows:
        raise FormatError(source.name, "expected one row a die, found a header alone", "Export the table again.")
    columns = find_columns(table.column_names, source.name)
    coded = {name: _encode(table, name) for name in dict.fromkeys([*columns.used(), *table.column_names])}
    rows = _Rows(coded, source.name, row_name)
    x, y = rows.coordinates(columns.x), rows.coordinates(columns.y)
    dies, bins = _judge(rows, columns.result, columns.fails, columns.bin, options)
    texts = {name: column for name, column in coded.items() if name not in columns.used()}
    order, starts = _groups([column for name, column in texts.items() if _names_wafer(name)], table.num_rows)
    if order is not None:
        x, y, dies = x[order], y[order], dies[order]
        bins = bins[order] if bins is not None else None
        texts = {name: _Coded(column.codes[order], column.cells) for name, column in texts.items()}
    ends = np.append(starts[1:], table.num_rows)
    constant = _constant_texts(texts, starts, ends)
    dates = date_texts(pairs)
    for name, cells in constant.items():
        dates += [date for text in dict.fromkeys(cells) for date in date_texts({name: text})]
    for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        own = dict(pairs) | {name: cells[i] for name, cells in constant.items() if cells[i]}
        span = slice(start, end)
        try:
            grid, bin_grid = _grid(x[span], y[span], dies[span], None if bins is None else bins[span], own, source.name)
            yield build_wafer(
                source, options, grid, bins=bin_grid, pairs=own, number=i + 1, count=len(starts), dates=dates
            )
        except WaferError as error:
            yield ReadFailure(source.name, str(error))


class _Rows:
    """Cells turned into numbers, with the row of the first cell that is none."""

    def __init__(self, coded: Mapping[str, _Coded], source_name: str, row_name: RowName) -> None:
        self._coded, self._name, self._row_name = coded, source_name, row_name

    def understood(self, name: str, read: Callable[[object], int | None], expected: str) -> NDArray[np.int64]:
        column = self._coded[name]
        values = [read(cell) for cell in column.cells]
        for code, value in enumerate(values):
            if value is None and (column.codes == code).any():
                row = int(np.argmax(column.codes == code))
                raise FormatError(
                    f"{self._name} {self._row_name(row)}",
                    f"column '{name}' holds {column.cells[code]!r:.80}, expected {expected}", "Correct the cell.",
                )  # fmt: skip
        return np.asarray([value or 0 for value in values], dtype=np.int64)[column.codes]

    def coordinates(self, name: str) -> NDArray[np.int64]:
        return self.understood(name, lambda cell: _whole(cell, _COORDINATE_LIMIT), "a whole number")


def _encode(table: pa.Table, name: str) -> _Coded:
    column = table.column(name)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode(null_encoding="encode")
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.unify_dictionaries().combine_chunks()
    cells = array.dictionary.to_pylist()
    indices = array.indices.fill_null(len(cells)) if array.null_count else array.indices
    return _Coded(indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False), [*cells, None])


def _whole(cell: object, limit: int) -> int | None:
    try:
        number = float(cell.replace(",", ".")) if isinstance(cell, str) else float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return int(number) if math.isfinite(number) and number == int(number) and abs(number) <= limit else None


def _word(cell: object) -> int | None:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, bool | np.bool_):
        return PASS if cell else FAIL
    return OFF_WAFER if cell is None else _WORDS.get(str(cell).strip().lower())


def _bin(cell: object) -> int | None:
    if cell is None or (isinstance(cell, str) and not cell.strip()) or (isinstance(cell, float) and math.isnan(cell)):
        return NO_BIN
    number = _whole(cell, MAX_BIN)
    return None if number is None or number < 0 else number


def _judge(
    rows: _Rows, result: str | None, fails: str | None, bin_name: str | None, options: ReadOptions
) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
    """Pass or fail from the column that says so, else from the bins; a column of words under a bin's name is a result.

    Returns:
        Off, pass or fail of each row, and its bin where these say more (NO_BIN where the cell is empty).
    """
    bins = None
    if bin_name is not None:
        try:
            bins = rows.understood(bin_name, _bin, f"a bin number 0 to {MAX_BIN} or pass/fail")
        except FormatError as error:
            if result or fails:
                raise
            try:
                return rows.understood(bin_name, _word, "pass or fail").astype(np.uint8), None
            except FormatError:
                raise error from None
    told = options.off_values or options.pass_values or options.fail_values
    if bins is not None and (told or not (result or fails)):
        dies = np.where(bins == NO_BIN, OFF_WAFER, bin_table(options)[np.maximum(bins, 0)]).astype(np.uint8)
        return dies, None if np.array_equal(np.maximum(bins, 0), dies) else bins
    if result is not None:
        return rows.understood(result, _word, "pass or fail").astype(np.uint8), bins
    opposite = np.array([OFF_WAFER, FAIL, PASS], dtype=np.uint8)
    return opposite[rows.understood(str(fails), _word, "yes or no")], bins


def _names_wafer(name: str) -> bool:
    known = key_of(name)
    return known is not None and known[0] in ("lot", "wafer")


def _groups(keys: list[_Coded], rows: int) -> tuple[NDArray[np.intp] | None, NDArray[np.intp]]:
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
    texts: Mapping[str, _Coded], starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> dict[str, list[str]]:
    """The metadata of every wafer: columns that say one thing all over it; "" where a column varies.

    Columns that are no metadata by name but the same all over every wafer are process history: attributes.
    """
    found = {}
    for name, column in texts.items():
        same = np.minimum.reduceat(column.codes, starts) == np.maximum.reduceat(column.codes, starts)
        if not same.any() or not (same.all() or key_of(name) or name.startswith(ATTRIBUTE)):
            continue
        shown = [_text(cell) for cell in column.cells]
        cells = [
            shown[code] if one else "" for code, one in zip(column.codes[starts].tolist(), same.tolist(), strict=True)
        ]
        found[name if name.startswith(ATTRIBUTE) or key_of(name) else f"{ATTRIBUTE}{name}"] = cells
    return found


def _text(cell: object) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _grid(
    x: NDArray[np.int64], y: NDArray[np.int64], dies: NDArray[np.uint8], bins: NDArray[np.int64] | None,
    pairs: Mapping[str, str], where: str,
) -> tuple[NDArray[np.uint8], NDArray[np.uint16] | None]:  # fmt: skip
    """Lay the rows of one wafer out on its grid."""
    top, left = int(y.min()), int(x.min())
    shape = (int(y.max()) - top + 1, int(x.max()) - left + 1)
    written = grid_shape(pairs)
    if written and top >= 0 and left >= 0 and top + shape[0] <= written[0] and left + shape[1] <= written[1]:
        top, left, shape = 0, 0, written
    if max(shape) > MAX_GRID:
        problem = f"expected at most {MAX_GRID} dies a side, found {shape[0]} x {shape[1]}"
        raise FormatError(where, problem, "Correct x and y.")
    rows, columns = y - top, x - left
    grid = np.zeros(shape, dtype=np.uint8)
    grid[rows, columns] = dies
    if bins is None or not (bins != NO_BIN).any():
        return grid, None
    bin_grid = np.zeros(shape, dtype=np.uint16)
    bin_grid[rows, columns] = np.maximum(bins, 0)
    return grid, bin_grid
