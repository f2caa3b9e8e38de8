"""Between values and rows: a WaferMap or a WaferResult as the lake's columns, and back."""

import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from core.lake.schema import INSTANCE_MEASURES, INSTANCE_PARTS, ZONE_COLUMNS
from data.classes import CLASS_COUNT, CLASS_KEYS
from data.wafer import Notch, WaferMap

if TYPE_CHECKING:
    from core.analysis.result import WaferResult
    from core.instances import Instance
    from core.segmentation import Segmentation
    from core.severity import Severity

COLUMN_OF = {"score": "severity", "confidence": "mean_confidence", "version": "severity_version"}
"""Fields of Severity whose columns are named otherwise."""
FIRST_SEVERITY = 1
"""Version of the severity of results that name none."""

Row = Mapping[str, Any]
"""One row as Arrow gives it: the types of its cells are the schema's."""


def dies_hash(wafer: WaferMap) -> int:
    """Digest of the die grid alone: a segmentation belongs to a wafer as long as this is the same."""
    return _digest(repr(wafer.dies.shape).encode(), wafer.dies.tobytes())


def fingerprint(wafer: WaferMap) -> int:
    """Digest of all that a wafer says but the name of its file: equal fingerprints need no second row."""
    said = (
        wafer.key,
        wafer.lot_id,
        wafer.product,
        wafer.test_program,
        str(wafer.tested_at),
        wafer.die_pitch_mm,
        wafer.diameter_mm,
        str(wafer.notch),
        sorted(wafer.attributes.items()),
        wafer.source_sha256,
    )
    bins = b"" if wafer.bins is None else wafer.bins.tobytes()
    grid = [wafer.dies.shape, wafer.center] if wafer.center else [wafer.dies.shape]
    return _digest(json.dumps([said, *grid]).encode(), wafer.dies.tobytes(), bins)


def wafer_row(wafer: WaferMap, sequence: int) -> dict[str, Any]:
    """Write a wafer's metadata and counts as a row of `wafers`."""
    pitch, center = wafer.die_pitch_mm or (None, None), wafer.center or (None, None)
    return {
        "key": wafer.key,
        "sequence": sequence,
        "fingerprint": fingerprint(wafer),
        "dies_hash": dies_hash(wafer),
        "ingested_at": utc_now(),
        "lot_id": wafer.lot_id,
        "wafer_id": wafer.wafer_id,
        "product": wafer.product,
        "test_program": wafer.test_program,
        "tested_at": utc_naive(wafer.tested_at),
        "grid_rows": wafer.dies.shape[0],
        "grid_columns": wafer.dies.shape[1],
        "die_pitch_row_mm": pitch[0],
        "die_pitch_column_mm": pitch[1],
        "diameter_mm": wafer.diameter_mm,
        "notch": str(wafer.notch),
        "tested_count": wafer.tested_count,
        "fail_count": wafer.fail_count,
        "yield_fraction": wafer.yield_fraction,
        "attributes": list(wafer.attributes.items()),
        "source_name": wafer.source_name,
        "source_sha256": wafer.source_sha256,
        "center_row": center[0],
        "center_column": center[1],
    }


def dies_row(wafer: WaferMap, sequence: int) -> dict[str, Any]:
    """Write a wafer's grid as a row of `dies`.

    One row a wafer, its grid packed, and not one row a die: nobody asks for a die without its wafer, a wafer is drawn
    and segmented whole, and at 1,000 dies a wafer the rows of a million wafers would be a billion, each repeating the
    key. Packed, a wafer is one look-up and some hundred bytes. What is asked across wafers (counts, yield) is a column
    of `wafers`.
    """
    bins = None if wafer.bins is None else _packed(wafer.bins, "<u2")
    return {"key": wafer.key, "sequence": sequence, "grid": _packed(wafer.dies, "u1"), "bins": bins}


def dies_of(row: Row) -> NDArray[np.uint8]:
    """Rebuild the die grid, uint8 (H, W), from `grid_rows`, `grid_columns` and `grid`."""
    return _unpacked(row["grid"], "u1", (row["grid_rows"], row["grid_columns"]))


def failing_masks_of(row: Row, fail_count: int) -> NDArray[np.uint8]:
    """Rebuild from `masks` which failing dies, in row-major order, are of which class: 0 or 1, uint8 (8, fails)."""
    packed = np.frombuffer(zlib.decompress(row["masks"]), dtype=np.uint8)
    return np.unpackbits(packed, count=CLASS_COUNT * fail_count).reshape(CLASS_COUNT, -1)


