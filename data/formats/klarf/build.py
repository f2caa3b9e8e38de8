"""Fields and rows of either version into one inspection."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from data.formats.klarf.counts import Dies, count_remarks
from data.formats.klarf.model import Defect, Inspection
from data.formats.klarf.times import inspection_time
from data.formats.klarf.words import Word, number, whole, wrong
from data.formats.own_exports import MAKER
from data.wafer import Notch

_NOTCHES = {
    "DOWN": Notch.DOWN, "LEFT": Notch.LEFT, "UP": Notch.UP, "RIGHT": Notch.RIGHT,
    "0": Notch.DOWN, "90": Notch.LEFT, "180": Notch.UP, "270": Notch.RIGHT,
}  # fmt: skip
_HISTORY = {
    "DeviceID": "device",
    "StepID": "step",
    "SetupID": "recipe",
    "RecipeID": "recipe",
    "Slot": "slot",
    "SlotNumber": "slot",
    "InspectionStationID": "inspection_tool",
    "OperatorId": "operator",
    "OrientationInstructions": "orientation_instructions",
    "CoordinatesMirrored": "coordinates_mirrored",
    "SampleOrientationMarkType": "orientation_mark",
    "WaferScribe": "scribe",
}
_INDEX, _WITHIN = ("XINDEX", "YINDEX"), ("XREL", "YREL")
_REQUIRED = (*_INDEX, *_WITHIN)
_OWN = {*_INDEX, *_WITHIN, "DEFECTID", "XSIZE", "YSIZE", "CLASSNUMBER"}
_MISSING = ("N", "NA")
_MIRRORED = ("YES", "Y", "TRUE", "1")
_MOST_WORDS, _LONGEST_TEXT = 50, 500  # of what each wafer of a file repeats
_MOST_PLANS, _MOST_SIZES = 100, 4
_NAMED = ("lot", "wafer", "device", "step")
FIELDS = frozenset(_HISTORY) | {
    "DieOrigin", "DiePitch", "FileTimestamp", "LotID", "OrientationMarkLocation", "OriginalNames", "OriginalSize",
    "ResultTimestamp", "SampleCenterLocation", "SampleSize", "WaferID",
}  # fmt: skip
"""Fields that say something of a wafer: no other is kept, since each wafer of a lot has all of the lot's."""


@dataclass(frozen=True)
class KlarfList:
    """One list of a file, of defects, dies or classes, not understood yet.

    Args:
        columns: names of the columns.
        rows: one a defect, die or class, one word a column.
    """

    columns: list[str]
    rows: list[list[Word]]


@dataclass
class Found:
    """What a parser found about one wafer, not understood yet.

    Args:
        line: at which the wafer begins.
        unit_mm: of lengths, in mm.
        size_unit_mm: of the wafer's diameter, in mm.
        fields: values by the field's name.
        tables: lists of defects.
        plans: dies of the sample plan of each test; none when the file has no plan for the wafer.
        inspected: dies of all of them, without those removed; one set for all wafers that share it.
        classes: names by number; one mapping for all wafers that share it.
        summaries: rows of the summary, values by column.
    """

    line: int
    unit_mm: float
    size_unit_mm: float
    fields: dict[str, list[Word]] = field(default_factory=dict)
    tables: list[KlarfList] = field(default_factory=list)
    plans: Sequence[Dies] = ()
    inspected: Dies = frozenset()
    classes: Mapping[int, str] = field(default_factory=dict)
    summaries: list[Mapping[str, Word]] = field(default_factory=list)


class SamplePlans:
    """Makes sets of dies of a file's lists, each once, so that wafers which share a plan share its set."""

    def __init__(self) -> None:
        self._plans: dict[int, tuple[object, Dies]] = {}
        self._joined: dict[tuple[int, ...], Dies] = {}

    def dies(self, written: object, read: Callable[[], Dies]) -> Dies:
        """Return the dies of a list as written; `read` takes it apart where that was not done yet."""
        if id(written) not in self._plans:
            self._plans[id(written)] = written, read()  # what is written is kept, so that no other takes its id
        return self._plans[id(written)][1]

    def inspected(self, plans: Sequence[Dies], removed: Dies) -> Dies:
        """Add the plans of a wafer's tests up, and take out the dies that were removed."""
        if len(plans) == 1 and not removed:
            return plans[0]
        key = (*map(id, plans), id(removed))
        if key not in self._joined:
            self._joined[key] = frozenset().union(*plans) - removed
        return self._joined[key]


def check_plans(count: int, where: str, line: int) -> None:
    """Refuse more sample plans than a wafer has tests: all wafers of a file may share them.

    Raises:
        FormatError: there are more.
    """
    if count > _MOST_PLANS:
        raise wrong(where, line, f"the wafer has {count} sample plans, the limit is {_MOST_PLANS}")


