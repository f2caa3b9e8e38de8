"""Which wafers of the lake go to the queue: those that a filter lets through, or those that a file names."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.annotation.items import Candidate
from core.lake import Lake, WaferFilter
from core.lake.filter import order_by

MOST = 10_000
_PARTED = re.compile(r"[\s,;\t\"']+")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]?\d\d:\d\d")
_QUOTES = " \t\"'"


@dataclass(frozen=True)
class NamedWafers:
    """What a text names.

    Args:
        known: keys of wafers that the lake holds, in the order of the text, each once.
        unknown: other words that look like a key.
    """

    known: tuple[str, ...]
    unknown: tuple[str, ...]


def candidates_by_filter(lake: Lake, where: WaferFilter, sort: str, limit: int, reason: str = "") -> list[Candidate]:
    """Return the first wafers of a filter in an order, to be labelled in that order.

    What is labelled is a wafer's newest test: where the filter chooses a step, only wafers whose newest test is of it.

    Args:
        lake: the lake.
        where: which wafers.
        sort: as `Lake.wafers_page` takes it.
        limit: how many at most, up to 10,000.
        reason: why they are labelled.

    Raises:
        LakeError: the table cannot be sorted like that.
    """
    condition, parameters = where.where()
    sql = f"SELECT key FROM wafers WHERE {condition} ORDER BY {order_by(sort)} LIMIT ?"
    keys = lake.query(sql, [*parameters, min(limit, MOST)])["key"]
    return [Candidate(str(key), 0.0, reason) for key in keys]


def named_wafers(lake: Lake, text: str) -> NamedWafers:
    """Find the wafers that a text names as LOT:WAFER, one a line or parted by commas; a CSV will do.

    A name may hold blanks, commas and quotes: a line, or a cell of it, that is a wafer's key as a whole is that wafer.
    What is left is parted at blanks and commas.

    Args:
        lake: the lake.
        text: any text; words without a colon are passed over.
    """
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines() if ":" in line]
    cells = {line: [line.strip(_QUOTES), *_cells(line)] for line in lines}
    words = {cell: _words(cell) for found in cells.values() for cell in found}
    held = _held(lake, list({*words, *(word for found in words.values() for word in found)}))
    known: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for line in lines:
        for cell in cells[line][:1] if cells[line][0] in held else cells[line][1:]:
            there = [cell] if cell in held else [word for word in words[cell] if word in held]
            known |= dict.fromkeys(there)
            if cell not in held:
                # a name with blanks is one name, where not every word of it looks like a key
                parted = there or len(words[cell]) == len(_PARTED.split(cell.strip()))
                unknown |= dict.fromkeys([word for word in words[cell] if word not in held] if parted else [cell])
    return NamedWafers(tuple(known), tuple(unknown))


def _cells(line: str) -> list[str]:
    """Part a line into the cells that may name wafers, at the sign that parts it into most."""
    try:
        rows = [next(csv.reader([line], delimiter=sign, skipinitialspace=True), []) for sign in ",;\t"]
    except csv.Error:
        rows = [_PARTED.split(line)]
    cells = (cell.strip(_QUOTES) for cell in max(rows, key=len))
    return [cell for cell in cells if ":" in cell.strip(":") and not _TIME.match(cell)]


def _words(cell: str) -> list[str]:
    return [word for word in _PARTED.split(cell) if ":" in word.strip(":") and not _TIME.match(word)]


def _held(lake: Lake, keys: Sequence[str]) -> set[str]:
    return set(lake.query("SELECT key FROM wafers WHERE key IN (SELECT unnest(?))", [list(keys)])["key"])
