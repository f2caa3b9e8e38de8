"""KLARF text as words that remember their line, and words as numbers."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from data.errors import FormatError

_NAMES = (
    "AreaPerTest",
    "ClassLookup",
    "ClassLookupList",
    "CoordinatesMirrored",
    "DefectList",
    "DefectRecordSpec",
    "DeviceID",
    "DieOrigin",
    "DiePitch",
    "EndOfFile",
    "FileName",
    "FileRecord",
    "FileTimestamp",
    "FileVersion",
    "InspectionStationID",
    "InspectionTest",
    "LotID",
    "LotRecord",
    "OperatorId",
    "OrientationInstructions",
    "OrientationMarkLocation",
    "RecipeID",
    "RemovedDieList",
    "ResultTimestamp",
    "SampleCenterLocation",
    "SampleDieMap",
    "SampleOrientationMarkType",
    "SampleSize",
    "SampleTestPlan",
    "SampleTestPlanList",
    "SetupID",
    "Slot",
    "SlotNumber",
    "StepID",
    "SummaryList",
    "SummaryRecord",
    "SummarySpec",
    "TestRecord",
    "TestSummaryList",
    "TiffFileName",
    "WaferID",
    "WaferRecord",
    "WaferScribe",
)
_NAME_OF = {name.lower(): name for name in _NAMES}
REPAIR = "Export the file again, or correct the line."
_LIMIT = 10**9
MOST_WORDS = 6_000_000
"""Of a file: some 400,000 defects, and 1 GiB once understood."""
MARKS_12, MARKS_18 = ";", ";{},"
_PATTERNS = {
    marks: re.compile(rf'"([^"]*)"|([{re.escape(marks)}])|([^\s"{re.escape(marks)}]+)|(")')
    for marks in (MARKS_12, MARKS_18)
}


class Word(NamedTuple):
    """A word, number or mark of the text; quotes are taken off and remembered."""

    text: str
    line: int
    quoted: bool = False


def words_of(lines: Sequence[str], marks: str, where: str, most: int = MOST_WORDS) -> Iterator[Word]:
    """Part lines into words; quoted text is one word, and so is each of the marks.

    Raises:
        FormatError: a quote is not closed on its line, or there are more words than memory should hold.
    """
    pattern = _PATTERNS[marks]
    left = most
    for number, line in enumerate(lines, 1):
        found = 0
        for found, match in enumerate(pattern.finditer(line), 1):
            if match[4]:
                raise wrong(where, number, f"a quote is not closed: {line.strip()[:80]!r}")
            yield Word(match[1], number, True) if match[1] is not None else Word(match[0], number)
            if found > left:
                break
        left -= found
        if left < 0:
            problem = f"the file has more than {most} words"
            raise FormatError(f"{where} line {number}", problem, "Split it by wafer.")


def known_name(word: Word) -> str:
    """Return a keyword as the standard spells it, whatever its case; any other word as it is."""
    return word.text if word.quoted else _NAME_OF.get(word.text.lower(), word.text)


def wrong(where: str, line: int, problem: str) -> FormatError:
    """Make the error of a line."""
    return FormatError(f"{where} line {line}", problem, REPAIR)


def number(word: Word, name: str, where: str) -> float:
    """Read a number.

    Raises:
        FormatError: it is none, or not finite.
    """
    try:
        value = float(word.text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise wrong(where, word.line, f"{name} holds {word.text!r:.60}, expected a number")
    return value


def whole(word: Word, name: str, where: str) -> int:
    """Read a whole number.

    Raises:
        FormatError: it is none, or out of all proportion.
    """
    value = number(word, name, where)
    if value != int(value) or abs(value) > _LIMIT:
        raise wrong(where, word.line, f"{name} holds {word.text!r:.60}, expected a whole number")
    return int(value)


def counted_pairs(words: Sequence[Word], name: str, where: str) -> list[tuple[Word, Word]]:
    """Take a list apart that its length is written before: "2  0 1  0 2".

    Raises:
        FormatError: it is longer or shorter than it says.
    """
    if not words:
        return []
    count = whole(words[0], name, where)
    found = words[1:]
    if len(found) != 2 * count:
        raise wrong(where, words[0].line, f"{name} should hold {count} pairs, found {len(found)} values")
    return list(zip(found[::2], found[1::2], strict=True))


def dies_of(pairs: Sequence[tuple[Word, Word]], where: str) -> frozenset[tuple[int, int]]:
    """Read dies (x, y) of a list.

    Raises:
        FormatError: an index is no whole number.
    """
    return frozenset((whole(x, "a die's XINDEX", where), whole(y, "a die's YINDEX", where)) for x, y in pairs)


def classes_of(pairs: Sequence[tuple[Word, Word]], where: str) -> dict[int, str]:
    """Read numbers and names of a class table.

    Raises:
        FormatError: a number is no whole number.
    """
    return {whole(key, "a class number", where): name.text for key, name in pairs}
