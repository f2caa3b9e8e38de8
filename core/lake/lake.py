"""The lake: every wafer ever read and what was found on it, in Parquet parts that any number of processes share."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from core.lake.appending import Appender
from core.lake.compaction import LEAST_PARTS, SETTLED_SECONDS, compact
from core.lake.damage import LakeDamage
from core.lake.embedding_rows import Embedded
from core.lake.filter import (
    DISTINCT_COLUMNS,
    NEWEST_FIRST,
    PAGE_COLUMNS,
    WaferFilter,
    after_row,
    checked_column,
    order_by,
)
from core.lake.narrowing import EVERYTHING
from core.lake.parts import Parts
from core.lake.questions import OF_RESULTS, OF_WAFERS
from core.lake.result_rows import result_of
from core.lake.rows import wafer_of
from core.lake.view import LakeView
from core.settings import settings
from data.errors import LakeError
from data.wafer import WaferMap

if TYPE_CHECKING:
    from core.analysis.result import WaferResult

MANY_PARTS = 64
REMEMBERED_BYTES = 64_000_000
_EVERYTHING = WaferFilter()


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
        self._appender = Appender(self._parts, self._view)
        self._sight = EVERYTHING

    def seen_by(self, where: WaferFilter) -> "Lake":
        """Return the lake as a filter sees it.

        Where the filter chooses a step, every answer is about each wafer's newest test of that step: its numbers, dies
        and result; wafers without one are not there. Where it chooses none, the lake as it is.
        """
        if not where.step:
            return self
        seen = copy(self)
        seen._sight = replace(self._sight, step=where.step)
        return seen

    def narrowed_to(self, products: Sequence[str] | None) -> "Lake":
        """Return the lake with the wafers of some products alone in every answer; what is appended goes to them all.

        Args:
            products: their names; None for the lake as it is.
        """
        if products is None:
            return self
        seen = copy(self)
        seen._sight = replace(self._sight, products=tuple(sorted(set(products))))
        return seen

    @property
    def products(self) -> tuple[str, ...] | None:
        """Names of the products that the lake was narrowed to, None for all."""
        return self._sight.products

    def append_wafers(
        self, wafers: Iterable[WaferMap], tell: Callable[[str], None] = lambda _: None
    ) -> tuple[int, int]:
        """Append wafers; those that the lake holds just like this are left out.

        A wafer that the lake holds from another test is kept beside it, or merged with it where it is a retest, as
        `core.lake.runs` says; the newest test is shown.

        Args:
            wafers: any number; a part is written every 2,000.
            tell: is given a sentence for every wafer that met an earlier test.

        Returns:
            How many were new or changed, and how many were there already.
        """
        return self._appender.wafers(wafers, tell)

    def append_results(self, results: Iterable["WaferResult"], *, seconds: float | None = None) -> None:
        """Append what was found on wafers that are in the lake.

        A result shows once its wafer is there with the very die grid that was segmented; append the wafer first. One of
        another test than the one that is shown is kept with the earlier answers.

        Args:
            results: any number; a part is written every 2,000.
            seconds: mean time that one of these wafers took, None when not measured.
        """
        self._appender.results(results, seconds)

    def append_rows(self, rows: Mapping[str, Sequence[dict[str, Any]]]) -> None:
        """Append rows of tables as they are, table by table in this order: children before their parents."""
        self._appender.rows(rows)

    def append_embeddings(self, embedded: Iterable[Embedded]) -> None:
        """Append what wafers look like to a model, in place of what the lake holds of the same wafers and model.

        Args:
            embedded: any number; a part is written every 2,000.
        """
        self._appender.embeddings(embedded)

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
        return {row["key"]: wafer_of(row) for row in self._by_key(OF_WAFERS, keys)}

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
        return {row["key"]: result_of(row) for row in self._by_key(OF_RESULTS, keys)}

    def wafers_page(
        self,
        where: WaferFilter = _EVERYTHING,
        sort: str = NEWEST_FIRST,
        offset: int = 0,
        limit: int = 50,
        after: tuple[object, str] | None = None,
    ) -> pd.DataFrame:
        """Return one page of the table of wafers, cut by the database.

        Args:
            where: which wafers.
            sort: a column of SORT_COLUMNS, "-" before it for largest first.
            offset: wafers to skip.
            limit: wafers to give at most.
            after: the last row of the page before, as its value of that column and its key; wafers that came in
                meanwhile move no other from page to page. None for the first page.

        Returns:
            One row a wafer with PAGE_COLUMNS.

        Raises:
            LakeError: the table cannot be sorted like that.
        """
        condition, parameters = where.where()
        later, more = after_row(sort, *after) if after else ("true", [])
        sql = (
            f"SELECT {', '.join(PAGE_COLUMNS)} FROM wafers WHERE {condition} AND {later} "
            f"ORDER BY {order_by(sort)} LIMIT ? OFFSET ?"
        )
        return self.seen_by(where).query(sql, [*parameters, *more, limit, offset])

    def count(self, where: WaferFilter = _EVERYTHING) -> int:
        """Count wafers."""
        condition, parameters = where.where()
        sql = f"SELECT count(*) AS n FROM wafers WHERE {condition}"
        return int(self.seen_by(where)._dicts(sql, parameters)[0]["n"])

    def seen(self, keys: Iterable[str]) -> set[str]:
        """Return those of some keys that may be seen here: all, unless the lake is narrowed to some products."""
        if self.products is None:
            return set(keys)
        sql = "SELECT key FROM wafers WHERE key IN (SELECT unnest(?))"
        return {row["key"] for row in self._dicts(sql, [list(keys)])}

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
        return self._view.rows(sql, parameters, self._sight)

    @property
    def name(self) -> str:
        """What tells this lake from any other, and from another sight of the same: for keys of what is kept of it."""
        return f"{self.root} {self._sight}"

    @property
    def damage(self) -> LakeDamage:
        """What is left out since parts are damaged or gone, as far as this process has met it."""
        return self._view.damage

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

    def keys_without_result(self, among: Sequence[str]) -> list[str]:
        """List the wafers among these whose dies, as they are shown now, no model has segmented, sorted."""
        sql = "SELECT key FROM wafers WHERE key IN (SELECT unnest(?)) AND segmentation_sequence IS NULL ORDER BY key"
        return [row["key"] for row in self._dicts(sql, [list(among)])]

    def _by_key(self, sql: str, keys: Sequence[str]) -> list[dict[str, Any]]:
        found = {row["key"]: row for row in self._dicts(sql, [list(keys)])}
        return [found[key] for key in keys if key in found]

    def _dicts(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.arrow(sql, parameters).to_pylist()
        return rows
