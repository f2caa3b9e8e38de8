"""Points in time as testers write them: year, day or month first, 12 or 24 hours, with or without a zone.

Whether day or month comes first is told by the file's own dates: one part over 12 settles it for all. Where none
does, the time is unknown rather than guessed.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

_LONGEST = 60
_DATE = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,? +)??"  # a day of the week
    r"(?P<first>[0-9]{1,4}|[A-Za-z]{3,9}\.?)[-/. ] ?(?P<second>[0-9]{1,2}|[A-Za-z]{3,9}\.?),?[-/. ] ?"
    r"(?P<third>[0-9]{1,4})(?![0-9:])"
)
_TIME = re.compile(
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r" ?(?P<half>[AaPp]\.?[Mm]\.?)? ?(?P<zone>[Zz]|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?"
)
_UNIX_DATE = re.compile(
    r"(?:[A-Za-z]{3} )?(?P<month>[A-Za-z]{3}) +(?P<date>[0-9]{1,2}) (?P<time>[0-9:]{5,8}) "
    r"(?:(?P<zone>[A-Z]{3}) )?(?P<year>[0-9]{4})"
)
_COMPACT = re.compile(r"[0-9]{14}")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CENTURY = 69
"""Two digits of a year up to this are of this century, as in C's strptime."""


def read_time(text: str, *, day_first: bool | None = None) -> datetime | None:
    """Read a point in time; without a zone it stays naive.

    Args:
        text: as the file has it.
        day_first: what the file's other dates tell, from `day_comes_first`; None where they tell nothing.

    Returns:
        None where it is no time, or where day and month cannot be told apart.

    Example:
        >>> read_time("5/28/2026 2:22 PM").isoformat(), read_time("28.05.2026 14:22:05").isoformat()
        ('2026-05-28T14:22:00', '2026-05-28T14:22:05')
        >>> read_time("03/04/2026"), read_time("03/04/2026", day_first=True).isoformat()
        (None, '2026-04-03T00:00:00')
    """
    text = " ".join(text.split()) if len(text) <= _LONGEST else ""
    if _COMPACT.fullmatch(text):
        text = f"{text[:8]}T{text[8:]}"
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    if unix := _UNIX_DATE.fullmatch(text):
        text = f"{unix['month']} {unix['date']} {unix['year']} {unix['time']} {unix['zone'] or ''}".strip()
    match = _DATE.match(text)
    if match is None:
        return None
    days = _readings(match)
    if day_first is not None and len(set(days.values())) > 1:
        days = {order: day for order, day in days.items() if order == ("day" if day_first else "month")}
    rest = text[match.end() :].lstrip(" T,;-")
    if len(set(days.values())) != 1:
        return None
    day = next(iter(days.values()))
    return day if not rest else _with_clock(day, rest)


def day_comes_first(texts: Iterable[str]) -> bool | None:
    """Return whether the dates of a file put the day before the month; None where none tells, or they differ.

    Example:
        >>> day_comes_first(["03/04/2026", "28/04/2026"]), day_comes_first(["03/04/2026"])
        (True, None)
    """
    orders = set()
    for text in texts:
        match = _DATE.match(" ".join(text.split())) if len(text) <= _LONGEST else None
        days = _readings(match) if match else {}
        if len(days) == 1:
            orders |= set(days)
    orders &= {"day", "month"}
    return "day" in orders if len(orders) == 1 else None


def telling_dates(texts: Iterable[str]) -> list[str]:
    """Choose the few dates of a file that tell as much as all of them: a thousand wafers need not ask thousands.

    Example:
        >>> telling_dates(["03/04/2026", "28/04/2026", "29/04/2026"])
        ['28/04/2026']
    """
    told: dict[bool, str] = {}
    for text in texts:
        first = day_comes_first([text])
        if first is not None:
            told.setdefault(first, text)
    return list(told.values())


def is_clock(text: str) -> bool:
    """Return whether a text is a time of day without a date."""
    return len(text) <= _LONGEST and _TIME.fullmatch(text.strip()) is not None


def _readings(match: re.Match[str]) -> dict[str, datetime]:
    """List the days that a date can mean, by what it puts first."""
    first, second, third = match["first"], match["second"], match["third"]
    if len(first) > 2 and first.isdecimal():
        orders = {"year": (first, second, third)} if len(first) == 4 else {}
    elif not first.isdecimal():
        orders = {"name": (third, first, second)}
    elif not second.isdecimal():
        orders = {"name": (third, second, first)} if len(third) != 3 else {}
    else:
        orders = {"day": (third, second, first), "month": (third, first, second)}
        if len(third) == 2:
            orders["year"] = (first, second, third)
    found = {order: _day(*parts) for order, parts in orders.items()}
    return {order: day for order, day in found.items() if day is not None}


def _day(year: str, month: str, day: str) -> datetime | None:
    number = int(month) if month.isdecimal() else _month(month)
    if not day.isdecimal() or number is None or len(year) not in (2, 4):
        return None
    whole = int(year) + ((2000 if int(year) < _CENTURY else 1900) if len(year) == 2 else 0)
    try:
        return datetime(whole, number, int(day))
    except ValueError:
        return None


def _month(word: str) -> int | None:
    start = word[:3].lower()
    return _MONTHS.index(start) + 1 if start in _MONTHS else None


def _with_clock(day: datetime, text: str) -> datetime | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hour, half = int(match["hour"]), (match["half"] or "").replace(".", "").lower()
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    second = int(match["second"] or 0)
    microsecond = int((match["fraction"] or "").ljust(6, "0")[:6])
    try:
        time = day.replace(hour=hour, minute=int(match["minute"]), second=second, microsecond=microsecond)
        return time.replace(tzinfo=_zone(match["zone"])) if match["zone"] else time
    except ValueError:
        return None


def _zone(text: str) -> timezone:
    if text.upper() in ("Z", "UTC", "GMT"):
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
