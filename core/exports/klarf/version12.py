"""KLARF 1.2: statements that end with a semicolon, lengths in micrometres, sizes of the wafer in millimetres."""

import math
from datetime import datetime

from core.exports.klarf.inspection import REVIEW_COLUMNS
from core.exports.klarf.words import MAKER, area_mm2, density_per_cm2, dies_with_defects, quoted, when
from data.formats.klarf import Defect, Inspection

_COLUMNS = (
    "DEFECTID", "XREL", "YREL", "XINDEX", "YINDEX", "XSIZE", "YSIZE", "DEFECTAREA", "DSIZE", "CLASSNUMBER",
    *REVIEW_COLUMNS, "IMAGECOUNT", "IMAGELIST",
)  # fmt: skip


def write_12(inspection: Inspection, made_at: datetime) -> str:
    """Write one wafer; places lie within 0.001 micrometres of the inspection's.

    Args:
        inspection: with die pitch, centre, diameter, notch and time.
        made_at: time of the file.
    """
    unknown = math.nan, math.nan
    pitch, center = inspection.die_pitch_mm or unknown, inspection.center_mm or unknown
    history, done = inspection.history, when(inspection.inspected_at or made_at)
    lines = [
        "FileVersion 1 2;",
        f"FileTimestamp {when(made_at)};",
        f"InspectionStationID {' '.join(quoted(word) for word in MAKER)};",
        "SampleType WAFER;",
        f"ResultTimestamp {done};",
        f"LotID {quoted(inspection.lot_id)};",
        f"SampleSize 1 {inspection.diameter_mm:.10g};",
        f"SetupID {quoted(history.get('recipe', MAKER[0]))} {done};",
        f"StepID {quoted(history.get('step', ''))};",
        f"DeviceID {quoted(history.get('device', ''))};",
        "SampleOrientationMarkType NOTCH;",
        f"OrientationMarkLocation {str(inspection.notch).upper()};",
        f"DiePitch {_um(pitch[0])} {_um(pitch[1])};",
        f"DieOrigin {_um(0)} {_um(0)};",
        f"WaferID {quoted(inspection.wafer_id)};",
        *([f"Slot {history['slot']};"] if "slot" in history else []),
        f"SampleCenterLocation {_um(center[0])} {_um(center[1])};",
        _listed("ClassLookup", [f"{number} {quoted(name)}" for number, name in inspection.classes.items()]),
        "InspectionTest 1;",
        _listed("SampleTestPlan", [f"{x} {y}" for x, y in sorted(inspection.inspected)]),
        f"AreaPerTest {area_mm2(inspection) * 1e6:.10e};",
        f"DefectRecordSpec {len(_COLUMNS)} {' '.join(_COLUMNS)} ;",
        "DefectList" + "".join(f"\n {_row(defect)}" for defect in inspection.defects) + ";",
        "SummarySpec 5 TESTNO NDEFECT DEFDENSITY NDIE NDEFDIE ;",
        f"SummaryList\n 1 {len(inspection.defects)} {density_per_cm2(inspection):.6e} {len(inspection.inspected)} "
        f"{dies_with_defects(inspection)};",
        "EndOfFile;",
    ]
    return "\n".join(lines).replace("\n", "\r\n") + "\r\n"


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
