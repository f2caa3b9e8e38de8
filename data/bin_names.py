"""Names of bins, as files say them: kept in the attribute `bins` as text that people read and the app can, too."""

import re
from collections.abc import Iterable, Mapping

from data.wafer import WaferMap

BINS, MAP, MAPS = "bins", "map", "maps"
"""Attributes: names of the bins shown, name of the map that they are of, and of all maps that the file holds."""
_NEXT = re.compile(r", (?=\d+ )")
_VERDICT = re.compile(r"^(pass|fail|good|bad|reject)\b\s*", re.IGNORECASE)


def bins_text(said: Mapping[int, Iterable[str]]) -> str:
    """List bins by number with what is said of each, its verdict and its name.

    Example:
        >>> bins_text({5: ("fail", "Open, pin 3"), 1: ("pass", "Good"), 7: ("", "")})
        '1 pass Good, 5 fail Open; pin 3'
    """
    words = {number: " ".join(filter(None, own)).replace(",", ";") for number, own in said.items()}
    return ", ".join(f"{number} {words[number]}" for number in sorted(words) if words[number])


def bin_names(wafer: WaferMap) -> dict[int, str]:
    """Return the names of a wafer's bins, as far as its file has them, without their verdicts.

    Example:
        >>> import numpy as np
        >>> dies = np.ones((1, 1), dtype=np.uint8)
        >>> said = {"bins": "1 pass Good, 5 fail Open; pin 3, 7 Leak fail, 9 fail"}
        >>> bin_names(WaferMap(dies, "L", "W", attributes=said))
        {1: 'Good', 5: 'Open; pin 3', 7: 'Leak fail'}
    """
    names = {}
    for part in _NEXT.split(wafer.attributes.get(BINS, "")):
        number, _, words = part.partition(" ")
        name = _VERDICT.sub("", words, count=1)
        if number.isdecimal() and name:
            names[int(number)] = name
    return names
