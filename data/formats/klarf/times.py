"""Times as KLARF files write them, and what to say of one that is not understood.

The standard writes month first, "05-01-24 14:30:00"; other writers use ISO 8601 or slashes. A time that may be read two
ways is not guessed.
"""

import re
from datetime import datetime

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = re.compile(r"(\d{1,4})([-/.])(\d{1,2}|[A-Za-z]{3})\2(\d{1,4})(?:[ T]+(.+))?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,6})\d*)?)?(?:\s*([AaPp])\.?[Mm]\.?)?")


def parse_time(text: str) -> datetime | None:
    """Read a time; None where it is not understood, or could be another day as well.

    ISO 8601, year first with slashes, month first with dashes as the standard has it, day and month by name; with
    slashes or dots day and month may be told only where one of them is above 12. Years of two digits are 1969 to 2068.

    Example:
        >>> parse_time("05-01-24 14:30:00"), parse_time("25/05/2024 8:05 PM"), parse_time("05/06/2024 14:30:00")
        (datetime.datetime(2024, 5, 1, 14, 30), datetime.datetime(2024, 5, 25, 20, 5), None)
    """
    text = " ".join(text.split())
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    first, mark, middle, last, clock = match.groups()
    date, time = _date(first, middle, last, mark), _time(clock or "0:00")
    if date is None or time is None:
        return None
    try:
        return datetime(*date, *time)
    except ValueError:
        return None


def _date(first: str, middle: str, last: str, mark: str) -> tuple[int, int, int] | None:
    """Return year, month and day, None where they could be others."""
    if middle.lower() in _MONTHS:
        month = _MONTHS.index(middle.lower()) + 1
        return (int(first), month, int(last)) if len(first) == 4 else (_year(last), month, int(first))
    if not middle.isdigit():
        return None
    if len(first) == 4:
        return int(first), int(middle), int(last)
    one, two = int(first), int(middle)
    months = (one <= 12, two <= 12)
    if months == (True, False) or (mark == "-" and months[0]) or one == two:
        return _year(last), one, two
    day_first = months == (False, True) and (len(last) == 4 or one > 31 or mark != "-")
    return (_year(last), two, one) if day_first else None


def _year(digits: str) -> int:
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (2000 if year < 69 else 1900)


def _time(text: str) -> tuple[int, int, int, int] | None:
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hour, half = int(match[1]), (match[5] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half == "p")
    return hour, int(match[2]), int(match[3] or 0), int((match[4] or "").ljust(6, "0"))


def inspection_time(result: str, file: str) -> tuple[datetime | None, str]:
    """Return when a wafer was inspected, and what there is to say about it.

    Args:
        result: what ResultTimestamp holds, "" when the file has none.
        file: what FileTimestamp holds.

    Returns:
        The time, None when unknown, and a sentence, "" when nothing is in doubt.
    """
    if result:
        found = parse_time(result)
        doubt = (
            f"ResultTimestamp '{result:.40}' cannot be told for certain, so the time of the inspection is not known."
        )
        return found, "" if found else doubt
    if file and (found := parse_time(file)):
        return (
            found,
            "The file gives no ResultTimestamp: the time at which it was written (FileTimestamp) stands for it.",
        )
    return None, f"FileTimestamp '{file:.40}' cannot be told for certain, so no time is known." if file else ""
