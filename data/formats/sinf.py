"""SINF, the text map of probers and inspectors: headers, then a line a row with a code a die.

    LOT:L1
    FNLOC:180
    BCEQU:01
    RowData:__ 01 02 __

FNLOC is where the flat or notch lies, in degrees clockwise from the top. Codes of two characters are hexadecimal,
longer ones decimal; underscores are places without a die, and @ is a die that is not to be probed.
"""

from collections.abc import Iterator

from data.errors import FormatError
from data.formats.bin_codes import judge_codes
from data.formats.metadata import ATTRIBUTE
from data.formats.options import ReadFailure, ReadOptions
from data.formats.source import Source, build_wafer
from data.formats.text import head_lines, split_lines, whole_text
from data.wafer import PASS, Notch, WaferMap

NOTCHES = {"0": Notch.UP, "90": Notch.RIGHT, "180": Notch.DOWN, "270": Notch.LEFT}
_OWN = ("DEVICE", "LOT", "WAFER", "FNLOC", "ROWCT", "COLCT", "BCEQU", "DUTMS", "XDIES", "YDIES", "ROWDATA")
MM_PER_UNIT = {"mm": 1.0, "mil": 0.0254, "mils": 0.0254, "um": 1e-3, "in": 25.4, "inch": 25.4}


def recognises(source: Source) -> bool:
    """Tell whether a file has SINF's headers or rows."""
    names = {line.partition(":")[0].strip().upper() for line in head_lines(source)}
    return "ROWDATA" in names or {"ROWCT", "COLCT", "FNLOC"} <= names


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafer of a SINF file.

    Raises:
        FormatError: rows are missing or uneven, or a header cannot be understood; the line is named.
    """
    headers: dict[str, str] = {}
    rows: list[list[str]] = []
    for number, line in enumerate(split_lines(whole_text(source).encode()), 1):
        name, colon, text = line.partition(":")
        name = name.strip().upper()
        if name == "ROWDATA":
            rows.append(text.split())
            if len(rows[-1]) != len(rows[0]):
                problem = f"the row has {len(rows[-1])} dies, the first row has {len(rows[0])}"
                raise FormatError(f"{source.name} line {number}", problem, "Export the map again.")
        elif colon and not rows:
            headers[name] = text.strip()
    _check_size(headers, rows, source.name)
    codes = {code for row in rows for code in row}
    good = headers.get("BCEQU", "").replace(",", " ").split()
    width = max((len(code) for code in codes), default=2)
    empty = [code for code in codes if not code.strip("_-.@")]
    verdicts = dict.fromkeys(good, PASS)
    dies, bins = judge_codes(rows, empty, verdicts, options, source.name, 16 if width == 2 else 10)
    yield build_wafer(source, options, dies, bins=bins, pairs=_pairs(headers, source.name))


def _check_size(headers: dict[str, str], rows: list[list[str]], where: str) -> None:
    found = {"ROWCT": len(rows), "COLCT": len(rows[0]) if rows else 0}
    for name, count in found.items():
        said = headers.get(name, "")
        if said and said != str(count):
            raise FormatError(
                where, f"{name} says {said:.20}, but the map has {count}", "The map is cut; export it again."
            )


def _pairs(headers: dict[str, str], where: str) -> dict[str, str]:
    flat = headers.get("FNLOC", "")
    if flat and flat not in NOTCHES:
        raise FormatError(where, f"FNLOC is 0, 90, 180 or 270 degrees, found '{flat:.20}'", "Correct it.")
    pairs = {
        "product": headers.get("DEVICE", ""), "lot": headers.get("LOT", ""), "wafer": headers.get("WAFER", ""),
        "notch": NOTCHES[flat] if flat else "",
    }  # fmt: skip
    unit = headers.get("DUTMS", "mm").lower()
    for key, name in (("pitch_column_mm", "XDIES"), ("pitch_row_mm", "YDIES")):
        try:
            length = float(headers.get(name) or 0)
        except ValueError:
            raise FormatError(where, f"{name} is a length, found '{headers[name]:.20}'", "Correct it.") from None
        if length > 0 and unit in MM_PER_UNIT:
            pairs[key] = f"{length * MM_PER_UNIT[unit]:.9g}"
    return pairs | {ATTRIBUTE + name.lower(): text for name, text in headers.items() if text and name not in _OWN}
