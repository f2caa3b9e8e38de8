"""Pass or fail of the rows of a die table, from the column that says so, the bins, or limits of tests.

A row of a table is a die that was tested, so bin 0 is a result there and never a place without a die, unless the
caller says so or the table holds every place of a rectangle with 0 at its corners.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError
from data.formats.bins import MAX_BIN, bin_table
from data.formats.coded_columns import Rows, as_number, as_whole
from data.formats.columns import Columns
from data.formats.options import ReadOptions
from data.wafer import FAIL, OFF_WAFER, PASS

NO_BIN = -1
_PASS_WORDS = "p pass passed passing good ok true t y yes accept accepted 1"
_FAIL_WORDS = "f fail failed failing bad ng nok false n no reject rejected 0"
_WORDS = {
    **dict.fromkeys(_PASS_WORDS.split(), PASS),
    **dict.fromkeys(_FAIL_WORDS.split(), FAIL),
    **dict.fromkeys(("", "off", "none", "null", "nan", "n/a", "untested", "not tested", "skip", "-"), OFF_WAFER),
}
_MISSING = ("", "nan", "n/a", "null", "none")
_MOST_CODES = 64
_REMEDY = "Say which bins pass, fail or hold no die."


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What the rows of a table say.

    Args:
        dies: uint8 (rows,), 0 off, 1 pass, 2 fail.
        bins: int64 (rows,), NO_BIN where a cell is empty; None where they say no more than `dies`.
        remarks: sentences on what was assumed.
    """

    dies: NDArray[np.uint8]
    bins: NDArray[np.int64] | None = None
    remarks: tuple[str, ...] = ()


def read_word(cell: object) -> int | None:
    """Read a cell that says pass or fail in a word or number; None for any other."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, bool | np.bool_):
        return PASS if cell else FAIL
    return OFF_WAFER if cell is None else _WORDS.get(str(cell).strip().lower())


def is_result(cell: str) -> bool:
    """Return whether a text may be the result of a die: a word for pass or fail, or a number."""
    return as_number(cell) is not None or read_word(cell) in (PASS, FAIL)


def judge(rows: Rows, columns: Columns, options: ReadOptions, x: NDArray[np.int64], y: NDArray[np.int64]) -> Verdicts:
    """Pass or fail from the column that says so, else from the bins; a column of words under a bin's name is a result.

    Args:
        rows: the cells.
        columns: which column holds what.
        options: the caller's; its values go before what the table says.
        x: column of the die of each row.
        y: row of the die of each row.

    Raises:
        FormatError: a cell is no result, or it cannot be told which bins pass.
    """
    if columns.measured is not None:
        return Verdicts(_within_limits(rows, columns))
    bin_name, bins = columns.bin or columns.code, None
    if bin_name is not None:
        try:
            bins = rows.understood(bin_name, _bin, f"a bin number 0 to {MAX_BIN} or pass/fail")
        except FormatError:
            if columns.result or columns.fails:
                raise
            words = _words(rows, bin_name)
            if words is None:
                raise
            return Verdicts(words)
    told = options.off_values or options.pass_values or options.fail_values
    said = _said(rows, columns)
    if said is not None and (bins is None or (said.any() and not told)):
        return Verdicts(said, bins)
    if bins is not None:
        if columns.code is not None and not told:
            _refuse_measurements(rows, columns.code, bins)
        table, remarks = _told(options) if told else _assumed(bins, x, y, str(bin_name), rows.source_name)
        dies = np.where(bins == NO_BIN, OFF_WAFER, table[np.maximum(bins, 0)]).astype(np.uint8)
        return Verdicts(dies, None if np.array_equal(np.maximum(bins, 0), dies) else bins, remarks)
    raise FormatError(rows.source_name, "no column says which dies pass", _REMEDY)


def _said(rows: Rows, columns: Columns) -> NDArray[np.uint8] | None:
    """Read the column that says pass or fail; None where there is none."""
    if columns.result is not None:
        return rows.understood(columns.result, read_word, "pass or fail").astype(np.uint8)
    if columns.fails is None:
        return None
    opposite = np.array([OFF_WAFER, FAIL, PASS], dtype=np.uint8)
    return opposite[rows.understood(columns.fails, read_word, "yes or no")]


def _bin(cell: object) -> int | None:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return NO_BIN
    if isinstance(cell, str) and cell.strip().lower() in _MISSING:
        return NO_BIN
    number = as_whole(cell, MAX_BIN)
    return None if number is None or number < 0 else number


def _words(rows: Rows, name: str) -> NDArray[np.uint8] | None:
    try:
        return rows.understood(name, read_word, "pass or fail").astype(np.uint8)
    except FormatError:
        return None


def _within_limits(rows: Rows, columns: Columns) -> NDArray[np.uint8]:
    """Judge tests by their limits; a test without a value was not done, and one without a limit passes."""
    values = rows.numbers(str(columns.measured))
    dies = np.where(np.isnan(values), OFF_WAFER, PASS).astype(np.uint8)
    for name, beyond in ((columns.low, np.less), (columns.high, np.greater)):
        if name is not None:
            dies[beyond(values, rows.numbers(name))] = FAIL
    return dies


def _refuse_measurements(rows: Rows, name: str, bins: NDArray[np.int64]) -> None:
    different = np.unique(bins[bins != NO_BIN])
    if len(different) > _MOST_CODES or 1 not in different:
        raise FormatError(
            rows.source_name,
            f"column '{name}' holds {len(different)} different numbers, expected bins of which 1 passes",
            "Name the column of bins or results 'bin', or say which values pass.",
        )


def _told(options: ReadOptions) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Return what bins mean by the caller's options; 0 is a bin like others where they do not name it."""
    table = bin_table(options)
    if 0 not in (*options.off_values, *options.pass_values, *options.fail_values):
        if options.pass_values or options.fail_values:
            table[0] = PASS if options.fail_values and not options.pass_values else FAIL
        else:
            table[0] = FAIL
    return table, ()


