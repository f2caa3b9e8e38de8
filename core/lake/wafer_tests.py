"""The tests of a wafer, also those that newer ones took the place of: listed, and each with its own result."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.lake.filter import WaferFilter
from core.lake.lake import Lake
from core.lake.questions import OF_RUNS
from core.lake.result_rows import result_of
from core.lake.rows import Row, dies_hash, wafer_of
from core.lake.schema import DETAIL_COLUMNS, MEASURE_COLUMNS
from data.errors import LakeError
from data.wafer import WaferMap

if TYPE_CHECKING:
    from core.analysis.result import WaferResult

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LIST = """
    SELECT * FROM test_rows WHERE key = ?
    QUALIFY row_number() OVER (PARTITION BY test ORDER BY sequence DESC) = 1 ORDER BY sequence
"""
_ANSWER = f"""
    SELECT s.model, {", ".join(f"s.{name}" for name, _ in (*MEASURE_COLUMNS, *DETAIL_COLUMNS))}, c.instances
    FROM (FROM earlier_segmentations WHERE key = ? AND dies_hash = ?) AS s
    LEFT JOIN (SELECT sequence, list(i ORDER BY number) AS instances FROM earlier_instances AS i
               WHERE key = ? GROUP BY sequence) AS c ON c.sequence = s.sequence
    ORDER BY s.sequence DESC LIMIT 1
"""


@dataclass(frozen=True)
class WaferTest:
    """One test of a wafer, retests merged.

    Args:
        id: of the test, unique within the wafer.
        step: insertion or inspection step, "" when unknown.
        test_program: "" when unknown.
        started_at: UTC, None when unknown.
        tested_at: end of the last run, UTC, None when unknown.
        tested_count: dies.
        fail_count: of these.
        yield_fraction: passing dies over tested dies, None where passing dies are not known.
        first_tested: dies that the first pass tested, None where no die was tested again.
        first_passing: of these.
        retested_dies: dies that were tested again, 0 for none.
        source_name: file of the first run.
        shown: whether it is the test that lists show.
    """

    id: str
    step: str
    test_program: str
    started_at: datetime | None
    tested_at: datetime | None
    tested_count: int
    fail_count: int
    yield_fraction: float | None
    first_tested: int | None
    first_passing: int | None
    retested_dies: int
    source_name: str
    shown: bool

    @property
    def first_yield(self) -> float | None:
        """Yield of the first pass, None where no die was tested again."""
        return self.first_passing / self.first_tested if self.first_tested and self.first_passing is not None else None


def list_tests(lake: Lake, key: str) -> list[WaferTest]:
    """List the tests of a wafer: the one that is shown, then the others by their times, newest first.

    Args:
        lake: to read.
        key: of the wafer.

    Returns:
        The tests; empty where the lake does not hold the wafer.

    Raises:
        LakeError: the lake cannot be read.
    """
    rows = lake.arrow(_LIST, [key]).to_pylist()
    if not rows:
        return []
    last = rows[-1]["sequence"]
    found = [_test_of(row, row["sequence"] == last) for row in _standing(rows)]
    found.sort(key=lambda test: (test.shown, test.tested_at or test.started_at or _EARLIEST), reverse=True)
    return found


def ids_of_step(lake: Lake, where: WaferFilter, keys: Sequence[str]) -> dict[str, str]:
    """Return which test of each wafer a filter shows, `WaferTest.id` by key; none where it chooses no step.

    Args:
        lake: to read.
        where: the filter.
        keys: of the wafers.

    Raises:
        LakeError: the lake cannot be read.
    """
    if not where.step:
        return {}
    sql = "SELECT key, test FROM wafers WHERE key IN (SELECT unnest(?))"
    return {row["key"]: _id_of(row) for row in lake.seen_by(where).arrow(sql, [list(keys)]).to_pylist()}


def wafer_of_test(lake: Lake, key: str, test: str) -> WaferMap:
    """Return a wafer as one of its tests has it.

    Args:
        lake: to read.
        key: of the wafer.
        test: `WaferTest.id`; "" for the one that is shown.

    Raises:
        LakeError: the lake does not hold the wafer, or not this test of it.
    """
    return wafer_of(_row_of(lake, key, test)) if test else lake.wafer(key)


def result_of_test(lake: Lake, key: str, test: str) -> "WaferResult | None":
    """Return what was found on the dies of one test of a wafer, None where it was not segmented or is kept no more.

    Args:
        lake: to read.
        key: of the wafer.
        test: `WaferTest.id`; "" for the one that is shown.

    Raises:
        LakeError: the lake does not hold the wafer, or not this test of it.
    """
    shown = lake.result(key)
    if not test:
        return shown
    row = _row_of(lake, key, test)
    wafer = wafer_of(row)
    dies = dies_hash(wafer)
    if shown is not None and dies_hash(shown.wafer) == dies:
        return replace(shown, wafer=wafer)
    found = lake.arrow(_ANSWER, [key, dies, key]).to_pylist()
    return result_of({**row, **found[0]}) if found else None


def _row_of(lake: Lake, key: str, test: str) -> Row:
    """The newest row of a test, joined with its grid and bins."""
    rows = lake.arrow(OF_RUNS, [[key]]).to_pylist()
    found = [row for row in rows if _id_of(row) == test]
    if not found:
        raise LakeError(lake.root, f"wafer {key!r} has no test {test!r}", "Choose one of its tests.")
    return dict(found[-1])


def _standing(rows: Sequence[Row]) -> list[Row]:
    """Of a wafer's rows, those that are tests: not the runs of a merge, nor a merge of runs that were merged anew."""
    runs = {row["fingerprint"] for row in rows if not row["merged_from"]}
    merges = [set(row["merged_from"]) for row in rows if row["merged_from"]]
    whole = [merge for merge in merges if merge <= runs and not any(merge < other <= runs for other in merges)]
    gone = set[int]().union(*whole)
    return [
        row
        for row in rows
        if (set(row["merged_from"]) in whole if row["merged_from"] else row["fingerprint"] not in gone)
    ]


def _test_of(row: Row, shown: bool) -> WaferTest:
    return WaferTest(
        id=_id_of(row),
        step=row["step"] or "",
        test_program=row["test_program"],
        started_at=_in_utc(row["started_at"]),
        tested_at=_in_utc(row["tested_at"]),
        tested_count=row["tested_count"],
        fail_count=row["fail_count"],
        yield_fraction=row["yield_fraction"],
        first_tested=row["first_tested"],
        first_passing=row["first_passing"],
        retested_dies=row["retested_dies"] or 0,
        source_name=row["source_name"],
        shown=shown,
    )


def _id_of(row: Row) -> str:
    return f"{(row['test'] or 0) % 2**64:016x}"


def _in_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
