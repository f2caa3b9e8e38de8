"""What was said of a wafer before: the answers of older models, and those on an older grid."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.lake.lake import Lake
from core.lake.result_rows import result_of
from core.lake.schema import DETAIL_COLUMNS, MEASURE_COLUMNS, WAFER_COLUMNS

if TYPE_CHECKING:
    from core.analysis.result import WaferResult

_ANSWERS = """
    SELECT s.model, s.segmented_at, s.classes_present, s.severity, s.cluster_count, s.affected_dies,
           s.dies_hash = w.dies_hash AS same_dies
    FROM (FROM earlier_segmentations WHERE key = ?) AS s JOIN (FROM wafers WHERE key = ?) AS w ON w.key = s.key
    ORDER BY s.sequence DESC
"""
_RESULT = f"""
    SELECT {", ".join(f"w.{name}" for name, _ in WAFER_COLUMNS)}, d.grid, d.bins,
           {", ".join(f"s.{name}" for name, _ in (*MEASURE_COLUMNS, *DETAIL_COLUMNS))}, c.instances
    FROM (FROM wafers WHERE key = ?) AS w
    JOIN (FROM dies WHERE key = ?) AS d ON d.key = w.key
    JOIN (FROM earlier_segmentations WHERE key = ? AND model = ?) AS s
        ON s.key = w.key AND s.dies_hash = w.dies_hash
    LEFT JOIN (SELECT sequence, list(i ORDER BY number) AS instances FROM earlier_instances AS i
               WHERE key = ? GROUP BY sequence) AS c ON c.sequence = s.sequence
"""


@dataclass(frozen=True)
class Answer:
    """What a model said of a wafer, in short.

    Args:
        model: its `Segmenter.name`.
        segmented_at: when it said so, UTC.
        classes: keys of the classes that it found.
        severity: 0 to 100.
        cluster_count: clusters that it found.
        affected_dies: failing dies that they hold.
        same_dies: whether the wafer's dies are still those that the model saw; False where it was tested again.
    """

    model: str
    segmented_at: datetime
    classes: tuple[str, ...]
    severity: float
    cluster_count: int
    affected_dies: int
    same_dies: bool


def earlier_answers(lake: Lake, key: str) -> list[Answer]:
    """Return what was said of a wafer before the answer that is shown now, the newest of each model and grid.

    Args:
        lake: to read.
        key: of the wafer.

    Returns:
        Newest first; none where the lake holds no such wafer.

    Raises:
        LakeError: the lake cannot be read.
    """
    rows = lake.arrow(_ANSWERS, [key, key]).to_pylist()
    return [
        Answer(
            model=row["model"],
            segmented_at=row["segmented_at"].replace(tzinfo=UTC),
            classes=tuple(row["classes_present"]),
            severity=row["severity"],
            cluster_count=row["cluster_count"],
            affected_dies=row["affected_dies"],
            same_dies=row["same_dies"],
        )
        for row in rows
    ]


def result_of_model(lake: Lake, key: str, model: str) -> "WaferResult | None":
    """Return the newest result of a model on the dies that a wafer has now, whether or not another one is shown.

    Args:
        lake: to read.
        key: of the wafer.
        model: `Segmenter.name`.

    Returns:
        The result, None where the lake keeps none.

    Raises:
        LakeError: the lake does not hold the wafer, or cannot be read.
    """
    shown = lake.result(key)
    if shown is not None and shown.segmentation.model == model:
        return shown
    rows = lake.arrow(_RESULT, [key, key, key, model, key]).to_pylist()
    return result_of(rows[0]) if rows else None