def _assumed(
    bins: NDArray[np.int64], x: NDArray[np.int64], y: NDArray[np.int64], name: str, where: str
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Return what bins mean where nobody says so: 1 passes; 0 passes only where most dies have it and none has 1.

    Raises:
        FormatError: 0 may pass or fail.
    """
    table = bin_table(ReadOptions())
    zeros, ones, known = (int(np.count_nonzero(bins == value)) for value in (0, 1, NO_BIN))
    known = len(bins) - known
    if not zeros:
        said = f"No die has bin 1, which passes where nobody says otherwise, so all dies of '{name}' fail."
        return table, () if ones or not known else (said,)
    if ones and _is_whole_rectangle(bins, x, y):
        said = f"The table holds every place of a rectangle, with 0 in '{name}' at its corners: 0 was read as no die."
        return table, (said,)
    if not ones and 2 * zeros > known:
        table[0] = PASS
        return table, (f"No die has bin 1 and most have bin 0 in '{name}': bin 0 was read as passing.",)
    if ones > zeros:
        table[0] = FAIL
        return table, (f"Bin 1 passes, so the {zeros} rows with bin 0 in '{name}' were read as failing.",)
    raise FormatError(where, f"{zeros} of {known} dies have bin 0 in '{name}', which may pass or fail", _REMEDY)


def _is_whole_rectangle(bins: NDArray[np.int64], x: NDArray[np.int64], y: NDArray[np.int64]) -> bool:
    """Return whether a table is an array written out: each place has as many rows, the corners hold 0 alone."""
    left, right, top, bottom = int(x.min()), int(x.max()), int(y.min()), int(y.max())
    width, height = right - left + 1, bottom - top + 1
    if min(width, height) < 3 or len(bins) % (width * height):
        return False
    corners = ((x == left) | (x == right)) & ((y == top) | (y == bottom))
    if bins[corners].any():
        return False
    counts = np.bincount((y - top) * width + (x - left), minlength=width * height)
    return bool((counts == len(bins) // (width * height)).all())
