"""Writing to the lake: tests of wafers, results, embeddings, each as a part that is there whole or not at all."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.lake.batches import batches
from core.lake.embedding_rows import Embedded, embedding_row
from core.lake.parts import Parts
from core.lake.questions import OF_RUNS
from core.lake.result_rows import instance_row, segmentation_row
from core.lake.rows import dies_hash, dies_row, fingerprint, wafer_of, wafer_row
from core.lake.runs import Arrival, RunRow, take_in, test_number
from core.lake.schema import TABLES
from core.lake.view import LakeView
from data.wafer import WaferMap

if TYPE_CHECKING:
    from core.analysis.result import WaferResult

ROWS_PER_PART = 2000


class Appender:
    """What appends to a lake, one thread at a time.

    Args:
        parts: the lake's files.
        view: what the lake holds already.
    """

    def __init__(self, parts: Parts, view: LakeView) -> None:
        self._parts, self._view = parts, view
        self._writing = threading.Lock()
        self._sequence = 0

    def wafers(self, wafers: Iterable[WaferMap], tell: Callable[[str], None]) -> tuple[int, int]:
        """Append wafers, as `Lake.append_wafers` says."""
        appended = already = 0
        for batch in batches(wafers, ROWS_PER_PART):
            with self._writing:
                taken = self._take_in(batch)
                if taken.rows:
                    numbered = list(enumerate(taken.rows, self._reserve("wafers", len(taken.rows))))
                    self._write("dies", (dies_row(row.wafer, n, row.test) for n, row in numbered))
                    self._write("wafers", (wafer_row(row.wafer, n, row.test, row.merged_from) for n, row in numbered))
            for sentence in taken.said:
                tell(sentence)
            appended += taken.new
            already += len(batch) - taken.new
        return appended, already

    def results(self, results: Iterable["WaferResult"], seconds: float | None) -> None:
        """Append results, as `Lake.append_results` says."""
        for batch in batches(results, ROWS_PER_PART):
            with self._writing:
                shown = self._shown("dies_hash", [result.wafer.key for result in batch])
                numbered = list(enumerate(batch, self._reserve("measures", len(batch))))
                beside = [one for one in numbered if shown.get(one[1].wafer.key) not in (None, dies_hash(one[1].wafer))]
                numbered = [one for one in numbered if one not in beside]
                self._write_results(numbered, seconds)
                self._write_results(beside, seconds, beside=True)
            self.embeddings(seen for number, result in numbered if (seen := _embedded(result, number)))

    def embeddings(self, embedded: Iterable[Embedded]) -> None:
        """Append embeddings, as `Lake.append_embeddings` says."""
        for batch in batches(embedded, ROWS_PER_PART):
            with self._writing:
                start = self._reserve("measures", len(batch))
                self._write("embeddings", (embedding_row(one, n) for n, one in enumerate(batch, start)))

    def rows(self, rows: Mapping[str, Sequence[dict[str, Any]]]) -> None:
        """Append rows of tables as they are, as `Lake.append_rows` says."""
        with self._writing:
            for table, some in rows.items():
                if some:
                    self._write(table, some)

    def _take_in(self, batch: Sequence[WaferMap]) -> Arrival:
        """Find the rows that a batch adds."""
        arriving: dict[str, list[WaferMap]] = {}
        for wafer in batch:
            arriving.setdefault(wafer.key, []).append(wafer)
        shown = self._shown("fingerprint", list(arriving))
        once = {key for key, runs in arriving.items() if len(runs) == 1}
        there = {key for key in once & shown.keys() if fingerprint(arriving[key][0]) == shown[key]}
        held: dict[str, list[RunRow]] = {key: [] for key in arriving if key not in there}
        known = [key for key in held if key in shown]
        for row in self._dicts(OF_RUNS, [known]) if known else ():
            merged_from = tuple(row["merged_from"] or ())
            held[row["key"]].append(RunRow(wafer_of(row), row["test"], merged_from, row["fingerprint"]))
        taken = [
            Arrival((RunRow(arriving[key][0], test_number(arriving[key][0])),), 1, ())
            if key in once and not rows
            else take_in(rows, arriving[key])
            for key, rows in held.items()
        ]
        return Arrival(
            tuple(row for one in taken for row in one.rows),
            sum(one.new for one in taken),
            tuple(sentence for one in taken for sentence in one.said),
        )

    def _write_results(
        self, numbered: Sequence[tuple[int, "WaferResult"]], seconds: float | None, *, beside: bool = False
    ) -> None:
        """Write results, the clusters first; beside those that are shown where they are of another test."""
        rows = [(segmentation_row(result, n, seconds), result) for n, result in numbered]
        instances = [
            instance_row(row["key"], instance, row["sequence"])
            | ({"model": row["model"], "dies_hash": row["dies_hash"], "replaced": row["sequence"]} if beside else {})
            for row, result in rows
            for instance in result.instances
        ]
        table = "earlier_" if beside else ""
        if instances:
            self._write(f"{table}instances", instances)
        if rows:
            self._write(
                f"{table}segmentations", (row | ({"replaced": row["sequence"]} if beside else {}) for row, _ in rows)
            )

    def _shown(self, column: str, keys: Sequence[str]) -> dict[str, int]:
        """A column of the wafers that are shown under some keys."""
        rows = self._dicts(f"SELECT key, {column} FROM wafers WHERE key IN (SELECT unnest(?))", [list(keys)])
        return {row["key"]: row[column] for row in rows}

    def _reserve(self, table: str, count: int) -> int:
        """First of as many sequence numbers, above the clock and all that this process has seen or given."""
        seen = self._dicts(f"SELECT coalesce(max(sequence), 0) AS n FROM {table}")[0]["n"]
        start: int = max(time.time_ns(), seen + 1, self._sequence + 1)
        self._sequence = start + count - 1
        return start

    def _write(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        self._parts.write(TABLES[table], rows)
        self._view.forget_listing()

    def _dicts(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._view.rows(sql, parameters).to_pylist()
        return rows


def _embedded(result: "WaferResult", sequence: int) -> Embedded | None:
    """What a segmentation tells of the wafer's looks by the way: all of it where there are no clusters."""
    found = result.segmentation
    if found.embedding is None:
        return None
    known = None if result.instances else sequence
    return Embedded(result.wafer.key, dies_hash(result.wafer), found.model, found.embedding, known)
