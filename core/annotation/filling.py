"""Which wafers of the lake go to the queue: those that a filter lets through, or those that a file names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.annotation.items import Candidate
from core.lake import Lake, WaferFilter

MOST = 10_000
_PARTED = re.compile(r"[\s,;\t\"']+")


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

    Args:
        lake: the lake.
        text: any text; words without a colon are passed over.
    """
    words = list(dict.fromkeys(word for word in _PARTED.split(text.lstrip("\ufeff")) if ":" in word.strip(":")))
    held = _held(lake, words)
    return NamedWafers(tuple(w for w in words if w in held), tuple(w for w in words if w not in held))


def _held(lake: Lake, keys: Sequence[str]) -> set[str]:
    return set(lake.query("SELECT key FROM wafers WHERE key IN (SELECT unnest(?))", [list(keys)])["key"])
