"""Between results and rows: what was found on a wafer as the lake's columns, and back."""

import math
import zlib
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.lake.rows import FIRST_SEVERITY, Row, dies_hash, nullable, packed, unpacked, utc_now, wafer_of
from core.lake.schema import INSTANCE_MEASURES, INSTANCE_PARTS, ZONE_COLUMNS
from data.classes import CLASS_COUNT, CLASS_KEYS
from data.wafer import WaferMap

if TYPE_CHECKING:
    from core.analysis.result import WaferResult
    from core.instances import Instance
    from core.segmentation import Segmentation
    from core.severity import Severity

COLUMN_OF = {"score": "severity", "confidence": "mean_confidence", "version": "severity_version"}
"""Fields of Severity whose columns are named otherwise."""


def failing_masks_of(row: Row, fail_count: int) -> NDArray[np.uint8]:
    """Rebuild from `masks` which failing dies, in row-major order, are of which class: 0 or 1, uint8 (8, fails)."""
    packed = np.frombuffer(zlib.decompress(row["masks"]), dtype=np.uint8)
    return np.unpackbits(packed, count=CLASS_COUNT * fail_count).reshape(CLASS_COUNT, -1)


def segmentation_row(result: "WaferResult", sequence: int, seconds: float | None) -> dict[str, Any]:
    """Write a result as a row of `segmentations`.

    Masks and probabilities are kept over failing dies only (a mask is empty elsewhere, and elsewhere nothing is drawn);
    probabilities are rounded to 1/255.
    """
    found, failing = result.segmentation, result.wafer.failing
    masks, probabilities = found.masks[:, failing], found.probabilities[:, failing]
    affected = masks.sum(axis=1)
    return {
        "key": result.wafer.key,
        "sequence": sequence,
        "dies_hash": dies_hash(result.wafer),
        "segmented_at": utc_now(),
        "model": found.model,
        "seconds": seconds,
        **severity_columns(result.severity),
        "classes_present": list(found.classes_present),
        "dominant_class": CLASS_KEYS[int(affected.argmax())] if affected.any() else None,
        **{f"affected_{key}": int(affected[k]) for k, key in enumerate(CLASS_KEYS)},
        **_zone_columns(result.instances),
        "presence": found.presence,
        "masks": zlib.compress(np.packbits(masks).tobytes(), 1),
        "probabilities": packed(np.rint(probabilities * 255), "u1"),
    }


def result_of(row: Row) -> "WaferResult":
    """Rebuild a result from its wafer's row joined with grid, bins, presence, masks, probabilities and instances."""
    from core.analysis.result import WaferResult

    wafer = wafer_of(row)
    instances = [_instance_of(instance) for instance in row["instances"] or ()]
    return WaferResult(wafer, _segmentation_of(row, wafer), instances, severity_of(row))


def severity_of(row: Row) -> "Severity":
    """Rebuild a severity from a row of `wafers`; measures that the row does not hold are NaN."""
    from core.severity import Severity

    measures: dict[str, Any] = {
        field.name: _defined(row.get(COLUMN_OF.get(field.name, field.name)))
        for field in fields(Severity)
        if field.name != "fail_share"
    }
    passing = row["yield_fraction"]
    measures["fail_share"] = math.nan if passing is None else 1 - passing
    measures["version"] = row.get("severity_version") or FIRST_SEVERITY  # results may be older than this column
    return Severity(**measures)


def _segmentation_of(row: Row, wafer: WaferMap) -> "Segmentation":
    from core.segmentation import Segmentation

    failing = wafer.failing
    masks = np.zeros((CLASS_COUNT, *failing.shape), dtype=np.bool_)
    masks[:, failing] = failing_masks_of(row, wafer.fail_count)
    probabilities = np.zeros(masks.shape, dtype=np.float32)
    quantised = unpacked(row["probabilities"], "u1", (CLASS_COUNT, wafer.fail_count))
    probabilities[:, failing] = quantised.astype(np.float32) / 255
    return Segmentation(
        key=row["key"],
        probabilities=probabilities,
        masks=masks,
        presence=np.asarray(row["presence"], dtype=np.float32),
        model=row["model"],
    )


def instance_row(key: str, instance: "Instance", sequence: int) -> dict[str, Any]:
    """Write a cluster as a row of `instances`, with every measure a column of its own."""
    members = zip(
        (name for names in INSTANCE_PARTS.values() for name in names),
        (member for field in INSTANCE_PARTS for member in getattr(instance, field)),
        strict=True,
    )
    return {
        "key": key,
        "sequence": sequence,
        "class_key": instance.class_key,
        "number": instance.number,
        **{name: nullable(getattr(instance, name)) for name, _ in INSTANCE_MEASURES},
        **{name: nullable(member) for name, member in members},
        "dies": packed(instance.dies, "<i2"),
        "polygon_die": packed(instance.polygon_die, "<f8"),
    }


def _instance_of(row: Row) -> "Instance":
    from core.instances import Instance

    measures: dict[str, Any] = {name: _defined(row[name]) for name, _ in INSTANCE_MEASURES}
    places: dict[str, Any] = {
        field: tuple(_defined(row[name]) for name in names) for field, names in INSTANCE_PARTS.items()
    }
    return Instance(
        class_key=row["class_key"],
        number=row["number"],
        dies=unpacked(row["dies"], "<i2", (-1, 2)).astype(np.intp),
        polygon_die=unpacked(row["polygon_die"], "<f8", (-1, 2)),
        **measures,
        **places,
    )


def severity_columns(severity: "Severity") -> dict[str, Any]:
    """Return a result's severity as columns; the failing share is the wafer's."""
    said = vars(severity).items()
    return {COLUMN_OF.get(name, name): nullable(value) for name, value in said if name != "fail_share"}


def _zone_columns(instances: Sequence["Instance"]) -> dict[str, int]:
    dies = dict.fromkeys((name for name, _ in ZONE_COLUMNS), 0)
    for instance in instances:
        dies[f"zone_{instance.zone}_{instance.class_key}"] += instance.die_count
    return dies


def _defined(value: object) -> object:
    return math.nan if value is None else value
