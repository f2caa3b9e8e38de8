"""The lake: every wafer ever read and what was found on it, in Parquet parts that any number of processes share."""

import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from core.lake.batches import batches
from core.lake.compaction import LEAST_PARTS, SETTLED_SECONDS, compact
from core.lake.embedding_rows import Embedded, embedding_row
from core.lake.filter import DISTINCT_COLUMNS, NEWEST_FIRST, PAGE_COLUMNS, WaferFilter, checked_column, order_by
from core.lake.parts import Parts
from core.lake.rows import (
    dies_hash,
    dies_row,
    fingerprint,
    instance_row,
    result_of,
    segmentation_row,
    wafer_of,
    wafer_row,
)
from core.lake.schema import DETAIL_COLUMNS, TABLES
from core.lake.view import LakeView
from core.settings import settings
from data.errors import LakeError
from data.wafer import WaferMap

if TYPE_CHECKING:
    from core.analysis.result import WaferResult

ROWS_PER_PART = 2000
MANY_PARTS = 64
REMEMBERED_BYTES = 64_000_000
_EVERYTHING = WaferFilter()

_WAFERS = """
    WITH wanted AS (SELECT unnest(?) AS key)
    SELECT w.*, d.grid, d.bins FROM (FROM wafers WHERE key IN (FROM wanted)) AS w
    JOIN (FROM dies WHERE key IN (FROM wanted)) AS d ON d.key = w.key
"""
_RESULTS = f"""
    WITH wanted AS (SELECT unnest(?) AS key)
    SELECT w.*, d.grid, d.bins, {", ".join(f"s.{name}" for name, _ in DETAIL_COLUMNS)}, c.instances
    FROM (FROM wafers WHERE key IN (FROM wanted)) AS w
    JOIN (FROM dies WHERE key IN (FROM wanted)) AS d ON d.key = w.key
    JOIN (FROM segmentations WHERE key IN (FROM wanted)) AS s ON s.key = w.key
    LEFT JOIN (SELECT key, list(i ORDER BY number) AS instances FROM instances AS i
               WHERE key IN (FROM wanted) GROUP BY key) AS c ON c.key = w.key
"""
"""All of a result in one query, so that its pieces are of the same moment. The keys are asked of each table before they
are joined: they do not go through a join into what is read of the parts."""


