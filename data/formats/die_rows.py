"""Rows of one wafer: coordinates, results, bins and tests, joined to one row a die and laid out on the grid."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError
from data.formats.coded_columns import Coded
from data.formats.grid import Axes, to_grid
from data.formats.metadata import ATTRIBUTE, grid_shape
from data.formats.verdicts import NO_BIN
from data.orientation import DIE_AXES
from data.wafer import MAX_GRID, OFF_WAFER

_LEAST_ROWS = 12
_REPEATS = re.compile(
    "retest|repeat|pass|run|insert|touch|step|loop|time|date|seq|index|attempt|cycle|record|serial|row"
)


@dataclass(frozen=True, eq=False)
class DieRows:
    """Rows of a table: coordinates, off, pass or fail, bins, and a number for the test of each row."""

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    dies: NDArray[np.uint8]
    bins: NDArray[np.int64] | None
    tests: NDArray[np.int64] | None

    def at(self, rows: slice | NDArray[np.intp]) -> "DieRows":
        """Choose rows."""
        bins, tests = (None if column is None else column[rows] for column in (self.bins, self.tests))
        return DieRows(self.x[rows], self.y[rows], self.dies[rows], bins, tests)


def joint(columns: Sequence[NDArray[np.integer]]) -> NDArray[np.int64]:
    """Return rows that agree in all columns one number, int64 (rows,), 0 to the number of different rows less one."""
    combined = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        different, own = np.unique(column, return_inverse=True)
        _, combined = np.unique(combined * len(different) + own, return_inverse=True)
    return combined


def refuse_unnamed_tests(rows: DieRows, texts: Mapping[str, Coded], where: str) -> None:
    """Refuse a table whose first wafer has as many rows for every die, told apart by a column whose name says not why.

    Such rows may be tests, of which one failing fails the die, or repeats, of which the last counts.

    Raises:
        FormatError: they are, and results of a die differ.
    """
    if rows.tests is not None or len(rows.x) < _LEAST_ROWS:
        return
    width, height = int(np.ptp(rows.x)) + 1, int(np.ptp(rows.y)) + 1
    if max(width, height) > MAX_GRID:
        return
    place = (rows.y - rows.y.min()) * width + (rows.x - rows.x.min())
    counts = np.bincount(place, minlength=width * height)
    each = int(counts.max())
    if each < 2 or (counts[counts > 0] != each).any():
        return
    first = np.zeros(width * height, dtype=np.uint8)
    first[place] = rows.dies
    if (first[place] == rows.dies).all():
        return
    for name, column in texts.items():
        codes = column.codes[: len(place)]
        if _REPEATS.search(name.lower()) or len(np.unique(codes)) != each:
            continue
        if int(joint([place, codes]).max()) + 1 == len(place):
            problem = f"every die has {each} rows, told apart by '{name}', and their results differ"
            raise FormatError(
                where, problem, "Name that column test_id if a row is a test, or retest if the last counts."
            )


def laid_out(
    rows: DieRows, pairs: Mapping[str, str], where: str
) -> tuple[NDArray[np.uint8], NDArray[np.uint16] | None, dict[str, str]]:
    """Lay the rows of one wafer out on its grid: as Waferscope wrote it, else the box around its dies.

    Returns:
        dies (H, W), bins (H, W) or None, and the pair that keeps the file's own coordinates, if they differ from rows
        and columns of a written grid.
    """
    if rows.tests is not None:
        rows = _one_row_a_die(rows)
    written, kept = grid_shape(pairs), ATTRIBUTE + DIE_AXES
    known = rows.bins is not None and bool((rows.bins != NO_BIN).any())
    bins = np.maximum(rows.bins, 0) if known and rows.bins is not None else None
    box = to_grid(rows.x, rows.y, rows.dies, bins, Axes(), where)
    if written is None or min(rows.x.min(), rows.y.min()) < 0:
        return box[0], box[1], {} if kept in pairs else {kept: box[2]}
    if rows.y.max() >= written[0] or rows.x.max() >= written[1] or max(written) > MAX_GRID:
        return box[0], box[1], {} if kept in pairs else {kept: box[2]}
    top, left = int(rows.y.min()), int(rows.x.min())
    margins = ((top, written[0] - top - box[0].shape[0]), (left, written[1] - left - box[0].shape[1]))
    return np.pad(box[0], margins), None if box[1] is None else np.pad(box[1], margins), {}


def _one_row_a_die(rows: DieRows) -> DieRows:
    """Join the tests of each die: the last row of a test counts, a failing test fails the die."""
    tests = np.zeros(len(rows.x), dtype=np.int64) if rows.tests is None else rows.tests
    _, last = np.unique(joint([rows.x, rows.y, tests])[::-1], return_index=True)
    rows = rows.at(np.sort(len(rows.x) - 1 - last))
    die = joint([rows.x, rows.y])
    _, first = np.unique(die, return_index=True)
    dies = np.full(len(first), OFF_WAFER, dtype=np.uint8)
    np.maximum.at(dies, die, rows.dies)  # off < pass < fail
    bins = None
    if rows.bins is not None:
        bins = np.full(len(first), NO_BIN)
        bins[die] = rows.bins
    return replace(rows.at(first), dies=dies, bins=bins)
