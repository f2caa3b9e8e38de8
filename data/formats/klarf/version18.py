"""KLARF 1.8: records within records, fields and lists with typed columns; lengths in nanometres.

Record LotRecord "L1" {
  Field DiePitch 2 {7270960, 6559460}
  List DefectList { Columns 2 { int32 XREL, int32 YREL } Data 1 { 12 34; } }
}
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from data.errors import FormatError
from data.formats.klarf.build import Found, build
from data.formats.klarf.model import Inspection
from data.formats.klarf.words import Word, whole, words_of, wrong

_DEEPEST = 16


@dataclass
class _List:
    columns: list[str]
    rows: list[list[Word]]


@dataclass
class _Record:
    name: str
    title: str
    line: int
    fields: dict[str, list[Word]] = field(default_factory=dict)
    lists: dict[str, _List] = field(default_factory=dict)
    records: list["_Record"] = field(default_factory=list)

    def inner(self, name: str) -> list["_Record"]:
        return [record for record in self.records if record.name == name]


def parse_18(lines: Sequence[str], where: str) -> list[Inspection]:
    """Understand a file of version 1.8.

    Raises:
        FormatError: it breaks off, or a line is malformed.
    """
    parser = _Parser(list(words_of(lines, ";{},", where)), where, len(lines))
    file = parser.record(0)
    parser.take("EndOfFile")
    found = [_found(lot, wafer) for lot in file.inner("LotRecord") for wafer in lot.inner("WaferRecord")]
    if not found:
        raise wrong(where, file.line, "expected a LotRecord that holds a WaferRecord, found none")
    return [build(wafer, where) for wafer in found]


def _found(lot: _Record, wafer: _Record) -> Found:
    fields = lot.fields | wafer.fields
    fields["LotID"], fields["WaferID"] = [Word(lot.title, lot.line)], [Word(wafer.title, wafer.line)]
    defects = wafer.lists.get("DefectList", _List([], []))
    classes = lot.lists.get("ClassLookupList") or wafer.lists.get("ClassLookupList") or _List([], [])
    tests = wafer.inner("TestRecord")
    plans = [
        record.lists[name] for record in (*tests, wafer) for name in ("SampleTestPlanList",) if name in record.lists
    ]
    removed = wafer.lists.get("RemovedDieList", _List([], []))
    return Found(
        line=wafer.line, unit_mm=1e-6, size_unit_mm=1e-6, fields=fields, columns=defects.columns, rows=defects.rows,
        inspected=[(row[0], row[1]) for plan in plans for row in plan.rows if len(row) > 1],
        removed=[(row[0], row[1]) for row in removed.rows if len(row) > 1],
        classes=[(row[0], row[1]) for row in classes.rows if len(row) > 1],
    )  # fmt: skip


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
        record = _Record(name.text, title.text, begin.line)
        self.take("{")
        while (kind := self._peek()).text != "}":
            if kind.text == "Record":
                record.records.append(self.record(depth + 1))
            elif kind.text == "Field":
                self._field(record)
            elif kind.text == "List":
                self._list(record)
            else:
                raise self._error(kind, f"expected Record, Field, List or }}, found {kind.text!r:.40}")
        self.take("}")
        return record

    def take(self, expected: str) -> Word:
        word = self._next()
        if word.text != expected or word.quoted:
            raise self._error(word, f"expected {expected}, found {word.text!r:.40}")
        return word

    def _field(self, record: _Record) -> None:
        begin, name = self.take("Field"), self._next()
        count = whole(self._next(), name.text, self._where)
        values = self._braced()
        if len(values) != count:
            raise self._error(begin, f"{name.text} should have {count} values, found {len(values)}")
        record.fields[name.text] = values

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
        record.lists[name.text] = _List(columns, rows)

    def _row(self, name: str, count: int) -> list[Word]:
        cells, start = [], self._peek()
        while (word := self._next()).text != ";" or word.quoted:
            if word.text == "Images" and not word.quoted:  # Images 2 { "path" "JPG" 1 "Patch", ... }: one cell
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
