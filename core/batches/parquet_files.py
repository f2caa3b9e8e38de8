"""Wafers and results as the Parquet files of a batch: the lake's columns, one row a wafer, nothing looked up."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.analysis.result import WaferResult
from core.lake.parts import parquet_writer
from core.lake.result_rows import instance_row, result_of, segmentation_row
from core.lake.rows import dies_row, wafer_of, wafer_row
from core.lake.schema import TABLES
from data.wafer import WaferMap

_WAFERS = pa.schema([*TABLES["wafers"].schema, *(TABLES["dies"].schema.field(name) for name in ("grid", "bins"))])
_RESULTS = pa.schema(
    [
        *_WAFERS,
        *list(TABLES["segmentations"].schema)[3:],
        pa.field("instances", pa.list_(pa.struct(list(TABLES["instances"].schema)))),
        pa.field("embedding", pa.list_(pa.float32())),
        pa.field("place", pa.int32()),
    ]
)
_FAILURES, _MODEL = b"waferscope.failures", b"waferscope.model"


def write_wafers(path: Path, wafers: Iterable[WaferMap]) -> None:
    """Write wafers, as they are, in their order."""
    _write(path, _WAFERS, [_row(wafer) for wafer in wafers])


def read_wafers_of(path: Path) -> list[WaferMap]:
    """Read what `write_wafers` wrote."""
    return [wafer_of(row) for row in _rows(path)]


def result_row(result: WaferResult, place: int, seconds: float) -> dict[str, Any]:
    """Write a result with its wafer as one row.

    Args:
        result: the analysed wafer. Its probabilities are kept as the lake keeps them, on failing dies to 1/255.
        place: of the wafer in its part.
        seconds: that it took.
    """
    wafer, found = result.wafer, result.segmentation
    return {
        **_row(wafer),
        **segmentation_row(result, 0, seconds),
        "instances": [instance_row(wafer.key, instance, 0) for instance in result.instances],
        "embedding": found.embedding,
        "place": place,
    }


def result_of_row(row: Mapping[str, Any]) -> WaferResult:
    """Read a row of `result_row` back."""
    result = result_of(row)
    if row["embedding"] is None:
        return result
    embedding = np.asarray(row["embedding"], dtype=np.float32)
    return replace(result, segmentation=replace(result.segmentation, embedding=embedding))


def write_results(path: Path, rows: Sequence[Mapping[str, Any]], failures: Mapping[int, str], model: str) -> None:
    """Write what was found on a part.

    Args:
        path: file to write.
        rows: of `result_row`.
        failures: why the model failed, by the wafer's place.
        model: its name.
    """
    _write(path, _RESULTS, rows, {_FAILURES: json.dumps(list(failures.items())), _MODEL: model})


def read_results(path: Path) -> list[dict[str, Any]]:
    """Read the rows that `write_results` wrote."""
    return list(_rows(path))


def failures_in(path: Path) -> dict[int, str]:
    """Read the failures that `write_results` wrote."""
    return dict(json.loads(_said(path)[_FAILURES]))


def count_of(path: Path) -> int:
    """Count the rows of a file."""
    return int(pq.read_metadata(path).num_rows)


def model_of(path: Path) -> str:
    """Read the model's name that `write_results` wrote."""
    return _said(path)[_MODEL].decode()


def _row(wafer: WaferMap) -> dict[str, Any]:
    return {**wafer_row(wafer, 0), **dies_row(wafer, 0)}


def _write(
    path: Path, schema: pa.Schema, rows: Sequence[Mapping[str, Any]], said: Mapping[bytes, str] | None = None
) -> None:
    with parquet_writer(path, schema) as writer:
        writer.write_table(pa.Table.from_pylist(list(rows), schema=schema))
        writer.add_key_value_metadata(dict(said or {}))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    yield from pq.read_table(path).to_pylist()


def _said(path: Path) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = pq.read_metadata(path).metadata
    return found
