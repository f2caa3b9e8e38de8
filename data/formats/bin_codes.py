"""Rows of bin codes, as text maps hold them, into dies and bins: which codes are no die, and which pass."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError
from data.formats.bins import MAX_BIN, bin_table
from data.formats.options import ReadOptions
from data.wafer import FAIL, MAX_GRID, OFF_WAFER

Grids = tuple[NDArray[np.uint8], NDArray[np.uint16] | None]


def bin_number(code: str, base: int = 10) -> int:
    """Give the number of a code: its value where it is a number, else that of its first character.

    Example:
        >>> bin_number("07"), bin_number("1F", 16), bin_number("X")
        (7, 31, 88)
    """
    try:
        number = int(code, base) if code.isascii() and code.isalnum() else -1
    except ValueError:
        number = -1
    if number < 0:
        number = ord(code[0])
    return min(number, MAX_BIN)


def judge_codes(
    rows: Sequence[Sequence[str]],
    no_die: Iterable[str],
    verdicts: Mapping[str, int],
    options: ReadOptions,
    where: str,
    base: int = 10,
) -> Grids:
    """Judge a map of codes.

    Args:
        rows: codes from the top row, each from the left; all of one length.
        no_die: codes that mean "no die here".
        verdicts: PASS or FAIL of codes that the file explains; bin 1 passes where it explains none.
        options: the caller's; its values go before what the file says.
        where: what to call the map in errors.
        base: of the numbers that codes are.

    Returns:
        dies (H, W), and the bins when they say more than off, pass and fail do.

    Raises:
        FormatError: there is no row, rows differ in length, or there are more than a wafer holds.
    """
    width = len(rows[0]) if rows else 0
    if not width:
        raise FormatError(where, "the map has no rows", "Export it again.")
    uneven = next((number for number, row in enumerate(rows, 1) if len(row) != width), None)
    if uneven:
        problem = f"row {uneven} of the map has {len(rows[uneven - 1])} dies, row 1 has {width}"
        raise FormatError(where, problem, "Export it again.")
    if max(width, len(rows)) > MAX_GRID:
        raise FormatError(where, f"expected at most {MAX_GRID} dies a side, found {len(rows)} x {width}", "Split it.")
    off, told = set(no_die), options.off_values or options.pass_values or options.fail_values
    table = bin_table(options)
    meaning, numbers = {}, {}
    for code in {code for row in rows for code in row}:
        number = 0 if code in off else bin_number(code, base)
        usual = verdicts.get(code, FAIL) if verdicts else int(bin_table(ReadOptions())[number])
        meaning[code] = OFF_WAFER if code in off else int(table[number]) if told else usual
        numbers[code] = number
    dies = np.array([[meaning[code] for code in row] for row in rows], dtype=np.uint8)
    bins = np.array([[numbers[code] for code in row] for row in rows], dtype=np.uint16)
    return dies, None if np.array_equal(bins, dies) else bins