class Lake:
    """Facts about wafers: append, look up, filter, query. Threads may share one; processes each open their own.

    A wafer or result appended again under the same key replaces the older one in every answer. What an append has
    returned for survives kill -9 and power loss; what it has not returned for is there whole or not at all.

    Args:
        root: folder or fsspec URL; made on the first append.
        remember: bytes of answers to queries that are kept until the lake changes.

    Raises:
        LakeError: the place cannot be used.

    Example:
        >>> import numpy as np
        >>> lake = Lake("memory://lake-example")
        >>> wafer = WaferMap(dies=np.array([[1, 2]], dtype=np.uint8), lot_id="L1", wafer_id="W01", product="TC38")
        >>> lake.append_wafers([wafer]), lake.append_wafers([wafer])
        ((1, 0), (0, 1))
        >>> lake.query("SELECT key, fail_count FROM wafers WHERE product = ?", ["TC38"]).values.tolist()
        [['L1:W01', 1]]
    """

    def __init__(self, root: str | Path, *, remember: int = REMEMBERED_BYTES) -> None:
        self.root = str(root)
        self._parts = Parts(root)
        self._view = LakeView(self._parts, remember)
        self._writing = threading.Lock()
        self._sequence = 0

    def append_wafers(self, wafers: Iterable[WaferMap]) -> tuple[int, int]:
        """Append wafers; those that the lake holds just like this are left out.

        Args:
            wafers: any number; a part is written every 2,000.

        Returns:
            How many were new or changed, and how many were there already.
        """
        appended = already = 0
        for batch in batches(wafers, ROWS_PER_PART):
            with self._writing:
                new = self._unknown(batch)
                if new:
                    start = self._reserve("wafers", len(new))
                    numbered = list(enumerate(new, start))
                    self._write("dies", (dies_row(wafer, number) for number, wafer in numbered))
                    self._write("wafers", (wafer_row(wafer, number) for number, wafer in numbered))
            appended += len(new)
            already += len(batch) - len(new)
        return appended, already

    def append_results(self, results: Iterable["WaferResult"], *, seconds: float | None = None) -> None:
        """Append what was found on wafers that are in the lake.

        A result shows once its wafer is there with the very die grid that was segmented; append the wafer first.

        Args:
            results: any number; a part is written every 2,000.
            seconds: mean time that one of these wafers took, None when not measured.
        """
        for batch in batches(results, ROWS_PER_PART):
            with self._writing:
                numbered = list(enumerate(batch, self._reserve("measures", len(batch))))
                instances = [
                    instance_row(result.wafer.key, instance, number)
                    for number, result in numbered
                    for instance in result.instances
                ]
                if instances:
                    self._write("instances", instances)
                self._write("segmentations", (segmentation_row(result, number, seconds) for number, result in numbered))
            self.append_embeddings(seen for number, result in numbered if (seen := _embedded(result, number)))

    def append_embeddings(self, embedded: Iterable[Embedded]) -> None:
        """Append what wafers look like to a model, in place of what the lake holds of the same wafers and model.

        Args:
            embedded: any number; a part is written every 2,000.
        """
        for batch in batches(embedded, ROWS_PER_PART):
            with self._writing:
                start = self._reserve("measures", len(batch))
                self._write("embeddings", (embedding_row(one, n) for n, one in enumerate(batch, start)))

    def wafer(self, key: str) -> WaferMap:
        """Return one wafer.

        Raises:
            LakeError: the lake does not hold it.
        """
        found = self.wafers_by_keys([key])
        if key not in found:
            raise LakeError(
                self.root, f"there is no wafer {key!r}", "Check the lot and wafer name, or ingest its file."
            )
        return found[key]

    def wafers_by_keys(self, keys: Sequence[str]) -> dict[str, WaferMap]:
        """Return wafers by key, in the order asked, in one query; keys that the lake does not hold are left out."""
        return {row["key"]: wafer_of(row) for row in self._by_key(_WAFERS, keys)}

    def result(self, key: str) -> "WaferResult | None":
        """Return a wafer with what was found on it, None where it was not segmented yet.

        Probabilities come back to 1/255 on failing dies and are 0 elsewhere: a heat map shows failing dies.

        Raises:
            LakeError: the lake does not hold the wafer.
        """
        self.wafer(key)
        return self.results_by_keys([key]).get(key)

    def results_by_keys(self, keys: Sequence[str]) -> dict[str, "WaferResult"]:
        """Return results by wafer key, in the order asked; wafers without one are left out."""
        return {row["key"]: result_of(row) for row in self._by_key(_RESULTS, keys)}

    def wafers_page(
        self, where: WaferFilter = _EVERYTHING, sort: str = NEWEST_FIRST, offset: int = 0, limit: int = 50
    ) -> pd.DataFrame:
        """Return one page of the table of wafers, cut by the database.

        Args:
            where: which wafers.
            sort: a column of SORT_COLUMNS, "-" before it for largest first.
            offset: wafers to skip.
            limit: wafers to give at most.

        Returns:
            One row a wafer with PAGE_COLUMNS.

        Raises:
            LakeError: the table cannot be sorted like that.
        """
        condition, parameters = where.where()
        sql = (
            f"SELECT {', '.join(PAGE_COLUMNS)} FROM wafers WHERE {condition} ORDER BY {order_by(sort)} LIMIT ? OFFSET ?"
        )
        return self.query(sql, [*parameters, limit, offset])

    def count(self, where: WaferFilter = _EVERYTHING) -> int:
        """Count wafers."""
        condition, parameters = where.where()
        return int(self._dicts(f"SELECT count(*) AS n FROM wafers WHERE {condition}", parameters)[0]["n"])

    def distinct(self, column: str) -> list[str]:
        """List the values of a column of DISTINCT_COLUMNS that a person can filter by, sorted, empty ones left out.

        Raises:
            LakeError: not a column to filter by.
        """
        name = checked_column(column, DISTINCT_COLUMNS)
        return [
            row["v"] for row in self._dicts(f"SELECT DISTINCT {name} AS v FROM wafers WHERE {name} != '' ORDER BY v")
        ]

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """Run SQL over the views wafers, dies, segmentations, instances, embeddings, evaluations, newest rows only.

        The views earlier_segmentations and earlier_instances hold the answers that newer ones have replaced.

        Args:
            sql: values stand as question marks, never in the text.
            parameters: one a question mark.

        Raises:
            LakeError: the query is wrong or the lake cannot be read.
        """
        frame: pd.DataFrame = self.arrow(sql, parameters).to_pandas(maps_as_pydicts="strict")
        return frame

    def arrow(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Run SQL as `query` does, for long answers or wide cells."""
        return self._view.rows(sql, parameters)

    def compact(self, *, least: int = LEAST_PARTS, settled_seconds: float = SETTLED_SECONDS) -> int:
        """Merge small parts, as `core.lake.compaction.compact` says; safe while others read, append and merge.

        Answers of older models are kept for as long as the setting `keep_results_days` says.

        Returns:
            How many parts were merged away.

        Raises:
            SettingError: the setting holds nonsense.
        """
        keep_days = settings().keep_results_days
        merged = compact(self._parts, least=least, settled_seconds=settled_seconds, keep_days=keep_days)
        self._view.forget_listing()
        return merged

    def tidy(self, *, many: int = MANY_PARTS) -> None:
        """Merge the parts of tables that have many; for jobs that append, after every batch."""
        if any(len(names) >= many for names in self._parts.listing().values()):
            self.compact(least=many)

    def keys_not_segmented_by(self, model: str, among: Sequence[str] | None = None) -> list[str]:
        """List the wafers, all or some, whose newest segmentation is not by this model (`Segmenter.name`), sorted."""
        some, keys = ("", []) if among is None else ("AND key IN (SELECT unnest(?))", [list(among)])
        sql = f"SELECT key FROM wafers WHERE model IS DISTINCT FROM ? {some} ORDER BY key"
        return [row["key"] for row in self._dicts(sql, [model, *keys])]

    def _unknown(self, batch: Sequence[WaferMap]) -> list[WaferMap]:
        """Of a batch, the wafers that the lake does not hold just like this, the last of each key."""
        sql = "SELECT key, fingerprint FROM wafers WHERE key IN (SELECT unnest(?))"
        latest = {wafer.key: wafer for wafer in batch}
        held = {row["key"]: row["fingerprint"] for row in self._dicts(sql, [list(latest)])}
        return [wafer for key, wafer in latest.items() if held.get(key) != fingerprint(wafer)]

    def _reserve(self, table: str, count: int) -> int:
        """First of as many sequence numbers, above the clock and all that this process has seen or given."""
        seen = self._dicts(f"SELECT coalesce(max(sequence), 0) AS n FROM {table}")[0]["n"]
        start: int = max(time.time_ns(), seen + 1, self._sequence + 1)
        self._sequence = start + count - 1
        return start

    def _write(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        self._parts.write(TABLES[table], rows)
        self._view.forget_listing()

    def _by_key(self, sql: str, keys: Sequence[str]) -> list[dict[str, Any]]:
        found = {row["key"]: row for row in self._dicts(sql, [list(keys)])}
        return [found[key] for key in keys if key in found]

    def _dicts(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.arrow(sql, parameters).to_pylist()
        return rows


def _embedded(result: "WaferResult", sequence: int) -> Embedded | None:
    """What a segmentation tells of the wafer's looks by the way: all of it where there are no clusters."""
    found = result.segmentation
    if found.embedding is None:
        return None
    known = None if result.instances else sequence
    return Embedded(result.wafer.key, dies_hash(result.wafer), found.model, found.embedding, known)
