"""Which wafers of the lake go to the queue: those that a filter lets through, or those that a file names."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.annotation.items import Candidate
from core.lake import Lake, WaferFilter

MOST = 10_000
_PARTED = re.compile(r"[\s,;\t\"']+")
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
    """Give the first wafers of a filter in an order, to be labelled in that order.

    Args:
        lake: the lake.
        where: which wafers.
        sort: as `Lake.wafers_page` takes it.
        limit: how many at most, up to 10,000.
        reason: why they are labelled.

    Raises:
        LakeError: the table cannot be sorted like that.
    """
    keys = lake.wafers_page(where, sort, limit=min(limit, MOST))["key"]
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
    cells = {line: [line, line.strip(_QUOTES), *_cells(line)] for line in lines}
    held = _held(lake, [cell for found in cells.values() for cell in found])
    known: dict[str, None] = {}
    unknown: dict[str, None] = {}
    words = {line: [word for word in _PARTED.split(line) if ":" in word.strip(":")] for line in lines}
    held |= _held(lake, [word for found in words.values() for word in found])
    for line in lines:
        whole = [cell for cell in cells[line] if cell in held]
        known |= dict.fromkeys(whole or [word for word in words[line] if word in held])
        if not whole:
            unknown |= dict.fromkeys(word for word in words[line] if word not in held)
    return NamedWafers(tuple(known), tuple(unknown))


def _cells(line: str) -> list[str]:
    """Part a line of a CSV into its cells, whichever sign parts them."""
    try:
        return [cell.strip() for sign in ",;\t" for row in csv.reader([line], delimiter=sign) for cell in row]
    except csv.Error:
        return []


def _held(lake: Lake, keys: Sequence[str]) -> set[str]:
    return set(lake.query("SELECT key FROM wafers WHERE key IN (SELECT unnest(?))", [list(keys)])["key"])