def build(found: Found, where: str) -> Inspection:
    """Understand what was found.

    Raises:
        FormatError: a value is no number where one is due, a column is missing, or there is neither plan nor defect.
    """
    if not any(found.plans) and not any(table.rows for table in found.tables):
        raise wrong(where, found.line, f"wafer '{_text(found, 'WaferID')}' has neither a sample plan nor defects")
    pitch = _lengths(found, "DiePitch", where)
    if pitch and min(pitch) <= 0:
        raise wrong(
            where, found.fields["DiePitch"][0].line, f"DiePitch is positive, found {pitch[0]:g} x {pitch[1]:g} mm"
        )
    defects = tuple(defect for table in found.tables for defect in _defects(table, found, where))
    ours = _text(found, "InspectionStationID") == MAKER  # who leaves out what nobody knows, the time of test too
    written = "" if ours else _all_text(found, "FileTimestamp")
    time, time_remark = inspection_time(_all_text(found, "ResultTimestamp"), written)
    names = _original_names(found) if ours else {}
    name = "OriginalSize" if ours and found.fields.get("OriginalSize") else "SampleSize"
    # a type, 1 or 2, and a length, or two lengths: the largest is the diameter in whatever order
    size = max((number(word, name, where) for word in found.fields.get(name, [])[:_MOST_SIZES]), default=0.0)
    history = _history(found) | {name: text for name, text in names.items() if name in ("device", "step") and text}
    counts = count_remarks(found.summaries, defects, found.plans, len(found.inspected))
    return Inspection(
        lot_id=names.get("lot") or _text(found, "LotID"),
        wafer_id=names.get("wafer") or _text(found, "WaferID"),
        inspected=found.inspected,
        defects=defects,
        die_pitch_mm=pitch,
        center_mm=_lengths(found, "SampleCenterLocation", where),
        die_origin_mm=_lengths(found, "DieOrigin", where) or (0.0, 0.0),
        diameter_mm=size * found.size_unit_mm if size > 0 else None,
        notch=_notch(found, where),
        classes=found.classes,
        inspected_at=time,
        history=history,
        plan_known=any(found.plans),
        remarks=tuple(filter(None, (time_remark, *_place_remarks(found, history), *counts))),
    )


def _original_names(found: Found) -> dict[str, str]:
    """Read the names that Waferscope could not quote as they are; {} for none."""
    words = found.fields.get("OriginalNames", [])[: len(_NAMED)]
    try:
        texts = [str(json.loads(f'"{word.text}"')).encode("utf-8", "replace").decode() for word in words]
    except ValueError:
        return {}
    return dict(zip(_NAMED, texts, strict=False))


def _place_remarks(found: Found, history: Mapping[str, str]) -> Iterable[str]:
    missing = {name for table in found.tables if table.rows for name in _WITHIN if name not in table.columns}
    if missing:
        names = " and ".join(sorted(missing))
        yield f"The defects have no column {names}: in which die they lie is known, but not where in the die."
    if history.get("coordinates_mirrored", "").upper() in _MIRRORED:
        yield "The file says that its coordinates are mirrored: they are shown as written."


def _text(found: Found, name: str) -> str:
    return found.fields[name][0].text.strip() if found.fields.get(name) else ""


def _all_text(found: Found, name: str) -> str:
    words = found.fields.get(name, [])[:_MOST_WORDS]
    return " ".join(word.text[:_LONGEST_TEXT] for word in words).strip()[:_LONGEST_TEXT]


def _lengths(found: Found, name: str, where: str) -> tuple[float, float] | None:
    words = found.fields.get(name)
    if not words:
        return None
    if len(words) != 2:
        raise wrong(where, words[0].line, f"{name} takes 2 numbers, found {len(words)}")
    x, y = (round(number(word, name, where) * found.unit_mm, 9) for word in words)
    return x, y


def _notch(found: Found, where: str) -> Notch | None:
    words = found.fields.get("OrientationMarkLocation")
    if not words:
        return None
    if words[0].text.upper() not in _NOTCHES:
        problem = f"OrientationMarkLocation is down, left, up or right, found {words[0].text!r:.40}"
        raise wrong(where, words[0].line, problem)
    return _NOTCHES[words[0].text.upper()]


def _history(found: Found) -> dict[str, str]:
    said = {_HISTORY[name]: _all_text(found, name) for name in found.fields if name in _HISTORY}
    return {title: text for title, text in said.items() if text}


def _defects(table: KlarfList, found: Found, where: str) -> Iterable[Defect]:
    column = {name: place for place, name in enumerate(table.columns)}
    missing = [name for name in _INDEX if name not in column]
    if table.rows and missing:
        raise wrong(where, table.rows[0][0].line, f"the defects have no column {', '.join(missing)}")
    kept = [(name, place) for name, place in column.items() if name not in _OWN]
    return (_defect(row, column, kept, found.unit_mm, where) for row in table.rows)


def _defect(
    row: Sequence[Word], column: Mapping[str, int], kept: Sequence[tuple[str, int]], unit_mm: float, where: str
) -> Defect:
    def of(name: str) -> Word | None:
        word = row[column[name]] if name in column else None
        return None if word is None or (word.text in _MISSING and name not in _REQUIRED) else word

    def length(name: str, absent: float = 0.0) -> float:
        word = of(name)
        return round(number(word, f"column {name}", where) * unit_mm, 9) if word else absent

    def count(name: str) -> int | None:
        word = of(name)
        return whole(word, f"column {name}", where) if word else None

    return Defect(
        number=count("DEFECTID") or 0,
        x_rel_mm=length("XREL", math.nan),
        y_rel_mm=length("YREL", math.nan),
        x_index=count("XINDEX") or 0,
        y_index=count("YINDEX") or 0,
        x_size_mm=length("XSIZE"),
        y_size_mm=length("YSIZE"),
        class_number=count("CLASSNUMBER"),
        review={name: row[place].text for name, place in kept if row[place].text not in ("", *_MISSING)},
    )
