"""KLARF 1.2: statements that end with a semicolon, lengths in micrometres, sizes of the wafer in millimetres."""

import math
from datetime import datetime

from core.exports.klarf.inspection import REVIEW_COLUMNS
from core.exports.klarf.words import STATION, area_mm2, density_per_cm2, dies_with_defects, original_names, quoted, when
from data.formats.klarf import Defect, Inspection

_COLUMNS = (
    "DEFECTID",
    "XREL",
    "YREL",
    "XINDEX",
    "YINDEX",
    "XSIZE",
    "YSIZE",
    "DEFECTAREA",
    "DSIZE",
    "CLASSNUMBER",
    *REVIEW_COLUMNS,
    "IMAGECOUNT",
    "IMAGELIST",
)


def write_12(inspection: Inspection, made_at: datetime) -> str:
    """Write one wafer; places lie within 0.001 micrometres of the inspection's.

    Args:
        inspection: with die pitch, centre and notch.
        made_at: time of the file.
    """
    unknown = math.nan, math.nan
    pitch, center = inspection.die_pitch_mm or unknown, inspection.center_mm or unknown
    history, done = inspection.history, inspection.inspected_at and when(inspection.inspected_at)
    names = original_names(inspection)
    lines = [
        "FileVersion 1 2;",
        f"FileTimestamp {when(made_at)};",
        f"InspectionStationID {' '.join(quoted(word) for word in STATION)};",
        "SampleType WAFER;",
        *([f"ResultTimestamp {done};"] if done else []),
        f"LotID {quoted(inspection.lot_id)};",
        *_size(inspection.diameter_mm),
        *([f"SetupID {quoted(history['recipe'])} {done or when(made_at)};"] if "recipe" in history else []),
        f"StepID {quoted(history.get('step', ''))};",
        f"DeviceID {quoted(history.get('device', ''))};",
        *([f"SampleOrientationMarkType {history['orientation_mark']};"] if "orientation_mark" in history else []),
        f"OrientationMarkLocation {str(inspection.notch).upper()};",
        f"DiePitch {_um(pitch[0])} {_um(pitch[1])};",
        f"DieOrigin {_um(0)} {_um(0)};",
        f"WaferID {quoted(inspection.wafer_id)};",
        *([f"OriginalNames {' '.join(names)};"] if names else []),
        *([f"Slot {history['slot']};"] if "slot" in history else []),
        f"SampleCenterLocation {_um(center[0])} {_um(center[1])};",
        _listed("ClassLookup", [f"{number} {quoted(name)}" for number, name in inspection.classes.items()]),
        "InspectionTest 1;",
        *_plan(inspection),
        f"DefectRecordSpec {len(_COLUMNS)} {' '.join(_COLUMNS)} ;",
        "DefectList" + "".join(f"\n {_row(defect)}" for defect in inspection.defects) + ";",
        *_summary(inspection),
        "EndOfFile;",
    ]
    return "\n".join(lines).replace("\n", "\r\n") + "\r\n"


def _size(diameter_mm: float | None) -> list[str]:
    """Write the diameter in whole millimetres, as other readers need it, and in full beside it where that differs."""
    if not diameter_mm:
        return []
    size = [f"SampleSize 1 {round(diameter_mm)};"]
    return size if diameter_mm == round(diameter_mm) else [*size, f"OriginalSize {diameter_mm!r};"]


def _plan(inspection: Inspection) -> list[str]:
    if not inspection.inspected:
        return []
    plan = _listed("SampleTestPlan", [f"{x} {y}" for x, y in sorted(inspection.inspected)])
    return [plan, f"AreaPerTest {area_mm2(inspection) * 1e6:.10e};"]


def _summary(inspection: Inspection) -> list[str]:
    """Sum up; how dense defects are, nobody knows who does not know which dies were inspected."""
    defects, dies = len(inspection.defects), dies_with_defects(inspection)
    if not inspection.inspected:
        return ["SummarySpec 3 TESTNO NDEFECT NDEFDIE ;", f"SummaryList\n 1 {defects} {dies};"]
    density = f"{density_per_cm2(inspection):.6e}"
    return [
        "SummarySpec 5 TESTNO NDEFECT DEFDENSITY NDIE NDEFDIE ;",
        f"SummaryList\n 1 {defects} {density} {len(inspection.inspected)} {dies};",
    ]


def _listed(name: str, rows: list[str]) -> str:
    return f"{name} {len(rows)}" + "".join(f"\n {row}" for row in rows) + ";"


def _row(defect: Defect) -> str:
    x, y = defect.x_size_mm * 1000, defect.y_size_mm * 1000
    return " ".join(
        [
            f"{defect.number} {defect.x_rel_mm * 1000:.4f} {defect.y_rel_mm * 1000:.4f}",
            f"{defect.x_index} {defect.y_index} {x:.3f} {y:.3f} {x * y:.3f} {max(x, y):.3f} {defect.class_number or 0}",
            *(defect.review[name] for name in REVIEW_COLUMNS),
            "0 0",
        ]
    )


def _um(mm: float) -> str:
    return f"{mm * 1000:.10e}"
