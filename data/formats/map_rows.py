"""Where in a text the rows of a map stand, and how a row parts into codes."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from data.wafer import MAX_GRID

LEAST_ROWS = 3
LONGEST_ROW = 8 * MAX_GRID
"""Characters of a row of a map: of the widest, each code has three and two signs beside it."""
_MOST_PADDED = 4
"""Times as many cells as were written: blanks at the end of rows are few where dies are round."""
_LEAST_CODES, _LEAST_PARTED, _MOST_RULERS = 3, 5, 4
_CODE = re.compile(r"[0-9A-Za-z]{1,3}|[._\-@*#~+$%?!&^]{1,3}|-[0-9]{1,2}")
_CLOSE = re.compile(r"[0-9A-Za-z._\-@*#~+$%?!&^ ]+")
_USUAL = re.compile(r"[0-9._\-@*#~ PFX]")
_PARTED = re.compile(r"[,;\t]")
_LABELLED = re.compile(r"\s*[RrYy]?([0-9]{1,4})(?:\s*+[|:])?\s++(\S.*)", re.DOTALL)
Run = tuple[int, list[str]]


def runs_of_rows(lines: Sequence[str]) -> Iterator[Run]:
    """Yield the runs of three lines or more that look like rows of a map: the first's number from 0, and the lines.

    A run below a line of as many words, or of different words, is a table and not among them.
    """
    rows = [_is_row(line) for line in lines]
    for order in (range(1, len(lines)), range(len(lines) - 2, -1, -1)):
        for number in order:
            beside = number - order.step
            if rows[beside] and not rows[number]:
                rows[number] = _is_like(lines[number], lines[beside])
    begin = 0
    for number in range(len(lines) + 1):
        if number < len(lines) and rows[number]:
            continue
        if number - begin >= LEAST_ROWS:
            run = lines[begin:number]
            if not _is_table(run[0], lines[begin - 1] if begin else ""):
                yield begin, list(run)
        begin = number + 1


def _is_table(first: str, above: str) -> bool:
    """Return whether rows are a table: as many words stand above it, or the first line is of different words."""
    if not _PARTED.search(first):
        return False
    head = [cell.strip() for cell in _PARTED.split(first.rstrip(" "))]
    return len(_PARTED.split(above)) == len(head) or (all(map(str.isalpha, head)) and len(set(head)) == len(head))


def _is_row(line: str) -> bool:
    if len(line) > LONGEST_ROW:
        return False
    if _PARTED.search(line):
        cells = [cell.strip() for cell in _PARTED.split(line)]
        return len(cells) >= _LEAST_PARTED and any(cells) and all(not cell or _CODE.fullmatch(cell) for cell in cells)
    if "|" in line and (match := _LABELLED.fullmatch(line)):
        line = match[2]
    words = line.split()
    if len(words) >= _LEAST_PARTED and all(map(_CODE.fullmatch, words)):
        return True
    if len(line) < _LEAST_CODES or not words or _CLOSE.fullmatch(line) is None:
        return False
    return 2 * len(_USUAL.findall(line)) >= len(line) or 3 * len(set(line)) <= len(line)


def _is_like(line: str, row: str) -> bool:
    """Return whether a row of many letters is of dies: the row beside it is as long and has the same ends."""
    if len(line) != len(row) or " " in line.strip() or _CLOSE.fullmatch(line) is None:
        return False
    return line[0] in row and line[-1] in row


def cells_of(rows: Sequence[str]) -> tuple[int, list[list[str]]]:
    """Part rows into codes; rulers of numbers above, below and beside them are left out.

    Rows that blanks indent are filled up with blanks, which editors cut at the end.

    Returns:
        How many rows on top were left out, and the codes; rows may still differ in length.
    """
    top = 1 + max((number for number, row in enumerate(rows[:_MOST_RULERS]) if _is_ruler(row)), default=-1)
    end = next((number for number in range(len(rows), top, -1) if not _is_ruler(rows[number - 1])), top)
    return top, _cells(_without_labels(rows[top:end])) if end - top >= LEAST_ROWS else []


def shared(rows: Iterable[Sequence[str]]) -> list[list[str]]:
    """Return rows in which each code is one text, however often it stands: millions of texts take a gigabyte."""
    seen: dict[str, str] = {}
    return [list(map(seen.setdefault, row, row)) for row in rows]


def _is_ruler(row: str) -> bool:
    """Return whether a row numbers the columns: 1 2 3 4 5, or 0123456789012."""
    words = row.split()
    if len(words) == 1:
        steps = {(int(b) - int(a)) % 10 for a, b in pairwise(words[0])} if words[0].isdecimal() else set()
        return len(words[0]) >= _LEAST_PARTED and steps == {1}
    numbers = [int(word) for word in words if word.isdecimal() and word.isascii() and len(word) < _LEAST_PARTED]
    return len(numbers) == len(words) >= _LEAST_PARTED and all(b - a == 1 for a, b in pairwise(numbers))


def _without_labels(rows: Sequence[str]) -> Sequence[str]:
    """Cut the numbers of the rows off, where every row has one and they count up or down."""
    matches = [_LABELLED.fullmatch(row) for row in rows]
    labels = [int(match[1]) for match in matches if match]
    if len(labels) < len(rows) or {b - a for a, b in pairwise(labels)} not in ({1}, {-1}):
        return rows
    own = [match[2].rstrip() for match in matches if match]
    if len({len(row) for row in own}) == 1:
        return own
    end = max(match.end(1) for match in matches if match)
    rest = [row[end:] for row in rows]
    while all(row[:1] in (" ", "|", ":") and row.strip(" |:") for row in rest):
        rest = [row[1:] for row in rest]
    return rest


def _cells(rows: Sequence[str]) -> list[list[str]]:
    if any(map(_PARTED.search, rows)):
        return shared([cell.strip() or " " for cell in _PARTED.split(row.rstrip(" "))] for row in rows)
    words = shared(row.split() for row in rows)
    counts = {len(own) for own in words}
    if len(counts) == 1 and min(counts) >= _LEAST_PARTED and all(map(_CODE.fullmatch, words[0])):
        return words
    widths = {len(word) for own in words for word in own}
    step = widths.pop() + 1 if len(widths) == 1 and any(len(own) > 1 for own in words) else 1
    length = max(len(row.rstrip()) for row in rows)
    indented = any(row.startswith(" ") for row in rows) and length * len(rows) <= _MOST_PADDED * sum(map(len, rows))
    full = [row.rstrip().ljust(length) if indented else row.rstrip() for row in rows]
    if step == 1:
        return [list(row) for row in full]
    return [[row[at : at + step].strip() or " " for at in range(0, len(row), step)] for row in full]
