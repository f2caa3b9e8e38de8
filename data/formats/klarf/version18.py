"""KLARF 1.8: records within records, fields and lists with typed columns; lengths in nanometres; words in any case.

Record LotRecord "L1" {
  Field DiePitch 2 {7270960, 6559460}
  List DefectList { Columns 2 { int32 XREL, int32 YREL } Data 1 { 12 34; } }
}

What a lot or the file says holds for each of its wafers that does not say it anew; so do class table and sample plan.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from data.errors import FormatError
from data.formats.klarf.build import FIELDS, Found, KlarfList, SamplePlans, build, check_plans
from data.formats.klarf.model import Inspection
from data.formats.klarf.words import MARKS_18, Word, classes_of, dies_of, known_name, whole, words_of, wrong

_DEEPEST = 16
_SUMMARIES = ("TestSummaryList", "SummaryList")


@dataclass
class _Record:
    name: str
    title: str
    line: int
    fields: dict[str, list[Word]] = field(default_factory=dict)
    lists: dict[str, list[KlarfList]] = field(default_factory=dict)
    records: list["_Record"] = field(default_factory=list)
    asked: dict[tuple[str, ...], list[KlarfList]] = field(default_factory=dict)

    def inner(self, name: str) -> list["_Record"]:
        return [record for record in self.records if record.name == name]

    def all_of(self, *names: str) -> list[KlarfList]:
        """Return the lists of some names in the record and in those of its tests and summaries.

        A lot is asked for each of its wafers, and finds them once.
        """
        if names not in self.asked:
            within = [*self.inner("TestRecord"), *self.inner("SummaryRecord"), self]
            self.asked[names] = [table for one in within for name in names for table in one.lists.get(name, [])]
        return self.asked[names]


def parse_18(lines: Sequence[str], where: str) -> list[Inspection]:
    """Understand a file of version 1.8, or several joined end to end.

    Raises:
        FormatError: it breaks off, or a line is malformed.
    """
    parser = _Parser(list(words_of(lines, MARKS_18, where)), where, len(lines))
    found: list[Found] = []
    while not found or parser.goes_on():
        file, shared = parser.record(0), _Shared(where)
        parser.take("EndOfFile")
        own = [shared.found(file, lot, wafer) for lot in file.inner("LotRecord") for wafer in lot.inner("WaferRecord")]
        if not own:
            raise wrong(where, file.line, "expected a LotRecord that holds a WaferRecord, found none")
        found += own
    return [build(wafer, where) for wafer in found]


class _Shared:
    """Takes records apart; what wafers share is taken apart once."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._dies = SamplePlans()
        self._classes: tuple[object, Mapping[int, str]] = (None, {})

    def found(self, file: _Record, lot: _Record, wafer: _Record) -> Found:
        fields = file.fields | lot.fields | wafer.fields
        fields["LotID"], fields["WaferID"] = [Word(lot.title, lot.line)], [Word(wafer.title, wafer.line)]
        scopes = (wafer, lot, file)
        plans = next(filter(None, (one.all_of("SampleTestPlanList") for one in scopes)), [])
        removed = next(filter(None, (one.all_of("RemovedDieList") for one in scopes)), [])
        classes = next(filter(None, (one.all_of("ClassLookupList") for one in scopes)), [])
        check_plans(max(len(plans), len(removed)), self._where, wafer.line)
        dies = [self._plan(table) for table in plans]
        taken_out = self._dies.inspected([self._plan(table) for table in removed], frozenset())
        return Found(
            line=wafer.line,
            unit_mm=1e-6,
            size_unit_mm=1e-6,
            fields=fields,
            tables=wafer.all_of("DefectList"),
            plans=dies,
            inspected=self._dies.inspected(dies, taken_out),
            classes=self._names(classes[-1]) if classes else {},
            summaries=[
                dict(zip(table.columns, row, strict=True)) for table in wafer.all_of(*_SUMMARIES) for row in table.rows
            ],
        )

    def _plan(self, table: KlarfList) -> frozenset[tuple[int, int]]:
        return self._dies.dies(table, lambda: dies_of(_pairs(table, "XINDEX", "YINDEX"), self._where))

    def _names(self, table: KlarfList) -> Mapping[int, str]:
        if table is not self._classes[0]:
            self._classes = table, classes_of(_pairs(table, "CLASSNUMBER", "CLASSNAME"), self._where)
        return self._classes[1]


