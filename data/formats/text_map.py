"""Plain-text bin maps: headers such as "Lot: L1", then a line a row of dies.

    Wafer ID: 05
    Notch: Down
    ..111..
    .11X11.

Codes stand close, one character each, or parted by blanks, commas, semicolons or tabs. What they mean is the header's
word ("PASBIN 1", "NULBC=.", "X: Fail"); else dots, underscores, dashes, blanks, @ and 0 are places without a die, 1 and
P pass, other numbers and letters fail, and marks such as * are dies without a result.

Rows of text are a map only on evidence: the header declares as many rows and columns, the dies fill a round outline, or
they stand below headers of a wafer and hold dots where no die is, or are a full rectangle in which one code prevails.
Lists and tables have none of these.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from data.errors import FormatError
from data.formats.bin_codes import CodeGrid, code_key, judge_codes
from data.formats.code_meaning import NO_DIE, CodeUsage, declared_totals, explain_codes
from data.formats.map_header import MapHeader, read_header
from data.formats.map_outline import is_full_rectangle, is_round
from data.formats.map_rows import LEAST_ROWS, cells_of, runs_of_rows
from data.formats.metadata import key_of
from data.formats.options import ReadFailure, ReadOptions
from data.formats.source import Source, build_wafer
from data.formats.text import head_lines, header_pairs, map_lines
from data.wafer import MAX_GRID, OFF_WAFER, PASS, WaferMap

_MOST_RUNS, _NEAR, _MARKED_HEADERS = 8, 500, 2
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{2}")
_NOTCH_WORD = re.compile(r"\s*(?:notch|flat)[\s/-]{1,3}(\w{1,10})\s*", re.IGNORECASE)
_SECS_NAMES = re.compile(r"\s*(?:MAPTYP|MAPFT|ORLOC|IDTYP|NULBC)\s*[:=]")
_DEGREES = re.compile(r"\s*FNLOC\s*[:=]\s*(\d{1,3})\s*")
_FROM_BOTTOM = {"0": "down", "90": "left", "180": "up", "270": "right"}


@dataclass(frozen=True)
class _Run:
    """Rows that may be a map.

    Args:
        begin: line of the first, from 0.
        rows: its codes.
        grid: the same, None where rows differ in length.
        header: what the lines around say of it.
        base: of the numbers that codes are.
        evidence: that it is a map: 0 none, 1 below headers of a wafer, 2 by its outline or its declared size.
    """

    begin: int
    rows: list[list[str]]
    grid: CodeGrid | None = None
    header: MapHeader = field(default_factory=MapHeader)
    base: int = 0
    evidence: int = 0

    @property
    def begins_like_a_map(self) -> bool:
        """Its first row begins and ends off the wafer, or is as long as the header says."""
        if not self.rows:
            return False
        ends = self.rows[0][0] + self.rows[0][-1]
        return not ends.strip(NO_DIE + "0") or len(self.rows[0]) == self.header.columns


def recognises(source: Source) -> bool:
    """Return whether a file is text that holds a map; of a file that is longer than its head, whether one may begin."""
    lines = head_lines(source)
    whole = source.size <= len(source.head)
    try:
        runs, _ = _of_small_text("\n".join(lines), source.name) if whole else _weighed_runs(lines[:-1], source.name)
    except FormatError:
        return True  # a map that contradicts itself, which reading it says
    return any(run.evidence or ((run.grid is None or not whole) and run.begins_like_a_map) for run in runs)


@lru_cache(maxsize=1)
def _of_small_text(text: str, where: str) -> tuple[list[_Run], list[str]]:
    """Weigh a short file's rows once for recognising and reading it."""
    return _weighed_runs(text.split("\n"), where)


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafer of a plain-text map.

    Raises:
        FormatError: it holds no rows, several maps, or rows that differ in length (the line is named); nothing tells
            that the rows are a map; the header contradicts itself or the map.
    """
    lines = map_lines(source)
    whole = source.size <= len(source.head)
    runs, around = _of_small_text("\n".join(lines), source.name) if whole else _weighed_runs(lines, source.name)
    run = _the_map(runs, source.name)
    grid = run.grid or CodeGrid.of(run.rows, source.name)
    run.header.check_size(grid.shape, source.name)
    meanings, remarks = explain_codes(grid, run.header, CodeUsage(run.base, zero_is_no_die=not _told(options)))
    dies, bins = judge_codes(grid, meanings, options, run.base)
    remarks = [] if _told(options) else remarks
    remarks += declared_totals(run.header, meanings, grid).remarks(dies, source.name)
    pairs = header_pairs(around) | _notch(around, source.name)
    yield build_wafer(source, options, dies, bins=bins, pairs=pairs, remarks=remarks)


def _told(options: ReadOptions) -> bool:
    return bool(options.off_values or options.pass_values or options.fail_values)


def _weighed_runs(lines: Sequence[str], where: str) -> tuple[list[_Run], list[str]]:
    """Return the longest runs of rows with what speaks for each, and the lines that are in none."""
    runs = sorted(runs_of_rows(lines), key=lambda run: len(run[1]), reverse=True)
    longest = [_parted(begin, run) for begin, run in runs[:_MOST_RUNS]]
    taken = {number for begin, run in runs[_MOST_RUNS:] for number in range(begin, begin + len(run))}
    taken.update(number for begin, rows in longest for number in range(begin, begin + len(rows)))
    around = [line for number, line in enumerate(lines) if number not in taken]
    around = around if len(around) <= 2 * _NEAR else [*around[:_NEAR], *around[-_NEAR:]]
    return [_weighed(begin, rows, around, where) for begin, rows in longest], around


def _parted(begin: int, lines: Sequence[str]) -> tuple[int, list[list[str]]]:
    """Return the first line of a run that is no ruler and no header, and the codes from there on."""
    top, rows = cells_of(lines)
    cut, rows = _without_headers(rows)
    return begin + top + cut, rows


def _weighed(begin: int, rows: list[list[str]], around: Sequence[str], where: str) -> _Run:
    """Look for evidence that rows are a map."""
    if not LEAST_ROWS <= len(rows) <= MAX_GRID or {len(row) for row in rows} - {min(len(rows[0]), MAX_GRID)}:
        return _Run(begin, rows)
    grid, base, header = _with_header(rows, around, where)
    size = (header.columns or 1) * (len(rows[0]) // (header.columns or 1))
    if base == 0 and header.rows == len(rows) and header.columns and header.columns < size == len(rows[0]):
        step = size // header.columns  # codes of several characters that stand close
        rows = [["".join(row[at : at + step]) for at in range(0, size, step)] for row in rows]
        grid, base, header = _with_header(rows, around, where)
    said = {code: header.verdicts.get(code_key(code, base)) for code in grid.codes}
    off = {code: OFF_WAFER if said[code] == OFF_WAFER or not code.strip(NO_DIE + "0") else PASS for code in grid.codes}
    corner = grid.corners[0] if len(set(grid.corners)) == 1 else None
    is_map = header.fits(grid.shape) or is_round(grid.where(off, PASS))
    if corner is not None and not is_map and said[corner] != PASS and corner.lstrip("0") not in ("1", "P"):
        is_map = is_round(grid.places != grid.codes.index(corner))
    evidence = 2 * is_map
    if not is_map:
        headers = {key_of(name) for name in header_pairs(around)} - {None}
        marked = len(headers) >= _MARKED_HEADERS and any(not code.strip("._") for code in grid.codes)
        evidence = int(marked or (bool(headers) and is_full_rectangle(grid)))
    return _Run(begin, rows, grid, header, base, evidence)


def _with_header(rows: list[list[str]], around: Sequence[str], where: str) -> tuple[CodeGrid, int, MapHeader]:
    """Return a run's codes, the base of their numbers, and what the lines around say of them."""
    grid = CodeGrid.of(rows, where)
    base = 16 if _is_hexadecimal(grid) else 10 if max(map(len, grid.codes)) > 1 else 0
    return grid, base, read_header(around, grid.codes, base, where)


