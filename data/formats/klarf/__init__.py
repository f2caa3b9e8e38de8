"""KLARF 1.2 and 1.8, what inspection and review tools exchange: defects in their dies, with classes and review data.

`parse_klarf` gives all that a file says as `Inspection` values, one a wafer; `read` makes a defect map of each: a die
that was inspected is on the wafer, and fails when it holds a defect.
"""

from collections.abc import Iterator

from data.formats.klarf.defect_map import defect_map
from data.formats.klarf.model import Defect, Inspection
from data.formats.klarf.version12 import parse_12
from data.formats.klarf.version18 import parse_18
from data.formats.options import ReadFailure, ReadOptions
from data.formats.source import Source
from data.formats.text import head_lines, split_lines, whole_text
from data.wafer import WaferMap

__all__ = ["Defect", "Inspection", "parse_klarf", "read", "recognises"]


def recognises(source: Source) -> bool:
    """Tell whether a file begins as KLARF of either version does."""
    words = next((line.split() for line in head_lines(source) if line.strip()), [""])
    return words[0].lower() == "fileversion" or (len(words) > 1 and words[:2] == ["Record", "FileRecord"])


def parse_klarf(text: str, where: str) -> list[Inspection]:
    """Understand a KLARF file as a whole, or refuse it as a whole.

    Args:
        text: of the file.
        where: what to call it in errors.

    Returns:
        One inspection a wafer.

    Raises:
        FormatError: it is malformed; the line is named.
    """
    lines = split_lines(text.encode())
    return parse_18(lines, where) if text.lstrip().startswith("Record") else parse_12(lines, where)


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafers of a KLARF file as defect maps.

    Raises:
        FormatError: it is malformed; the line is named.
    """
    inspections = parse_klarf(whole_text(source), source.name)
    for number, inspection in enumerate(inspections, 1):
        yield defect_map(inspection, source, options, number, len(inspections))