def _pairs(table: KlarfList, *names: str) -> list[tuple[Word, Word]]:
    """Take two columns of a list by name; the first two where it names them otherwise."""
    first, second = (table.columns.index(name) for name in names) if {*names} <= {*table.columns} else (0, 1)
    return [(row[first], row[second]) for row in table.rows if len(row) > 1]


class _Parser:
    """Goes through the words once, in order."""

    def __init__(self, words: list[Word], where: str, last_line: int) -> None:
        self._words, self._where, self._place, self._last_line = words, where, 0, last_line

    def record(self, depth: int) -> _Record:
        begin = self.take("Record")
        if depth > _DEEPEST:
            raise self._error(begin, f"records lie deeper than {_DEEPEST} in one another")
        name = self._next()
        title = self._next() if self._peek().text != "{" else Word("", name.line)
        record = _Record(known_name(name), title.text, begin.line)
        self.take("{")
        while (kind := self._peek()).text != "}":
            if kind.text.lower() == "record":
                record.records.append(self.record(depth + 1))
            elif kind.text.lower() == "field":
                self._field(record)
            elif kind.text.lower() == "list":
                self._list(record)
            else:
                raise self._error(kind, f"expected Record, Field, List or }}, found {kind.text!r:.40}")
        self.take("}")
        return record

    def take(self, expected: str) -> Word:
        word = self._next()
        if word.text.lower() != expected.lower() or word.quoted:
            raise self._error(word, f"expected {expected}, found {word.text!r:.40}")
        return word

    def goes_on(self) -> bool:
        """Return whether another file follows; anything else behind EndOfFile is no part of the file."""
        if self._place < len(self._words) and self._peek().text == ";":
            self._place += 1
        return self._place < len(self._words) and self._peek().text.lower() == "record"

    def _field(self, record: _Record) -> None:
        begin, name = self.take("Field"), self._next()
        count = whole(self._next(), name.text, self._where)
        values = self._braced()
        if len(values) != count:
            raise self._error(begin, f"{name.text} should have {count} values, found {len(values)}")
        if known_name(name) in FIELDS:
            record.fields[known_name(name)] = values

    def _list(self, record: _Record) -> None:
        begin, name = self.take("List"), self._next()
        self.take("{")
        self.take("Columns")
        count = whole(self._next(), "Columns", self._where)
        typed = self._braced()
        if len(typed) != 2 * count:
            raise self._error(begin, f"{name.text} should name {count} columns, found {len(typed) // 2}")
        columns = [word.text.upper() for word in typed[1::2]]
        self.take("Data")
        lines = whole(self._next(), "Data", self._where)
        self.take("{")
        rows = []
        while self._peek().text != "}":
            rows.append(self._row(name.text, len(columns)))
        self.take("}")
        self.take("}")
        if len(rows) != lines:
            raise self._error(begin, f"{name.text} should have {lines} rows, found {len(rows)}")
        record.lists.setdefault(known_name(name), []).append(KlarfList(columns, rows))

    def _row(self, name: str, count: int) -> list[Word]:
        cells, start = [], self._peek()
        while (word := self._next()).text != ";" or word.quoted:
            if word.text.lower() == "images" and not word.quoted:  # Images 2 { "path" "JPG" 1 "Patch", ... }: one cell
                word = self._next()
                self._braced()
            cells.append(word)
        if len(cells) != count:
            raise self._error(start, f"a row of {name} should have {count} values, found {len(cells)}")
        return cells

    def _braced(self) -> list[Word]:
        self.take("{")
        values = []
        while (word := self._next()).text != "}" or word.quoted:
            if word.text != "," or word.quoted:
                values.append(word)
        return values

    def _next(self) -> Word:
        word = self._peek()
        self._place += 1
        return word

    def _peek(self) -> Word:
        if self._place >= len(self._words):
            raise wrong(self._where, self._last_line, "the file breaks off before EndOfFile")
        return self._words[self._place]

    def _error(self, word: Word, problem: str) -> FormatError:
        return wrong(self._where, word.line, problem)
