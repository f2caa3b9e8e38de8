"""Severity over the whole lake: which failing share is normal for a product, and scores of older formulas made anew."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from core.lake.batches import WAFERS_AT_ONCE, batches
from core.lake.lake import Lake
from core.lake.result_rows import severity_columns, severity_of
from core.severity import SEVERITY_VERSION, ProductRules, severity

LEAST_NORMAL = 25
"""Of fewer wafers nobody knows what is normal for a product."""

_NORMAL = f"""
    SELECT product, median(1 - yield_fraction) AS share FROM wafers
    WHERE product != '' AND isfinite(yield_fraction) GROUP BY product HAVING count(*) >= {LEAST_NORMAL}
"""
_SCORED = "SELECT * FROM wafers WHERE key IN (SELECT unnest(?)) AND severity IS NOT NULL"
_OUTDATED = "FROM wafers WHERE severity IS NOT NULL AND (severity_version < ? OR (? != '' AND product = ?))"
_ROWS = {
    "instances": "FROM instances WHERE key IN (SELECT unnest(?))",
    "segmentations": "FROM segmentations WHERE key IN (SELECT unnest(?))",
    "embeddings": """
        SELECT e.* FROM embeddings AS e JOIN wafers AS w ON w.key = e.key AND w.segmentation_sequence = e.segmented
        WHERE e.key IN (SELECT unnest(?))
    """,
}
"""Rows that hang on a result, children before their parents; last those that only follow it."""


def normal_fail_shares(lake: Lake) -> dict[str, float]:
    """Return the median failing share, 0 to 1, of each product of which the lake holds at least 25 wafers.

    Raises:
        LakeError: the lake cannot be read.
    """
    found = lake.query(_NORMAL)
    return dict(zip(found["product"], found["share"].astype(float), strict=True))


def main_reasons(lake: Lake, keys: Iterable[str]) -> dict[str, str]:
    """Return what makes most of the severity of wafers, in a few words, by key; wafers without a result are left out.

    Raises:
        LakeError: the lake cannot be read.
    """
    rows = lake.arrow(_SCORED, [list(keys)]).to_pylist()
    return {row["key"]: severity_of(row).main_reason for row in rows}


def count_outdated(lake: Lake) -> int:
    """Count the wafers whose severity is by an older formula than today's.

    Raises:
        LakeError: the lake cannot be read.
    """
    return int(lake.query(f"SELECT count(*) AS n {_OUTDATED}", [SEVERITY_VERSION, "", ""])["n"].iloc[0])


def rescore(lake: Lake, product: str = "") -> Iterator[tuple[int, int]]:
    """Score by today's formula what an older one scored; nothing is segmented, and no time or model changes.

    Args:
        lake: the lake.
        product: all of whose wafers are scored anew, as by rules that have changed; "" for none.

    A row that is scored anew follows the old one by one in sequence: a newer result that comes in meanwhile still
    counts, and alarms, which look from where they have been, do not take old wafers for news.

    Yields:
        Wafers scored and wafers in all, first (0, all).

    Raises:
        LakeError: the lake cannot be read.
        SettingError: a severity setting holds nonsense.
    """
    keys = list(lake.query(f"SELECT key {_OUTDATED} ORDER BY key", [SEVERITY_VERSION, product, product])["key"])
    normal, rules, done = normal_fail_shares(lake), ProductRules.configured(), 0
    yield done, len(keys)
    for some in batches(keys, WAFERS_AT_ONCE):
        rows = {table: lake.arrow(sql, [some]).to_pylist() for table, sql in _ROWS.items()}
        scores = {
            key: severity_columns(
                severity(
                    one.instances,
                    one.wafer,
                    rules.of(one.wafer.product),
                    normal_fail_share=normal.get(one.wafer.product),
                )
            )
            for key, one in lake.results_by_keys(some).items()  # read last: what came in meanwhile is left alone
            if one.severity.version < SEVERITY_VERSION or one.wafer.product == product != ""
        }
        lake.append_rows({table: _moved_on(table, held, scores) for table, held in rows.items()})
        done += len(some)
        yield done, len(keys)


def _moved_on(table: str, rows: Sequence[dict[str, Any]], scores: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the wafers that have new scores, with the next sequence number; those of results with their scores."""
    moved = []
    for row in (row for row in rows if row["key"] in scores):
        changed = scores[row["key"]] if table == "segmentations" else {}
        if table == "embeddings":
            changed = {"segmented": row["segmented"] + 1}
        moved.append({**row, **changed, "sequence": row["sequence"] + 1})
    return moved