def wafer_of(row: Row) -> WaferMap:
    """Rebuild the wafer from its row of `wafers` joined with `grid` and `bins`."""
    dies = dies_of(row)
    pitch = row["die_pitch_row_mm"], row["die_pitch_column_mm"]
    center = row.get("center_row"), row.get("center_column")  # parts of a batch may be older than these columns
    return WaferMap(
        dies=dies,
        lot_id=row["lot_id"],
        wafer_id=row["wafer_id"],
        product=row["product"],
        test_program=row["test_program"],
        tested_at=None if row["tested_at"] is None else row["tested_at"].replace(tzinfo=UTC),
        die_pitch_mm=None if pitch[0] is None else pitch,
        diameter_mm=row["diameter_mm"],
        notch=Notch(row["notch"]),
        bins=None if row["bins"] is None else _unpacked(row["bins"], "<u2", dies.shape),
        attributes=dict(row["attributes"]),
        source_name=row["source_name"],
        source_sha256=row["source_sha256"],
        center=None if center[0] is None or center[1] is None else (center[0], center[1]),
    )


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
        "probabilities": _packed(np.rint(probabilities * 255), "u1"),
    }


def result_of(row: Row) -> "WaferResult":
    """Rebuild a result from its wafer's row joined with grid, bins, presence, masks, probabilities and instances."""
    from core.analysis.result import WaferResult
    from core.severity import Severity

    wafer = wafer_of(row)
    measures: dict[str, Any] = {
        field.name: _defined(row.get(COLUMN_OF.get(field.name, field.name)))
        for field in fields(Severity)
        if field.name != "fail_share"
    }
    measures["fail_share"] = 1 - wafer.yield_fraction
    measures["version"] = row.get("severity_version") or FIRST_SEVERITY  # results may be older than this column
    instances = [_instance_of(instance) for instance in row["instances"] or ()]
    return WaferResult(wafer, _segmentation_of(row, wafer), instances, Severity(**measures))


def _segmentation_of(row: Row, wafer: WaferMap) -> "Segmentation":
    from core.segmentation import Segmentation

    failing = wafer.failing
    masks = np.zeros((CLASS_COUNT, *failing.shape), dtype=np.bool_)
    masks[:, failing] = failing_masks_of(row, wafer.fail_count)
    probabilities = np.zeros(masks.shape, dtype=np.float32)
    quantised = _unpacked(row["probabilities"], "u1", (CLASS_COUNT, wafer.fail_count))
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
        **{name: _nullable(getattr(instance, name)) for name, _ in INSTANCE_MEASURES},
        **{name: _nullable(member) for name, member in members},
        "dies": _packed(instance.dies, "<i2"),
        "polygon_die": _packed(instance.polygon_die, "<f8"),
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
        dies=_unpacked(row["dies"], "<i2", (-1, 2)).astype(np.intp),
        polygon_die=_unpacked(row["polygon_die"], "<f8", (-1, 2)),
        **measures,
        **places,
    )


def utc_now() -> datetime:
    """The present time as the lake keeps it: UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def utc_naive(moment: datetime | None) -> datetime | None:
    """A time as the lake keeps it; one without a zone is UTC already."""
    return moment if moment is None or moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def severity_columns(severity: "Severity") -> dict[str, Any]:
    """A result's severity as columns; the failing share is the wafer's."""
    said = vars(severity).items()
    return {COLUMN_OF.get(name, name): _nullable(value) for name, value in said if name != "fail_share"}


def _zone_columns(instances: Sequence["Instance"]) -> dict[str, int]:
    dies = dict.fromkeys((name for name, _ in ZONE_COLUMNS), 0)
    for instance in instances:
        dies[f"zone_{instance.zone}_{instance.class_key}"] += instance.die_count
    return dies


def _nullable(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


def _defined(value: object) -> object:
    return math.nan if value is None else value


def _digest(*parts: bytes) -> int:
    digest = blake2b(digest_size=8)
    for part in parts:
        digest.update(part)
    return int.from_bytes(digest.digest(), signed=True)


def _packed(array: NDArray[Any], dtype: DTypeLike) -> bytes:
    return zlib.compress(np.ascontiguousarray(array, dtype=dtype).tobytes(), 1)


def _unpacked(content: bytes, dtype: DTypeLike, shape: Sequence[int]) -> NDArray[Any]:
    return np.frombuffer(zlib.decompress(content), dtype=dtype).reshape(shape)
