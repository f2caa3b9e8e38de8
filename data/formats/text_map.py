"""Plain-text bin maps: headers such as "Lot: L1", then a line a row of dies.

    Wafer ID: 05
    Notch: Down
    ..111..
    .11X11.

Codes stand close, one character each, or parted by blanks, commas, semicolons or tabs. Dots, underscores, dashes,
blanks, @ and 0 are places without a die; 1 and P pass, everything else fails.
"""

import re
from collections.abc import Iterator, Sequence

from data.errors import FormatError
from data.formats.bin_codes import judge_codes
from data.formats.options import ReadFailure, ReadOptions
from data.formats.source import Source, build_wafer
from data.formats.text import head_lines, header_pairs, split_lines, whole_text
from data.wafer import PASS, WaferMap

_CODE = re.compile(r"[0-9A-Za-z]{1,3}|[._\-@*#~]{1,3}")
_CLOSE = re.compile(r"[0-9A-Z._\-@*#~ ]+")
_USUAL = re.compile(r"[0-9._\-@*#~ PFX]")
_PARTED = re.compile(r"[,;\t]")
_NO_DIE = "._-@~ "
_LEAST_ROWS, _LEAST_CODES, _LEAST_PARTED = 3, 3, 5
Block = tuple[int, list[list[str]]]


def recognises(source: Source) -> bool:
    """Tell whether a file is text that holds three rows or more of a map, and no line that names a table's columns."""
    lines = head_lines(source)
    return _block(lines if source.size <= len(source.head) else lines[:-1]) is not None


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafer of a plain-text map.

    Raises:
        FormatError: it holds no rows, or rows differ in length; the line is named.
    """
    lines = split_lines(whole_text(source).encode())
    block = _block(lines)
    if block is None:
        problem = f"expected {_LEAST_ROWS} rows of bin codes or more, found none"
        raise FormatError(source.name, problem, "Export the map again.")
    first, rows = block
    uneven = next((number for number, row in enumerate(rows) if len(row) != len(rows[0])), None)
    if uneven is not None:
        problem = f"the row has {len(rows[uneven])} dies, the first row has {len(rows[0])}"
        raise FormatError(f"{source.name} line {first + uneven + 1}", problem, "Export the map again.")
    codes = {code for row in rows for code in row}
    told = options.off_values or options.pass_values or options.fail_values
    empty = [code for code in codes if not code.strip(_NO_DIE) or (not told and not code.strip("0"))]
    good = dict.fromkeys((code for code in codes if code == "P" or code.lstrip("0") == "1"), PASS)
    dies, bins = judge_codes(rows, empty, good or {"1": PASS}, options, source.name)
    pairs = header_pairs([*lines[:first], *lines[first + len(rows) :]])
    yield build_wafer(source, options, dies, bins=bins, pairs=pairs)


def _block(lines: Sequence[str]) -> Block | None:
    """Find the longest run of rows of dies; a run below a line of as many words is a table, not a map."""
    best: Block | None = None
    begin = 0
    for number in range(len(lines) + 1):
        if number < len(lines) and _is_row(lines[number]):
            continue
        if number - begin >= max(_LEAST_ROWS, len(best[1]) + 1 if best else 0):
            cells = _cells(lines[begin:number])
            if not _is_table(cells, lines[begin], lines[begin - 1] if begin else ""):
                best = (begin, cells)
        begin = number + 1
    return best


def _is_table(cells: Sequence[Sequence[str]], first: str, above: str) -> bool:
    """Tell a table by its names of columns: a line of as many words above it, or a first line of different words."""
    if not _PARTED.search(first):
        return False
    head = cells[0]
    return len(_PARTED.split(above)) == len(head) or (all(map(str.isalpha, head)) and len(set(head)) == len(head))


def _is_row(line: str) -> bool:
    if _PARTED.search(line):
        cells = [cell.strip() for cell in _PARTED.split(line)]
        return len(cells) >= _LEAST_PARTED and any(cells) and all(not cell or _CODE.fullmatch(cell) for cell in cells)
    words = line.split()
    if len(words) >= _LEAST_PARTED and len({len(word) for word in words}) == 1 and all(map(_CODE.fullmatch, words)):
        return True
    usual = len(_USUAL.findall(line))
    return len(line) >= _LEAST_CODES and bool(words) and _CLOSE.fullmatch(line) is not None and 2 * usual >= len(line)


def _cells(rows: Sequence[str]) -> list[list[str]]:
    """Part rows into codes. Rows that blanks indent are filled up with blanks, which editors cut at the end."""
    if any(map(_PARTED.search, rows)):
        return [[cell.strip() or "." for cell in _PARTED.split(row.rstrip(" "))] for row in rows]
    words = [row.split() for row in rows]
    widths = {len(word) for own in words for word in own}
    step = widths.pop() + 1 if len(widths) == 1 and any(len(own) > 1 for own in words) else 1
    length = max(len(row.rstrip()) for row in rows)
    indented = any(row.startswith(" ") for row in rows)
    full = [row.rstrip().ljust(length) if indented else row.rstrip() for row in rows]
    return [[row[at : at + step].strip() or "." for at in range(0, len(row), step)] for row in full]
