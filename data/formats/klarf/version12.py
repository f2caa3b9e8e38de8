"""KLARF 1.1 and 1.2: statements that end in a semicolon; lengths in micrometres.

    LotID "L1";
    SampleTestPlan 2
      0 0
      0 1;
    DefectList
      1 3500.1 75000.1 0 0 ...;

Lists may go on in statements that begin with a number, and names of image files stand between defects.
"""

from collections.abc import Iterable, Sequence

from data.formats.klarf.build import Found, build
from data.formats.klarf.model import Inspection
from data.formats.klarf.words import Word, pairs_of, whole, words_of, wrong

_LISTS = ("DefectList", "SampleTestPlan", "SampleDieMap", "RemovedDieList", "ClassLookup")
_IMAGE_FILES = ("tifffilename", "filename")
_OF_THE_WAFER = (*_LISTS[:4], "Slot", "WaferScribe", "SampleCenterLocation", "DieOrigin")


def parse_12(lines: Sequence[str], where: str) -> list[Inspection]:
    """Understand a file of version 1.1 or 1.2.

    Raises:
        FormatError: it breaks off, or a line is malformed.
    """
    fields: dict[str, list[Word]] = {}
    found: list[Found] = []
    open_list = ""
    for statement in _statements(words_of(lines, ";", where)):
        key, values = statement[0], statement[1:]
        if open_list and _is_number(key):
            fields[open_list] += statement
        elif key.text == "EndOfFile":
            return [build(wafer, where) for wafer in [*found, *_finished(fields, where)]]
        elif key.text.lower() in _IMAGE_FILES:
            continue
        else:
            if key.text == "WaferID" and "WaferID" in fields:
                found += _finished(fields, where)
                fields = {name: words for name, words in fields.items() if name not in _OF_THE_WAFER}
            open_list = key.text if key.text in _LISTS else ""
            if key.text == "SampleTestPlan" and key.text in fields:  # one a test: a wafer's plans add up
                fields[key.text] = _added(fields[key.text], values, where)
            elif key.text == "DefectList" and key.text in fields:
                fields[key.text] += values
            else:
                fields[key.text] = values or [Word("", key.line)] * (key.text not in _LISTS)
    raise wrong(where, len(lines), "the file breaks off before EndOfFile")


def _statements(words: Iterable[Word]) -> Iterable[list[Word]]:
    statement: list[Word] = []
    for word in words:
        if word.text != ";" or word.quoted:
            statement.append(word)
        elif statement:
            yield statement
            statement = []
    if statement and statement[0].text == "EndOfFile":
        yield statement


def _is_number(word: Word) -> bool:
    try:
        float(word.text)
    except ValueError:
        return False
    return not word.quoted


def _added(plan: list[Word], more: list[Word], where: str) -> list[Word]:
    if not plan or not more:
        return plan or more
    count = whole(plan[0], "SampleTestPlan", where) + whole(more[0], "SampleTestPlan", where)
    return [plan[0]._replace(text=str(count)), *plan[1:], *more[1:]]


def _finished(fields: dict[str, list[Word]], where: str) -> list[Found]:
    """Take the lists of a wafer apart."""
    name = fields.get("WaferID") or next(iter(fields.values()), [])
    wafer = Found(line=name[0].line if name else 1, unit_mm=1e-3, size_unit_mm=1.0, fields=dict(fields))
    spec = fields.get("DefectRecordSpec", [])
    if spec:
        wafer.columns = [word.text.upper() for word in spec[1:]]
        if whole(spec[0], "DefectRecordSpec", where) != len(wafer.columns):
            problem = f"DefectRecordSpec should name {spec[0].text} columns, found {len(wafer.columns)}"
            raise wrong(where, spec[0].line, problem)
    wafer.rows = _rows(fields.get("DefectList", []), wafer.columns, where)
    wafer.inspected = pairs_of(fields.get("SampleTestPlan", []), "SampleTestPlan", where)
    wafer.removed = pairs_of(fields.get("RemovedDieList", []), "RemovedDieList", where)
    wafer.classes = pairs_of(fields.get("ClassLookup", []), "ClassLookup", where)
    return [wafer]


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
