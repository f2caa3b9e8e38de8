"""Files that Waferscope wrote itself: what each says it is and of which wafer, and what to say to those that hold none.

A picture, a record or a table of dies names its kind and its wafer under `waferscope`. Tables of dies and overlay
pictures are read as the wafer that they were made of; of a file that holds no dies it is said what it is.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from html import unescape

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError
from data.formats.metadata import parse_pairs
from data.formats.options import ReadFailure, ReadOptions
from data.formats.source import Source
from data.formats.text import head_lines
from data.orientation import axes_text
from data.wafer import WaferMap

MARK = "waferscope"
KIND, KEY = "kind", "key"
DIES, OVERLAY, MASK, KLARF, G85, E142 = "dies", "overlay", "mask", "klarf", "g85", "e142"
MAKER = "Waferscope"
COMMENT = f"<!-- {MAKER}: defect classes as bins -->"
DIE_COLUMNS = ("key", "lot", "wafer", "x", "y", "row", "column", "bin", "result", "defect")
"""What a table of dies begins with; classes and the mark follow."""

_TABLES = {
    "a table of wafers": ("key", "lot", "wafer", "tested_dies", "severity"),
    "a table of clusters": ("key", "lot", "wafer", "class", "number", "die_count"),
}
_WORDS = {
    "svg": "an overlay drawing",
    "result": "the clusters of a wafer",
    "coordinates": "the clusters of wafers",
    "export": "the list of an export",
    "labels": "labels of wafers",
}
_MARKED = re.compile(r'"waferscope": ?(?=\{)')
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The wide signs too: a spreadsheet set to Japanese or Chinese takes them for the narrow ones."""
_REMEDY = "Import the wafer from its original file, or from its exports Dies CSV or Overlay PNG."


def is_die_table(names: Collection[str]) -> bool:
    """Return whether columns are those of the table of dies that Waferscope exports."""
    return set(DIE_COLUMNS) <= set(names)


def recognises(source: Source) -> bool:
    """Return whether a file is an export of Waferscope without a map of dies: JSON, SVG, or another of its tables."""
    return _kind(source) is not None


def refuse(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Return what an export without dies is."""
    yield ReadFailure(source.name, str(refusal(*(_kind(source) or ("an export", "")), source.name)))


def refusal(what: str, wafer: str, where: str) -> FormatError:
    """Build the error of an export that holds no map of dies; `wafer` is "" where it is of many."""
    of = f" of {wafer:.80}" if wafer else ""
    return FormatError(where, f"expected a wafer map, found {what}{of} that Waferscope exported", _REMEDY)


def is_own_xml(source: Source) -> bool:
    """Return whether Waferscope wrote an XML map."""
    return COMMENT.encode() in source.head


def own_pairs(cells: Iterable[object], where: str) -> dict[str, str]:
    """Read what the table of dies says of a wafer: the first cell of its mark that is filled; {} for none.

    Raises:
        FormatError: the mark is damaged.
    """
    text = next((str(cell) for cell in cells if cell is not None and str(cell).strip()), "")
    return parse_pairs(text, where) if text else {}


def defused(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula.

    Example:
        >>> defused("=1+1"), restored(defused("=1+1")), defused("LOT-7")
        ("'=1+1", '=1+1', 'LOT-7')
    """
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text


def restored(text: str) -> str:
    """Take back what `defused` did."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_STARTS_A_FORMULA) else text


def axes_of(
    x: NDArray[np.int64], y: NDArray[np.int64], row: NDArray[np.int64], column: NDArray[np.int64]
) -> str | None:
    """Find how a file's coordinates run on the grid from dies that name both; None where they don't run along it.

    Args:
        x: of each die, as the file it came from names it.
        y: the same.
        row: of the die, 0 for the first row of the grid.
        column: of the die.
    """
    ways, first = [], []
    for axis in (x, y):
        along = {"right": axis - column, "left": axis + column, "down": axis - row, "up": axis + row}
        way = next((way for way, rest in along.items() if np.ptp(rest) == 0), None)
        if way is None:
            return None
        ways.append(way)
        first.append(int(along[way][0]))
    return axes_text(ways[0], ways[1], (first[0], first[1]))


def _kind(source: Source) -> tuple[str, str] | None:
    """Return what an export without dies is and of which wafer, "" for many."""
    lines = head_lines(source)
    if not lines:
        return None
    if lines[0].startswith(("{", "<svg")):
        said = _mark("\n".join(lines))
        kind = said.get(KIND)
        return (_WORDS.get(str(kind), "an export"), str(said.get(KEY, ""))) if kind else None
    names = {name.partition(" (")[0] for name in lines[0].split(",")}
    return next(((what, "") for what, columns in _TABLES.items() if set(columns) <= names), None)


def _mark(text: str) -> dict[str, object]:
    """Return what a record or drawing says of itself near its beginning; {} for nothing."""
    text = unescape(text) if text.startswith("<") else text
    found = _MARKED.search(text)
    try:
        said = json.JSONDecoder().raw_decode(text, found.end())[0] if found else {}
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
