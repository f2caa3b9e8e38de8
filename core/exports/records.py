"""A wafer's result as JSON and CSV: what was found, how large, where. Units stand in every name."""

import dataclasses
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.analysis.result import WaferResult
from core.instances import Instance
from core.instances.clusters import REFERENCE_PX
from data.classes import CLASS_KEYS
from data.geometry import geometry
from data.retests import first_pass_yield
from data.wafer import WaferMap

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

UNITS = {
    "die": "[row, column] on the die grid, row 0 on top; the centre of die (r, c) is (r, c)",
    "mm": "[x, y] from the wafer's centre, x to the right, y up; from the middle of its dies where center_die is null",
    "px": f"[x, y] from the upper left corner of the grid drawn at {REFERENCE_PX} x {REFERENCE_PX} pixels, y down",
    "bbox": "[first row, first column, last row, last column] in dies; [x min, y min, x max, y max] in mm and px",
    "area": "mm2, or px at the reference size; a die counts whole, streets included",
    "confidence": "mean probability over the cluster's dies, 0 to 1",
    "sector": "clock sector 1 to 12 seen from the wafer's centre, 12 at the top of the grid",
    "severity": "0 to 100, higher is worse",
}


def identity(wafer: WaferMap) -> dict[str, Json]:
    """Return what names, dates and counts a wafer, the same in JSON and CSV."""
    return {
        "key": wafer.key,
        "lot": wafer.lot_id,
        "wafer": wafer.wafer_id,
        "product": wafer.product,
        "test_program": wafer.test_program,
        "step": wafer.step,
        "started_at": wafer.started_at.isoformat() if wafer.started_at else None,
        "tested_at": wafer.tested_at.isoformat() if wafer.tested_at else None,
        "source_name": wafer.source_name,
        "source_sha256": wafer.source_sha256,
        "rows": wafer.dies.shape[0],
        "columns": wafer.dies.shape[1],
        "tested_dies": wafer.tested_count,
        "failing_dies": wafer.fail_count,
        "yield_fraction": number(wafer.yield_fraction),
        "passing_known": wafer.passing_known,
        "first_pass_yield": number(first_pass_yield(wafer)),
    }


def wafer_record(result: WaferResult) -> dict[str, Json]:
    """Return everything about one wafer but its dies: identity, severity with its terms, class presence, clusters."""
    wafer, found = result.wafer, result.segmentation
    presence = {key: number(found.presence[k]) for k, key in enumerate(CLASS_KEYS)}
    score = result.severity
    severity = {**dataclasses.asdict(score), "collapse_term": score.collapse_term, "reason": score.reason}
    return {
        **identity(wafer),
        "diameter_mm": wafer.diameter_mm,
        "die_pitch_mm": None if wafer.die_pitch_mm is None else _numbers(wafer.die_pitch_mm),
        "center_die": None if wafer.center is None else _numbers(wafer.center),
        "notch": str(wafer.notch),
        "attributes": dict(wafer.attributes),
        "remarks": list(wafer.remarks),
        "model": found.model,
        "classes": list(found.classes_present),
        "presence": presence,
        "severity": {name: _measure(value) for name, value in severity.items()},
        "instances": [instance_record(instance, wafer) for instance in result.instances],
    }


def instance_record(instance: Instance, wafer: WaferMap) -> dict[str, Json]:
    """Return one cluster's measures, its place in dies, mm and pixels, its outline and its dies."""
    return {
        "class": instance.class_key,
        "number": instance.number,
        "die_count": instance.die_count,
        "area": {"mm2": number(instance.area_mm2), "px": number(instance.area_px)},
        "perimeter": {"mm": number(instance.perimeter_mm), "px": number(instance.perimeter_px)},
        "compactness": number(instance.compactness),
        "centroid": _places(instance.centroid_die, instance.centroid_mm, instance.centroid_px),
        "bbox": _places(instance.bbox_die, instance.bbox_mm, instance.bbox_px),
        "polygon": _polygon(np.asarray(instance.polygon_die, dtype=np.float64), wafer),
        "mean_confidence": number(instance.mean_confidence),
        "zone": str(instance.zone),
        "sector": instance.sector,
        "dies": np.asarray(instance.dies).tolist(),
    }


def result_json(result: WaferResult) -> str:
    """Write one wafer's record as JSON text, with the units it uses."""
    return json.dumps({"units": UNITS, **wafer_record(result)}, indent=1, allow_nan=False)


def coordinates_json(results: Iterable[WaferResult]) -> str:
    """Write many wafers' records as one JSON text: `{"units": ..., "wafers": [...]}`."""
    text = io.StringIO()
    with CoordinatesFile(text) as file:
        for result in results:
            file.add(result)
    return text.getvalue()


class CoordinatesFile:
    """Writes coordinates.json one wafer at a time, so that no number of wafers fills the memory.

    Args:
        text: where to write. It holds whole JSON once the context is left without an error.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._separator = "\n"

    def __enter__(self) -> "CoordinatesFile":
        """Write what stands before the first wafer."""
        self._text.write(f'{{"units": {json.dumps(UNITS)},\n"wafers": [')
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Write what stands after the last wafer."""
        if kind is None:
            self._text.write("\n]}\n")

    def add(self, result: WaferResult) -> None:
        """Write one wafer's record on its own line."""
        self._text.write(self._separator + json.dumps(wafer_record(result), allow_nan=False))
        self._separator = ",\n"


def _places(die: Sequence[float], mm: Sequence[float], px: Sequence[float]) -> dict[str, Json]:
    return {"die": _numbers(die), "mm": _numbers(mm), "px": _numbers(px)}


def _polygon(outline: NDArray[np.float64], wafer: WaferMap) -> dict[str, Json]:
    rows, columns = outline.reshape(-1, 2).T
    x_mm, y_mm = geometry(wafer).to_mm(rows, columns)
    height, width = wafer.dies.shape
    x_px, y_px = (columns + 0.5) * REFERENCE_PX / width, (rows + 0.5) * REFERENCE_PX / height
    in_frames = {"die": (rows, columns), "mm": (x_mm, y_mm), "px": (x_px, y_px)}
    return {unit: np.round(np.column_stack(axes), 4).tolist() for unit, axes in in_frames.items()}


def _numbers(values: Iterable[float]) -> list[Json]:
    return [number(value) for value in values]


def number(value: float) -> Json:
    """Round to a ten-thousandth; what is undefined has no number in JSON and no text in CSV.

    Example:
        >>> number(1 / 3), number(2), number(float("nan"))
        (0.3333, 2, None)
    """
    if isinstance(value, int | np.integer):
        return int(value)
    return round(float(value), 4) if math.isfinite(value) else None


def _measure(value: object) -> Json:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    return number(value) if isinstance(value, int | float) else str(value)
