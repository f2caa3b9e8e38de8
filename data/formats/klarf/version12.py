"""KLARF 1.1 and 1.2: statements that end in a semicolon; lengths in micrometres; keywords in any case.

    LotID "L1";
    SampleTestPlan 2
      0 0
      0 1;
    DefectList
      1 3500.1 75000.1 0 0 ...;

Lists may go on in statements that begin with a number, and names of image files stand between defects.

Which wafer a statement belongs to: WaferID begins a wafer, and what follows is its own up to its last DefectList or
SummaryList. What comes after that and before the next WaferID is the next wafer's. Lot, device, step, set-up, times,
pitch, size, orientation, class table and columns stay as they are until said anew. Slot, scribe, defects and summary
are of one wafer alone. Sample plan, removed dies, centre and origin that stand before the first WaferID are those of
every wafer that has none of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from data.formats.klarf.build import Found, KlarfList, SamplePlans, build, check_plans
from data.formats.klarf.counts import Dies
from data.formats.klarf.model import Inspection
from data.formats.klarf.words import (
    MARKS_12,
    Word,
    classes_of,
    counted_pairs,
    dies_of,
    known_name,
    whole,
    words_of,
    wrong,
)

_LISTS = ("DefectList", "SampleTestPlan", "SampleDieMap", "RemovedDieList", "ClassLookup", "SummaryList")
_IMAGE_FILES = ("tifffilename", "filename")
_STAYS = (
    "ClassLookup",
    "CoordinatesMirrored",
    "DefectRecordSpec",
    "DeviceID",
    "DiePitch",
    "FileTimestamp",
    "InspectionStationID",
    "LotID",
    "OperatorId",
    "OrientationInstructions",
    "OrientationMarkLocation",
    "RecipeID",
    "ResultTimestamp",
    "SampleOrientationMarkType",
    "SampleSize",
    "SetupID",
    "StepID",
    "SummarySpec",
)
_OF_ALL = ("RemovedDieList", "SampleCenterLocation", "DieOrigin")
_OF_ONE = ("OriginalNames", "OriginalSize", "WaferID", "Slot", "WaferScribe")
_FIELDS = {*_STAYS, *_OF_ALL, *_OF_ONE}
_ENDS_A_WAFER = ("DefectList", "SummaryList")


@dataclass
class _Scope:
    """What stands for one wafer.

    Args:
        fields: values by keyword.
        plans: words of its sample plans, one a test.
        defects: words of its lists of defects, with those of the columns that hold for each.
        summaries: words of its summaries, likewise.
        waiting: statements that came after its lists, of this wafer if another list follows, else of the next.
        named: a WaferID began it.
    """

    fields: dict[str, list[Word]] = field(default_factory=dict)
    plans: list[list[Word]] = field(default_factory=list)
    defects: list[tuple[list[Word], list[Word]]] = field(default_factory=list)
    summaries: list[tuple[list[Word], list[Word]]] = field(default_factory=list)
    waiting: list[tuple[str, list[Word]]] = field(default_factory=list)
    named: bool = False

    def take(self, name: str, values: list[Word]) -> None:
        """Add a statement."""
        if self.defects or self.summaries:
            if name not in _ENDS_A_WAFER:
                self.waiting.append((name, values))
                return
            self.settle()
        self._add(name, values)

    def settle(self) -> None:
        """Add the statements that waited."""
        waited, self.waiting = self.waiting, []
        for name, values in waited:
            self._add(name, values)

    def _add(self, name: str, values: list[Word]) -> None:
        if name == "SampleTestPlan":
            self.plans.append(values)
        elif name == "DefectList":
            self.defects.append((self.fields.get("DefectRecordSpec", []), values))
        elif name == "SummaryList":
            self.summaries.append((self.fields.get("SummarySpec", []), values))
        elif name in _FIELDS:
            self.fields[name] = values


class _File:
    """Goes through the statements of one file, from FileVersion to EndOfFile."""

    def __init__(self, where: str) -> None:
        self.found: list[Found] = []
        self._where = where
        self._scope = _Scope()
        self._for_all: dict[str, list[Word]] = {}
        self._plans_for_all: list[list[Word]] = []
        self._dies = SamplePlans()
        self._classes: tuple[list[Word], Mapping[int, str]] = ([], {})

    def take(self, name: str, values: list[Word]) -> None:
        """Add a statement to the wafer that it belongs to."""
        if name != "WaferID":
            self._scope.take(name, values)
            return
        if not self._scope.named:
            self._scope.settle()
            self._for_all = {key: words for key, words in self._scope.fields.items() if key in _OF_ALL}
            self._plans_for_all = list(self._scope.plans)
        else:
            waiting, self._scope.waiting = self._scope.waiting, []
            self.found.append(self._understood())
            stays = {key: words for key, words in self._scope.fields.items() if key in _STAYS}
            self._scope = _Scope(fields=self._for_all | stays, waiting=waiting)
            self._scope.settle()
        self._scope.fields[name], self._scope.named = values, True

    def end(self) -> list[Found]:
        """Return what was found of each wafer, at the end of the file."""
        self._scope.settle()
        return [*self.found, self._understood()]

    def _understood(self) -> Found:
        """Take the lists of a wafer apart; what wafers share is taken apart once."""
        fields, where = self._scope.fields, self._where
        name = fields.get("WaferID") or next(iter(fields.values()), [])
        table = fields.get("ClassLookup", [])
        if table is not self._classes[0]:
            self._classes = table, classes_of(counted_pairs(table, "ClassLookup", where), where)
        written = self._scope.plans or self._plans_for_all
        check_plans(len(written), where, name[0].line if name else 1)
        plans = [self._plan(words, "SampleTestPlan") for words in written]
        removed = fields.get("RemovedDieList")
        return Found(
            line=name[0].line if name else 1,
            unit_mm=1e-3,
            size_unit_mm=1.0,
            fields=fields,
            tables=[self._table(*one) for one in self._scope.defects],
            plans=plans,
            inspected=self._dies.inspected(plans, self._plan(removed, "RemovedDieList") if removed else frozenset()),
            classes=self._classes[1],
            summaries=[row for one in self._scope.summaries for row in _summary(*one, where)],
        )

    def _plan(self, words: list[Word], name: str) -> Dies:
        return self._dies.dies(words, lambda: dies_of(counted_pairs(words, name, self._where), self._where))

    def _table(self, spec: list[Word], words: list[Word]) -> KlarfList:
        if not words:
            return KlarfList([], [])  # many empty lists may share a row of many columns
        columns = [word.text.upper() for word in spec[1:]]
        if spec and whole(spec[0], "DefectRecordSpec", self._where) != len(columns):
            problem = f"DefectRecordSpec should name {spec[0].text} columns, found {len(columns)}"
            raise wrong(self._where, spec[0].line, problem)
        return KlarfList(columns, _rows(words, columns, self._where))


def parse_12(lines: Sequence[str], where: str) -> list[Inspection]:
    """Understand a file of version 1.1 or 1.2, or several joined end to end.

    Raises:
        FormatError: it breaks off, or a line is malformed.
    """
    found: list[Inspection] = []
    statements = _statements(words_of(lines, MARKS_12, where))
    for statement in statements:
        if found and known_name(statement[0]) != "FileVersion":
            break  # what stands behind EndOfFile is no part of the file
        found += [build(wafer, where) for wafer in _one_file(statement, statements, len(lines), where)]
    if not found:
        raise wrong(where, len(lines), "the file breaks off before EndOfFile")
    return found


def _one_file(first: list[Word], rest: Iterator[list[Word]], last_line: int, where: str) -> list[Found]:
    file, open_list = _File(where), None
    statement: list[Word] | None = first
    while statement is not None:
        key, values = statement[0], statement[1:]
        name = known_name(key)
        if open_list is not None and _is_number(key):
            open_list += statement
        elif name == "EndOfFile":
            return file.end()
        elif name == "FileVersion" and statement is not first:
            raise wrong(where, key.line, "another file begins before EndOfFile")
        elif name.lower() not in _IMAGE_FILES:
            values = values or [Word("", key.line)] * (name not in _LISTS)
            open_list = values if name in _LISTS else None
            file.take(name, values)
        statement = next(rest, None)
    raise wrong(where, last_line, "the file breaks off before EndOfFile")


def _statements(words: Iterable[Word]) -> Iterator[list[Word]]:
    statement: list[Word] = []
    for word in words:
        if word.text != ";" or word.quoted:
            statement.append(word)
        elif statement:
            yield statement
            statement = []
    if statement and known_name(statement[0]) == "EndOfFile":
        yield statement


def _is_number(word: Word) -> bool:
    try:
        float(word.text)
    except ValueError:
        return False
    return not word.quoted


def _summary(spec: list[Word], words: list[Word], where: str) -> list[Mapping[str, Word]]:
    """Part the rows of a summary; one that does not fit its columns is passed over, as it says nothing of the dies."""
    if len(spec) < 2 or len(words) < len(spec) - 1 or len(words) % (len(spec) - 1):
        return []
    columns = [word.text.upper() for word in spec[1:]]
    rows = (words[start : start + len(columns)] for start in range(0, len(words), len(columns)))
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _rows(words: Sequence[Word], columns: Sequence[str], where: str) -> list[list[Word]]:
    """Part the defects; a list of images at a row's end says how many pairs of numbers it has."""
    words = _without_image_files(words)
    if words and not columns:
        raise wrong(where, words[0].line, "defects come before DefectRecordSpec names their columns")
    lists_images = bool(columns) and columns[-1] == "IMAGELIST"
    rows, place = [], 0
    while place < len(words):
        start, end = words[place], place + len(columns)
        if end <= len(words) and lists_images:
            images = whole(words[end - 1], "column IMAGELIST", where)
            end += 2 * max(0, images)
        if place and words[place - 1].line == start.line:
            problem = f"the defect should have {len(columns)} values as DefectRecordSpec says, found more"
            raise wrong(where, start.line, problem)
        if end > len(words):
            problem = f"the defect should have {end - place} values, found {len(words) - place}"
            raise wrong(where, start.line, problem)
        rows.append(list(words[place : place + len(columns)]))
        place = end
    return rows


def _without_image_files(words: Sequence[Word]) -> Sequence[Word]:
    if not any(word.text.lower() in _IMAGE_FILES for word in words):
        return words
    kept, skip = [], False
    for word in words:
        named = word.text.lower() in _IMAGE_FILES and not word.quoted
        if not named and not skip:
            kept.append(word)
        skip = named
    return kept
