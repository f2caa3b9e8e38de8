"""KLARF 1.2 and 1.8, what inspection and review tools exchange: defects in their dies, with classes and review data.

`parse_klarf` gives all that a file says as `Inspection` values, one a wafer; `read` makes a defect map of each: a die
that was inspected is on the wafer, and fails when it holds a defect. What a file leaves open or contradicts itself in
stands in the remarks.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from data.errors import FormatError
from data.formats.klarf.defect_map import defect_map, die_count, dies_outside
from data.formats.klarf.model import Defect, Inspection
from data.formats.klarf.version12 import parse_12
from data.formats.klarf.version18 import parse_18
from data.formats.options import ReadFailure, ReadOptions
from data.formats.source import Source
from data.formats.text import head_lines, split_lines, whole_text
from data.wafer import WaferMap

__all__ = ["Defect", "Inspection", "dies_outside", "parse_klarf", "read", "recognises"]


def recognises(source: Source) -> bool:
    """Return whether a file begins as KLARF of either version does."""
    words = next((line.split() for line in head_lines(source) if line.strip()), [""])
    return words[0].lower() == "fileversion" or [word.lower() for word in words[:2]] == ["record", "filerecord"]


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
    is_18 = text.lstrip()[:6].lower() == "record"
    return _told_apart(parse_18(lines, where) if is_18 else parse_12(lines, where))


def _told_apart(inspections: list[Inspection]) -> list[Inspection]:
    """Return the wafers, with a remark on each that comes more than once."""
    times = Counter((one.lot_id, one.wafer_id) for one in inspections if one.wafer_id)
    said = "The file holds the wafer {} times: as inspection {} of them."
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for one in inspections:
        name = (one.lot_id, one.wafer_id)
        seen[name] += 1
        again = [said.format(times[name], seen[name])] if times[name] > 1 else []
        found.append(replace(one, remarks=(*one.remarks, *again)) if again else one)
    return found


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafers of a KLARF file as defect maps.

    Raises:
        FormatError: it is malformed; the line is named.
    """
    inspections = parse_klarf(whole_text(source), source.name)
    if sum(map(die_count, inspections)) > options.max_table_rows:
        problem = f"its wafers have more than {options.max_table_rows} dies in all"
        raise FormatError(source.name, problem, "Split it by wafer.")
    for number, inspection in enumerate(inspections, 1):
        yield defect_map(inspection, source, options, number, len(inspections))
