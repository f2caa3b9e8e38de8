"""Columns of a table as codes into their few different cells: each different cell is understood once."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.errors import FormatError

COORDINATE_LIMIT = 10**9
RowName = Callable[[int], str]


@dataclass(frozen=True, eq=False)
class Coded:
    """A column as codes into its few different cells."""

    codes: NDArray[np.int32]
    cells: list[object]


def encode(table: pa.Table, name: str) -> Coded:
    """Code a column of an Arrow table of any type; the last cell stands for what is missing."""
    column = table.column(name)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode(null_encoding="encode")
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.unify_dictionaries().combine_chunks()
    cells = array.dictionary.to_pylist()
    indices = array.indices.fill_null(len(cells)) if array.null_count else array.indices
    return Coded(indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False), [*cells, None])


def as_text(cell: object) -> str:
    """Write a cell as text: "" where it is missing, whole numbers without a fraction."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def as_number(cell: object) -> float | None:
    """Read a cell as a finite number, with a decimal comma or point; None where it is none.

    Example:
        >>> as_number("4,0"), as_number(" 7 "), as_number("a"), as_number("nan")
        (4.0, 7.0, None, None)
    """
    try:
        number = float(cell.replace(",", ".")) if isinstance(cell, str) else float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_whole(cell: object, limit: int) -> int | None:
    """Read a cell as a whole number of at most `limit` either way; None where it is none."""
    number = as_number(cell)
    return int(number) if number is not None and number == int(number) and abs(number) <= limit else None


class Rows:
    """Cells turned into numbers; a cell that is none is named by the row where it first stands.

    Args:
        coded: the columns by name.
        source_name: the file.
        row_name: what to call row i in errors: "line 14".
    """

    def __init__(self, coded: Mapping[str, Coded], source_name: str, row_name: RowName) -> None:
        self.coded, self.source_name, self.row_name = coded, source_name, row_name

    def understood(self, name: str, read: Callable[[object], int | None], expected: str) -> NDArray[np.int64]:
        """Turn a column into whole numbers, int64 (rows,).

        Raises:
            FormatError: a cell that occurs cannot be read.
        """
        column = self.coded[name]
        values = [read(cell) for cell in column.cells]
        for code, value in enumerate(values):
            if value is None and (column.codes == code).any():
                self.refuse(name, int(np.argmax(column.codes == code)), f"expected {expected}", "Correct the cell.")
        return np.asarray([value or 0 for value in values], dtype=np.int64)[column.codes]

    def coordinates(self, name: str) -> NDArray[np.int64]:
        """Turn a column of coordinates into whole numbers, int64 (rows,)."""
        return self.understood(name, lambda cell: as_whole(cell, COORDINATE_LIMIT), "a whole number")

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Turn a column of measurements or limits into numbers, float64 (rows,); NaN where a cell is empty.

        Raises:
            FormatError: a cell is neither empty nor a number.
        """
        column = self.coded[name]
        empty = [cell is None or (isinstance(cell, str) and not cell.strip()) for cell in column.cells]
        values = [as_number(cell) for cell in column.cells]
        for code, value in enumerate(values):
            if value is None and not empty[code] and (column.codes == code).any():
                self.refuse(name, int(np.argmax(column.codes == code)), "expected a number", "Correct the cell.")
        return np.array([math.nan if value is None else value for value in values])[column.codes]

    def refuse(self, name: str, row: int, expected: str, remedy: str) -> None:
        """Raise the error that names a cell."""
        column = self.coded[name]
        where = f"{self.source_name} {self.row_name(row)}"
        raise FormatError(where, f"column '{name}' holds {column.cells[column.codes[row]]!r:.80}, {expected}", remedy)
