"""SINF, the text map of probers and inspectors: headers, then a line a row with a code a die.

    LOT:L1
    FNLOC:180
    BCEQU:01
    RowData:__ 01 02 __

FNLOC is where the flat or notch lies, in degrees clockwise from the top. Codes of two characters are hexadecimal,
longer ones decimal; blanks between them may be missing. Underscores are places without a die, @ is a die that is not to
be probed, and FF, FE and FD are the reference die and dies at the edge: none of these has a result.
"""

import re
from collections.abc import Iterator, Sequence

from data.errors import FormatError
from data.formats.bin_codes import CodeGrid, judge_codes
from data.formats.code_meaning import CodeUsage, declared_totals, explain_codes
from data.formats.lengths import MM_PER_UNIT
from data.formats.map_header import read_header
from data.formats.map_rows import LONGEST_ROW, shared
from data.formats.metadata import ATTRIBUTE
from data.formats.options import ReadFailure, ReadOptions
from data.formats.source import Source, build_wafer
from data.formats.text import head_lines, map_lines
from data.reference_die import axes_from_corner, reference_attributes
from data.wafer import MAX_GRID, Notch, WaferMap

NOTCHES = {"0": Notch.UP, "90": Notch.RIGHT, "180": Notch.DOWN, "270": Notch.LEFT}
_OWN = (
    "DEVICE",
    "LOT",
    "WAFER",
    "FNLOC",
    "ROWCT",
    "COLCT",
    "BCEQU",
    "DUTMS",
    "XDIES",
    "YDIES",
    "ROWDATA",
    "REFPX",
    "REFPY",
)
_MOST_HEADERS = 1000
_NO_RESULT = frozenset({0xFF, 0xFE, 0xFD})
_PAIRED = re.compile(r"(?:[0-9A-Fa-f]{2}|([^0-9A-Fa-f])\1)*")


def recognises(source: Source) -> bool:
    """Return whether a file has SINF's headers or rows."""
    names = {line.partition(":")[0].strip().upper() for line in head_lines(source)}
    return "ROWDATA" in names or {"ROWCT", "COLCT", "FNLOC"} <= names


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafer of a SINF file.

    Raises:
        FormatError: rows are missing or uneven, a header cannot be understood or contradicts the map.
    """
    headers: dict[str, str] = {}
    texts: list[tuple[int, str]] = []
    for number, line in enumerate(map_lines(source), 1):
        name, colon, text = line.partition(":")
        name = name.strip().upper()
        if name == "ROWDATA":
            texts.append((number, text))
        elif colon and (not texts or name not in headers):
            headers[name] = text.strip()
    if len(headers) > _MOST_HEADERS:
        problem = f"the file has {len(headers)} headers, the limit is {_MOST_HEADERS}"
        raise FormatError(source.name, problem, "Leave out what says nothing of the wafer.")
    rows = _rows(texts, _count(headers.get("COLCT", "")), source.name)
    _check_size(headers, rows, source.name)
    grid = CodeGrid.of(rows, source.name)
    width = max(map(len, grid.codes))
    base = {1: 0, 2: 16}.get(width, 10)
    lines = [f"{name}: {text}" for name, text in headers.items() if name not in _OWN or name == "BCEQU"]
    header = read_header(lines, grid.codes, base, source.name)
    usage = CodeUsage(base, _NO_RESULT if base == 16 else frozenset())
    meanings, remarks = explain_codes(grid, header, usage)
    dies, bins = judge_codes(grid, meanings, options, base)
    if options.off_values or options.pass_values or options.fail_values:
        remarks = []
    remarks += declared_totals(header, meanings, grid).remarks(dies, source.name)
    pairs, doubts = _pairs(headers, source.name)
    axes = axes_from_corner("right", "down", grid.shape)
    reference = reference_attributes(headers.get("REFPX", ""), headers.get("REFPY", ""), axes)
    pairs |= {ATTRIBUTE + name: text for name, text in reference.items()}
    yield build_wafer(source, options, dies, bins=bins, pairs=pairs, remarks=[*remarks, *doubts])


def _rows(texts: Sequence[tuple[int, str]], columns: int | None, where: str) -> list[list[str]]:
    """Part the rows into codes, by blanks or, where there are none, by the columns that the header declares."""
    if len(texts) > MAX_GRID or any(len(text) > LONGEST_ROW for _, text in texts):
        raise FormatError(where, f"expected at most {MAX_GRID} dies a side, found more", "Split it.")
    rows = shared(text.split() for _, text in texts)
    if any(len(row) > 1 for row in rows) or columns == 1:
        parted = rows
    else:
        width = _width(["".join(row) for row in rows], columns)
        parted = [[word[at : at + width] for word in row for at in range(0, len(word), width)] for row in rows]
    for (number, _), row in zip(texts, parted, strict=True):
        if len(row) != len(parted[0]):
            problem = f"the row has {len(row)} dies, the first row has {len(parted[0])}"
            raise FormatError(f"{where} line {number}", problem, "Export the map again.")
    return parted


def _width(words: Sequence[str], columns: int | None) -> int:
    """Return how many characters a code has where codes stand close."""
    length = len(words[0]) if words else 0
    if columns and length % columns == 0 and length:
        return length // columns
    return 2 if length % 2 == 0 and all(map(_PAIRED.fullmatch, words)) else 1


def _count(text: str) -> int | None:
    """Return a count of rows or columns, however it is written; None where it is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if 0 < number < 1e6 and number.is_integer() else None


def _check_size(headers: dict[str, str], rows: list[list[str]], where: str) -> None:
    found = {"ROWCT": len(rows), "COLCT": len(rows[0]) if rows else 0}
    for name, count in found.items():
        said = headers.get(name, "")
        if said and _count(said) != count:
            raise FormatError(
                where, f"{name} says {said:.20}, but the map has {count}", "The map is cut; export it again."
            )


def _pairs(headers: dict[str, str], where: str) -> tuple[dict[str, str], list[str]]:
    """Return the metadata and what of it could not be understood."""
    flat = headers.get("FNLOC", "")
    flat = f"{_count(flat) or flat}"
    if flat and flat not in NOTCHES:
        raise FormatError(where, f"FNLOC is 0, 90, 180 or 270 degrees, found '{flat:.20}'", "Correct it.")
    pairs = {
        "product": headers.get("DEVICE", ""),
        "lot": headers.get("LOT", ""),
        "wafer": headers.get("WAFER", ""),
        "notch": NOTCHES[flat] if flat else "",
    }
    unit = headers.get("DUTMS", "") or "mm"
    scale = MM_PER_UNIT.get(unit.lower())
    doubts = []
    for key, name in (("pitch_column_mm", "XDIES"), ("pitch_row_mm", "YDIES")):
        try:
            length = float(headers.get(name) or 0)
        except ValueError:
            raise FormatError(where, f"{name} is a length, found '{headers[name]:.20}'", "Correct it.") from None
        if 0 < length < float("inf") and scale:
            pairs[key] = f"{length * scale:.9g}"
        elif length > 0:
            doubts.append(f"DUTMS is mm, um, mil or inch, found '{unit:.20}'; {name} is not used.")
    return pairs | {
        ATTRIBUTE + name.lower(): text for name, text in headers.items() if text and name not in _OWN
    }, doubts
