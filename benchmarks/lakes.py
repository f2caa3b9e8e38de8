"""Wafers into the lake, and the dashboards' questions to a large one."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.timing import Row, at_least, at_most, in_turns, p95
from core.analysis import bounded_batches
from core.lake import Lake
from core.lake_filter import WaferFilter
from core.lake_parts import new_name, parquet_writer
from core.lake_schema import TABLES, Table
from core.overview import by_week, newest_day, totals, worst_of_day
from data.classes import CLASS_KEYS
from data.formats import read_wafers
from data.formats.write import write_npz
from data.synthesis import Recipe, draw_over, draw_wafer
from data.wafer import WaferMap

IMPORTED_PER_SECOND, QUERY_MS = 1000.0, 200.0
WAFERS_PER_PART = 100_000
LAST = datetime(2026, 11, 20)
Column: TypeAlias = "NDArray[np.generic] | Sequence[object]"


def importing(wafers: int) -> list[Row]:
    """Read an .npz of wafers 27 dies across and append them to a new lake."""
    rng = np.random.default_rng(3)
    blank = draw_wafer(rng, Recipe(shortest=27, longest=27, classes=())).wafer.dies
    kinds = [draw_over(rng, blank).wafer.dies for _ in range(20)]
    maps = (WaferMap(dies=kinds[i % 20], lot_id=f"L{i // 25}", wafer_id=f"W{i % 25 + 1:02d}") for i in range(wafers))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "wafers.npz"
        write_npz(maps, file)
        started = time.perf_counter()
        lake = Lake(Path(folder) / "lake")
        found = (wafer for wafer in read_wafers(file) if isinstance(wafer, WaferMap))
        new = sum(lake.append_wafers(batch)[0] for batch in bounded_batches(found, 1024))
        rate = new / (time.perf_counter() - started)
    return [at_least(f"import of {new:,} wafers, {blank.shape[1]} dies across", rate, IMPORTED_PER_SECOND, "wafers/s")]


def asking(wafers: int, rounds: int) -> list[Row]:
    """Ask a lake of many segmented wafers what the Overview and Wafers pages ask."""
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, wafers, WAFERS_PER_PART):
            _write_part(Path(folder), start, min(WAFERS_PER_PART, wafers - start))
        lake = Lake(folder)
        some = WaferFilter(product="P1", since=LAST - timedelta(days=30))
        every = WaferFilter()
        day = newest_day(lake, every)
        questions: dict[str, Callable[[], object]] = {
            "totals": lambda: totals(lake, every),
            "totals of one product in a month": lambda: totals(lake, some),
            "defect mix by week": lambda: by_week(lake, every),
            "worst wafers of the newest day": lambda: worst_of_day(lake, every, day, 12) if day else None,
            "first page of wafers": lambda: lake.wafers_page(),
            "page 100 of one class, by severity": lambda: lake.wafers_page(
                WaferFilter(defect_class="scratch"), sort="-severity", offset=5000
            ),
            "wafers with a text in their names": lambda: lake.count(WaferFilter(text="L1234")),
        }
        spent = in_turns(questions, rounds)
    return [
        at_most(f"{name}, {wafers:,} wafers, p95 of {rounds}", p95(spent[name]), QUERY_MS, "ms") for name in questions
    ]


def _write_part(folder: Path, start: int, count: int) -> None:
    """Write one part of `wafers` and of `segmentations` with made-up values; dies and masks are not asked for."""
    rng = np.random.default_rng([4, start])
    number = np.arange(start, start + count)
    keys = [f"L{n // 25}:W{n % 25 + 1:02d}" for n in number]
    severity = rng.uniform(0, 100, count)
    dominant = rng.integers(0, len(CLASS_KEYS), count)
    seconds = rng.integers(0, 180 * 86400, count)
    tested = np.datetime64(LAST, "us") - seconds.astype("timedelta64[s]")
    both: dict[str, Column] = {"key": keys, "sequence": number, "dies_hash": number}
    wafers: dict[str, Column] = {
        **both,
        "fingerprint": number,
        "lot_id": [key.split(":")[0] for key in keys],
        "wafer_id": [key.split(":")[1] for key in keys],
        "product": [f"P{n}" for n in rng.integers(0, 20, count)],
        "tested_at": tested,
        "ingested_at": tested,
        "tested_count": np.full(count, 500),
        "fail_count": (severity * 2).astype(int),
        "yield_fraction": 1 - severity * 2 / 500,
    }
    results: dict[str, Column] = {
        **both,
        "segmented_at": tested,
        "model": ["m"] * count,
        "severity": severity,
        "cluster_count": rng.integers(0, 9, count),
        "affected_dies": (severity * 2).astype(int),
        "classes_present": [[CLASS_KEYS[k]] for k in dominant],
        "dominant_class": [CLASS_KEYS[k] for k in dominant],
    }
    for name, columns in (("segmentations", results), ("wafers", wafers)):
        _write(folder / name, TABLES[name], columns, count)


def _write(folder: Path, table: Table, columns: Mapping[str, Column], count: int) -> None:
    folder.mkdir(exist_ok=True)
    arrays = [
        pa.array(columns[field.name]).cast(field.type) if field.name in columns else _blank(field.type, count)
        for field in table.schema
    ]
    with parquet_writer(folder / new_name(), table.schema) as writer:
        writer.write_table(pa.Table.from_arrays(arrays, schema=table.schema))


def _blank(kind: pa.DataType, count: int) -> pa.Array:
    return pa.array([""] * count) if pa.types.is_string(kind) else pa.nulls(count, kind)
