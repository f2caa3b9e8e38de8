"""Fields and rows of either version into one inspection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from data.formats.klarf.model import Defect, Inspection
from data.formats.klarf.words import Word, number, whole, wrong
from data.wafer import Notch

_NOTCHES = {
    "DOWN": Notch.DOWN, "LEFT": Notch.LEFT, "UP": Notch.UP, "RIGHT": Notch.RIGHT,
    "0": Notch.DOWN, "90": Notch.LEFT, "180": Notch.UP, "270": Notch.RIGHT,
}  # fmt: skip
_HISTORY = {
    "DeviceID": "device", "StepID": "step", "SetupID": "recipe", "RecipeID": "recipe", "Slot": "slot",
    "SlotNumber": "slot", "InspectionStationID": "inspection_tool", "OperatorId": "operator",
    "OrientationInstructions": "orientation_instructions", "CoordinatesMirrored": "coordinates_mirrored",
    "SampleOrientationMarkType": "orientation_mark", "WaferScribe": "scribe",
}  # fmt: skip
_PLACE = ("XREL", "YREL", "XINDEX", "YINDEX")
_OWN = {*_PLACE, "DEFECTID", "XSIZE", "YSIZE", "CLASSNUMBER"}
_MISSING = ("N", "NA")
_TIMES = ("%m-%d-%y %H:%M:%S", "%m-%d-%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")


@dataclass
class Found:
    """What a parser found about one wafer, not understood yet.

    Args:
        line: at which the wafer begins.
        unit_mm: of lengths, in mm.
        size_unit_mm: of the wafer's diameter, in mm.
        fields: values by the field's name.
        columns: names of the defects' columns.
        rows: one a defect, one word a column.
        inspected: dies (x, y) of the sample plan.
        removed: dies that were taken out of it.
        classes: numbers and names.
    """

    line: int
    unit_mm: float
    size_unit_mm: float
    fields: dict[str, list[Word]] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    rows: list[list[Word]] = field(default_factory=list)
    inspected: list[tuple[Word, Word]] = field(default_factory=list)
    removed: list[tuple[Word, Word]] = field(default_factory=list)
    classes: list[tuple[Word, Word]] = field(default_factory=list)


def build(found: Found, where: str) -> Inspection:
    """Understand what was found.

    Raises:
        FormatError: a value is no number where one is due, a column is missing, or there is neither plan nor defect.
    """
    if not found.inspected and not found.rows:
        raise wrong(where, found.line, f"wafer '{_text(found, 'WaferID')}' has neither a sample plan nor defects")
    pitch = _lengths(found, "DiePitch", where)
    if pitch and min(pitch) <= 0:
        raise wrong(
            where, found.fields["DiePitch"][0].line, f"DiePitch is positive, found {pitch[0]:g} x {pitch[1]:g} mm"
        )
    size = [number(word, "SampleSize", where) for word in found.fields.get("SampleSize", [])]
    diameter = (max(size) if found.size_unit_mm < 1 else size[-1]) * found.size_unit_mm if size else 0.0
    dies = {_die(pair, where) for pair in found.inspected} - {_die(pair, where) for pair in found.removed}
    time = _time(" ".join(word.text for word in found.fields.get("ResultTimestamp", [])))
    return Inspection(
        lot_id=_text(found, "LotID"),
        wafer_id=_text(found, "WaferID"),
        inspected=frozenset(dies),
        defects=_defects(found, where),
        die_pitch_mm=pitch,
        center_mm=_lengths(found, "SampleCenterLocation", where),
        die_origin_mm=_lengths(found, "DieOrigin", where) or (0.0, 0.0),
        diameter_mm=diameter if diameter > 0 else None,
        notch=_notch(found, where),
        classes={whole(key, "a class number", where): name.text for key, name in found.classes},
        inspected_at=time,
        history=_history(found),
    )


def _die(pair: tuple[Word, Word], where: str) -> tuple[int, int]:
    return whole(pair[0], "a die's XINDEX", where), whole(pair[1], "a die's YINDEX", where)


def _text(found: Found, name: str) -> str:
    return found.fields[name][0].text.strip() if found.fields.get(name) else ""


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


def _time(text: str) -> datetime | None:
    for layout in _TIMES:
        try:
            return datetime.strptime(text, layout)
        except ValueError:
            continue
    return None


def _history(found: Found) -> Mapping[str, str]:
    said = {
        _HISTORY[name]: " ".join(word.text for word in words)
        for name, words in found.fields.items()
        if name in _HISTORY
    }
    return {title: text.strip() for title, text in said.items() if text.strip()}


def _defects(found: Found, where: str) -> tuple[Defect, ...]:
    column = {name: place for place, name in enumerate(found.columns)}
    missing = [name for name in _PLACE if name not in column]
    if found.rows and missing:
        raise wrong(where, found.rows[0][0].line, f"the defects have no column {', '.join(missing)}")
    kept = [(name, place) for name, place in column.items() if name not in _OWN]
    return tuple(_defect(row, column, kept, found.unit_mm, where) for row in found.rows)


def _defect(
    row: Sequence[Word], column: Mapping[str, int], kept: Sequence[tuple[str, int]], unit_mm: float, where: str
) -> Defect:
    def of(name: str) -> Word | None:
        word = row[column[name]] if name in column else None
        return None if word is None or (word.text in _MISSING and name not in _PLACE) else word

    def length(name: str) -> float:
        word = of(name)
        return round(number(word, f"column {name}", where) * unit_mm, 9) if word else 0.0

    def count(name: str) -> int | None:
        word = of(name)
        return whole(word, f"column {name}", where) if word else None

    return Defect(
        number=count("DEFECTID") or 0,
        x_rel_mm=length("XREL"),
        y_rel_mm=length("YREL"),
        x_index=count("XINDEX") or 0,
        y_index=count("YINDEX") or 0,
        x_size_mm=length("XSIZE"),
        y_size_mm=length("YSIZE"),
        class_number=count("CLASSNUMBER"),
        review={name: row[place].text for name, place in kept if row[place].text not in ("", *_MISSING)},
    )
