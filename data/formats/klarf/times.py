"""When a wafer was inspected, and what to say where that is in doubt."""

import re
from datetime import datetime

from data.formats.times import day_comes_first, read_time

_DASHED = re.compile(r"[0-9]{1,2}-[0-9]{1,2}-")


def inspection_time(result: str, file: str) -> tuple[datetime | None, str]:
    """Return when a wafer was inspected, and what there is to say about it.

    With dashes the month comes first, as the standard writes it, unless the file's other date says otherwise; any other
    way of writing has to tell the day by itself.

    Args:
        result: what ResultTimestamp holds, "" when the file has none.
        file: what FileTimestamp holds.

    Returns:
        The time, None when unknown, and a sentence, "" when nothing is in doubt.

    Example:
        >>> inspection_time("05-01-24 14:30:00", "")
        (datetime.datetime(2024, 5, 1, 14, 30), '')
    """
    name, text = ("ResultTimestamp", result) if result else ("FileTimestamp", file)
    if not text:
        return None, ""
    day_first = day_comes_first([result, file])
    found = read_time(text, day_first=False if day_first is None and _DASHED.match(text) else day_first)
    if found is None:
        return None, f"The time of the inspection is unknown: {name} '{text:.40}' cannot be read in one way alone."
    return (
        found,
        "" if result else f"The file gives no ResultTimestamp: its {name}, when it was written, stands for it.",
    )
