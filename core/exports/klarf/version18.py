"""KLARF 1.8: records within records, lengths in whole nanometres.

A pitch that is no whole number of nanometres would lead places astray by half a nanometre a die, over half a micrometre
on a wafer of a thousand dies across. So each defect's place within its die takes up what the rounding of pitch and
centre takes away: by the file's own numbers a defect lies where it lies, to a nanometre.
"""

from collections.abc import Sequence
from datetime import datetime

from core.exports.klarf.inspection import REVIEW_COLUMNS
from core.exports.klarf.words import (
    STATION,
    TIME,
    area_mm2,
    density_per_cm2,
    dies_with_defects,
    original_names,
    quoted,
    when,
)
from data.formats.klarf import Defect, Inspection
from data.wafer import Notch

_NM = 1_000_000
_DEGREES = {Notch.DOWN: 0, Notch.LEFT: 90, Notch.UP: 180, Notch.RIGHT: 270}
_COLUMNS = (
    *(f"int32 {name}" for name in ("DEFECTID", "XREL", "YREL", "XINDEX", "YINDEX", "XSIZE", "YSIZE")),
    "float DEFECTAREA",
    *(f"int32 {name}" for name in ("DSIZE", "CLASSNUMBER", *REVIEW_COLUMNS)),
)
_SUMMARY = ("int32 TESTNO", "int32 NDEFECT", "float DEFDENSITY", "int32 NDIE", "int32 NDEFDIE")
_SHORT_SUMMARY = ("int32 TESTNO", "int32 NDEFECT", "int32 NDEFDIE")


def write_18(inspection: Inspection, made_at: datetime) -> str:
    """Write one wafer; places lie within 0.001 micrometres of the inspection's.

    Args:
        inspection: with die pitch, centre and notch.
        made_at: time of the file.
    """
    history, notch = inspection.history, inspection.notch or Notch.DOWN
    made, names = made_at.strftime(TIME).split(), original_names(inspection)
    done = when(inspection.inspected_at).split() if inspection.inspected_at else []
    set_up = [history.get("recipe", ""), *(done or made)]
    pitch, center = _whole(inspection.die_pitch_mm or (0.0, 0.0)), _whole(inspection.center_mm or (0.0, 0.0))
    wafer = [
        "Field DieOrigin 2 {0, 0}",
        f"Field SampleCenterLocation 2 {{{center[0]}, {center[1]}}}",
        *([f"Field OriginalNames 4 {{{', '.join(names)}}}"] if names else []),
        *([f"Field SlotNumber 1 {{{history['slot']}}}"] if "slot" in history else []),
        *_list("DefectList", _COLUMNS, [_row(inspection, defect, pitch, center) for defect in inspection.defects]),
        *_record("TestRecord", "1", _test(inspection)),
        *_record("SummaryRecord", "", _summary(inspection)),
    ]
    lot = [
        *_record("WaferRecord", inspection.wafer_id, wafer),
        f"Field DeviceID 1 {{{quoted(history.get('device', ''))}}}",
        f"Field DiePitch 2 {{{pitch[0]}, {pitch[1]}}}",
        f"Field InspectionStationID 3 {{{', '.join(quoted(word) for word in STATION)}}}",
        f"Field OrientationMarkLocation 1 {{{_DEGREES[notch]}}}",
        *([f"Field RecipeID 3 {{{', '.join(map(quoted, set_up))}}}"] if set_up[0] else []),
        *([f"Field ResultTimestamp 2 {{{', '.join(map(quoted, done))}}}"] if done else []),
        *(
            [f"Field SampleOrientationMarkType 1 {{{quoted(history['orientation_mark'])}}}"]
            if "orientation_mark" in history
            else []
        ),
        *([f"Field SampleSize 2 {{{round(inspection.diameter_mm * _NM)}, 0}}"] if inspection.diameter_mm else []),
        'Field SampleType 1 {"WAFER"}',
        f"Field StepID 1 {{{quoted(history.get('step', ''))}}}",
        *_list(
            "ClassLookupList",
            ("int32 CLASSNUMBER", "string CLASSNAME", "string CLASSCODE"),
            [f'{number} {quoted(name)} ""' for number, name in inspection.classes.items()],
        ),
    ]
    file = [
        f"Field FileTimestamp 2 {{{quoted(made[0])}, {quoted(made[1])}}}",
        *_record("LotRecord", inspection.lot_id, lot),
    ]
    return "\n".join([*_record("FileRecord", "1.8", file), "EndOfFile;", ""])


def _test(inspection: Inspection) -> list[str]:
    if not inspection.inspected:
        return []
    plan = [f"{x} {y}" for x, y in sorted(inspection.inspected)]
    return [
        f"Field AreaPerTest 1 {{{area_mm2(inspection) * _NM**2:.9e}}}",
        *_list("SampleTestPlanList", ("int32 XINDEX", "int32 YINDEX"), plan),
    ]


def _summary(inspection: Inspection) -> list[str]:
    """Sum up; how dense defects are, nobody knows who does not know which dies were inspected."""
    if not inspection.inspected:
        row = f"1 {len(inspection.defects)} {dies_with_defects(inspection)}"
        return _list("TestSummaryList", _SHORT_SUMMARY, [row])
    row = (
        f"1 {len(inspection.defects)} {density_per_cm2(inspection):.6e} {len(inspection.inspected)} "
        f"{dies_with_defects(inspection)}"
    )
    return _list("TestSummaryList", _SUMMARY, [row])


def _row(inspection: Inspection, defect: Defect, pitch: Sequence[int], center: Sequence[int]) -> str:
    place = inspection.place_mm(defect)
    x, y = (
        round(mm * _NM) + middle - index * step
        for mm, middle, index, step in zip(place, center, (defect.x_index, defect.y_index), pitch, strict=True)
    )
    width, height = _whole((defect.x_size_mm, defect.y_size_mm))
    told = " ".join(defect.review[name] for name in REVIEW_COLUMNS)
    return (
        f"{defect.number} {x} {y} {defect.x_index} {defect.y_index} {width} {height} {float(width * height)} "
        f"{max(width, height)} {defect.class_number or 0} {told}"
    )


def _whole(lengths_mm: Sequence[float]) -> tuple[int, int]:
    x, y = (round(length * _NM) for length in lengths_mm)
    return x, y


def _record(name: str, title: str, content: Sequence[str]) -> list[str]:
    return [f"Record {name} {quoted(title)}" if title else f"Record {name}", "{", *(f"  {c}" for c in content), "}"]


def _list(name: str, columns: Sequence[str], rows: Sequence[str]) -> list[str]:
    return [
        f"List {name}",
        "{",
        f"  Columns {len(columns)} {{ {', '.join(columns)} }}",
        f"  Data {len(rows)}",
        "  {",
        *(f"    {row} ;" for row in rows),
        "  }",
        "}",
    ]
