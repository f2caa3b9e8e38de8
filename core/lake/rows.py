"""Between values and rows: a WaferMap as the lake's columns, and back."""

import json
import math
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from data.retests import FIRST_PASSING, FIRST_TESTED, RETESTED
from data.wafer import Notch, WaferMap

FIRST_PASS_ATTRIBUTES = {
    "first_tested": FIRST_TESTED,
    "first_passing": FIRST_PASSING,
    "retested_dies": RETESTED,
}
"""Columns that tell the first pass from the last, and the attributes that they are read from."""
MOST_DIGITS = 10
FIRST_SEVERITY = 1
"""Version of the severity of results that name none."""

Row = Mapping[str, Any]
"""One row as Arrow gives it: the types of its cells are the schema's."""


def dies_hash(wafer: WaferMap) -> int:
    """Digest of the die grid alone: a segmentation belongs to a wafer as long as this is the same."""
    return digest(repr(wafer.dies.shape).encode(), wafer.dies.tobytes())


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
    # What was added later goes in where a wafer says it, so that wafers without it keep their digest.
    added = (wafer.step, str(wafer.started_at), wafer.passing_known, wafer.remarks)
    test = [added] if added != ("", "None", True, ()) else []
    return digest(json.dumps([said, *grid, *test]).encode(), wafer.dies.tobytes(), bins)


def wafer_row(
    wafer: WaferMap, sequence: int, test: int | None = None, merged_from: Sequence[int] = ()
) -> dict[str, Any]:
    """Write a wafer's metadata and counts as a row of `wafers`.

    Args:
        wafer: one test of it.
        sequence: of the row.
        test: number of the test.
        merged_from: fingerprints of the runs that were merged into it.
    """
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
        "yield_fraction": nullable(wafer.yield_fraction),
        "attributes": list(wafer.attributes.items()),
        "source_name": wafer.source_name,
        "source_sha256": wafer.source_sha256,
        "center_row": center[0],
        "center_column": center[1],
        "step": wafer.step,
        "started_at": utc_naive(wafer.started_at),
        "passing_known": wafer.passing_known,
        "remarks": list(wafer.remarks) or None,
        "test": test,
        **{column: _counted(wafer, name) for column, name in FIRST_PASS_ATTRIBUTES.items()},
        "merged_from": list(merged_from) or None,
    }


def dies_row(wafer: WaferMap, sequence: int, test: int | None = None) -> dict[str, Any]:
    """Write a wafer's grid as a row of `dies`.

    One row a wafer, its grid packed, and not one row a die: nobody asks for a die without its wafer, a wafer is drawn
    and segmented whole, and at 1,000 dies a wafer the rows of a million wafers would be a billion, each repeating the
    key. Packed, a wafer is one look-up and some hundred bytes. What is asked across wafers (counts, yield) is a column
    of `wafers`.
    """
    bins = None if wafer.bins is None else packed(wafer.bins, "<u2")
    grid = packed(wafer.dies, "u1")
    return {"key": wafer.key, "sequence": sequence, "grid": grid, "bins": bins, "test": test}


def dies_of(row: Row) -> NDArray[np.uint8]:
    """Rebuild the die grid, uint8 (H, W), from `grid_rows`, `grid_columns` and `grid`."""
    return unpacked(row["grid"], "u1", (row["grid_rows"], row["grid_columns"]))


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
        bins=None if row["bins"] is None else unpacked(row["bins"], "<u2", dies.shape),
        attributes=dict(row["attributes"]),
        source_name=row["source_name"],
        source_sha256=row["source_sha256"],
        center=None if center[0] is None or center[1] is None else (center[0], center[1]),
        step=row.get("step") or "",
        started_at=None if row.get("started_at") is None else row["started_at"].replace(tzinfo=UTC),
        passing_known=row.get("passing_known") is not False,
        remarks=tuple(row.get("remarks") or ()),
    )


def utc_now() -> datetime:
    """The present time as the lake keeps it: UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def utc_naive(moment: datetime | None) -> datetime | None:
    """A time as the lake keeps it; one without a zone is UTC already."""
    return moment if moment is None or moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _counted(wafer: WaferMap, name: str) -> int | None:
    """A count among a wafer's attributes, None where it is none."""
    value = wafer.attributes.get(name, "")
    return int(value) if value.isdecimal() and len(value) < MOST_DIGITS else None


def nullable(value: object) -> object:
    """Return None in place of NaN."""
    return None if isinstance(value, float) and math.isnan(value) else value


def digest(*parts: bytes) -> int:
    """Return a number of 64 bits, with its sign, that stands for some bytes."""
    digest = blake2b(digest_size=8)
    for part in parts:
        digest.update(part)
    return int.from_bytes(digest.digest(), signed=True)


def packed(array: NDArray[Any], dtype: DTypeLike) -> bytes:
    """Return an array as compressed bytes."""
    return zlib.compress(np.ascontiguousarray(array, dtype=dtype).tobytes(), 1)


def unpacked(content: bytes, dtype: DTypeLike, shape: Sequence[int]) -> NDArray[Any]:
    """Rebuild an array from what `packed` returned."""
    return np.frombuffer(zlib.decompress(content), dtype=dtype).reshape(shape)
