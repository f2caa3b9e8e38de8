"""Rows of bin codes, as text maps hold them, into dies and bins: how codes are compared, and what they become."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError
from data.formats.bins import MAX_BIN, bin_table
from data.formats.options import ReadOptions
from data.wafer import MAX_GRID, OFF_WAFER

Grids = tuple[NDArray[np.uint8], NDArray[np.uint16] | None]
Key = int | str
MOST_CODES = 4096
"""Different ones of a map: no tester has as many bins, and what each means is asked one by one."""


def bin_number(code: str, base: int = 10) -> int:
    """Return the number of a code: its value where it is a number, else that of its first character.

    Example:
        >>> bin_number("07"), bin_number("1F", 16), bin_number("X")
        (7, 31, 88)
    """
    key = code_key(code, base)
    return min(key if isinstance(key, int) else ord(code[:1] or "\0"), MAX_BIN)


def code_key(code: str, base: int) -> Key:
    """Return what codes are compared by: a number's value, whatever its case and leading zeros, or the code itself.

    Args:
        code: as written.
        base: of the numbers that codes are; 0 where codes are characters, which equal only themselves.

    Example:
        >>> code_key("001", 10) == code_key("1", 10), code_key("ff", 16) == code_key("FF", 16), code_key("x", 0)
        (True, True, 'x')
    """
    try:
        return int(code, base) if base and code.isascii() and code.isalnum() else code
    except ValueError:
        return code


def dies_text(count: int) -> str:
    """Return a number of dies in words: "1 die", "28 dies"."""
    return f"{count} die" if count == 1 else f"{count} dies"


@dataclass(frozen=True, eq=False)
class CodeGrid:
    """A map of codes.

    Args:
        codes: the distinct ones, by the row in which they first appear.
        places: int32 (H, W), which of `codes` stands where.
        counts: how often each code stands.
    """

    codes: tuple[str, ...]
    places: NDArray[np.int32]
    counts: Mapping[str, int]

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]], where: str) -> "CodeGrid":
        """Lay rows out.

        Args:
            rows: codes from the top row, each from the left; all of one length.
            where: what to call the map in errors.

        Raises:
            FormatError: there is no row, rows differ in length, or there are more dies or codes than a wafer holds.
        """
        width = len(rows[0]) if rows else 0
        if not width:
            raise FormatError(where, "the map has no rows", "Export it again.")
        uneven = next((number for number, row in enumerate(rows, 1) if len(row) != width), None)
        if uneven:
            problem = f"row {uneven} of the map has {len(rows[uneven - 1])} dies, row 1 has {width}"
            raise FormatError(where, problem, "Export it again.")
        if max(width, len(rows)) > MAX_GRID:
            problem = f"expected at most {MAX_GRID} dies a side, found {len(rows)} x {width}"
            raise FormatError(where, problem, "Split it.")
        index: dict[str, int] = {}
        for row in rows:
            for code in sorted(set(row).difference(index)):
                index[code] = len(index)
            if len(index) > MOST_CODES:
                problem = f"the map has more than {MOST_CODES} different codes"
                raise FormatError(where, problem, "Export bin codes, not measurements.")
        flat = np.fromiter(map(index.__getitem__, chain.from_iterable(rows)), np.int32, len(rows) * width)
        counts = np.bincount(flat, minlength=len(index)).tolist()
        return cls(tuple(index), flat.reshape(len(rows), width), dict(zip(index, counts, strict=True)))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.places.shape[0], self.places.shape[1]

    @property
    def corners(self) -> list[str]:
        """The codes of the four corners."""
        return [self.codes[self.places[row, column]] for row in (0, -1) for column in (0, -1)]

    def where(self, meanings: Mapping[str, int], *wanted: int) -> NDArray[np.bool_]:
        """Return (H, W), true where the code has one of the wanted meanings."""
        found: NDArray[np.bool_] = np.array([meanings[code] in wanted for code in self.codes])[self.places]
        return found


def judge_codes(grid: CodeGrid, meanings: Mapping[str, int], options: ReadOptions, base: int = 10) -> Grids:
    """Judge a map of codes.

    Args:
        grid: the map.
        meanings: OFF_WAFER, PASS or FAIL of every code; OFF_WAFER also for dies without a result.
        options: the caller's; numbers that it names go before the meanings, and where it names any, the meanings
            tell no more than which codes are no die.
        base: of the numbers that codes are.

    Returns:
        dies (H, W), and the bins when they say more than off, pass and fail do.
    """
    named = {*options.off_values, *options.pass_values, *options.fail_values}
    table = bin_table(options) if named else None
    judged, numbers = [], []
    for code in grid.codes:
        number = bin_number(code, base or 10)
        off = meanings[code] == OFF_WAFER and number not in named
        numbers.append(0 if off else number)
        judged.append(OFF_WAFER if off else meanings[code] if table is None else int(table[number]))
    dies = np.array(judged, dtype=np.uint8)[grid.places]
    bins = np.array(numbers, dtype=np.uint16)[grid.places]
    return dies, None if np.array_equal(bins, dies) else bins