def _without_headers(rows: list[list[str]]) -> tuple[int, list[list[str]]]:
    """Leave lines out that stand right above or below a map, are no row of it by their length, and hold other codes."""
    usual = max((lengths := Counter(map(len, rows))), key=lambda length: lengths[length], default=0)
    codes = {code for row in rows if len(row) == usual for code in row}
    own = [len(row) == usual or codes.issuperset(row) for row in rows]
    if not any(own):
        return 0, rows
    first = own.index(True)
    return first, rows[first : len(rows) - own[::-1].index(True)]


def _is_hexadecimal(grid: CodeGrid) -> bool:
    words = [code for code in grid.codes if code.strip(NO_DIE)]
    return all(map(_HEXADECIMAL.fullmatch, words)) and any(not word.isdecimal() for word in words)


def _the_map(runs: Sequence[_Run], where: str) -> _Run:
    """Choose the only run that is a map.

    Raises:
        FormatError: there is none, or there are several.
    """
    most = max((run.evidence for run in runs), default=0)
    maps = sorted((run for run in runs if run.evidence and run.evidence == most), key=lambda run: run.begin)
    if len(maps) > 1:
        places = ", ".join(str(run.begin + 1) for run in maps)
        problem = f"the file holds {len(maps)} maps, which begin in lines {places}"
        raise FormatError(where, problem, "Save each map as a file of its own.")
    if maps:
        return maps[0]
    if not runs:
        problem = f"expected {LEAST_ROWS} rows of bin codes or more, found none"
        raise FormatError(where, problem, "Export the map again.")
    run = runs[0]
    uneven = next((number for number, row in enumerate(run.rows) if len(row) != len(run.rows[0])), None)
    if uneven is not None:
        problem = f"the row has {len(run.rows[uneven])} dies, the first row has {len(run.rows[0])}"
        raise FormatError(f"{where} line {run.begin + uneven + 1}", problem, "Export the map again.")
    if run.grid is not None:
        run.header.check_size(run.grid.shape, where)
    raise FormatError(
        where,
        "expected the rows of a map, whose dies fill a round outline or are as many as the header's Rows and Columns "
        f"say; found {len(run.rows)} lines of {len(run.rows[0]) if run.rows else 0} codes that are neither",
        "Write Rows and Columns above a map; name the columns x, y and bin of a table.",
    )


def _notch(around: Sequence[str], where: str) -> dict[str, str]:
    """Read the notch where it is written as in "notch-DOWN", or as FNLOC of SECS maps, in degrees from the bottom."""
    for line in around:
        if (match := _NOTCH_WORD.fullmatch(line)) and match[1].lower() not in ("die", "dies"):
            return {"notch": match[1]}
    if not any(map(_SECS_NAMES.match, around)):
        return {}
    degrees = next((match[1] for match in map(_DEGREES.fullmatch, around) if match), "")
    if degrees and str(int(degrees)) not in _FROM_BOTTOM:
        raise FormatError(where, f"FNLOC is 0, 90, 180 or 270 degrees, found '{degrees}'", "Correct it.")
    return {"notch": _FROM_BOTTOM[str(int(degrees))]} if degrees else {}
