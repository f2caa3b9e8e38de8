"""The report of a batch: what was found on thousands of wafers, the worst of them, and what could not be read."""

import heapq
import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from reportlab.platypus import Flowable

from core.analysis.result import WaferResult
from core.drawing.palette import Palette
from core.drawing.wafer import draw_wafer
from core.identity import Person
from core.reports.blocks import figures, heading, note, picture_grid, section, table
from core.reports.lot_tables import NAMES
from core.reports.page import Frontmatter, pdf
from core.reports.table import UNDEFINED, Column, Table
from data.formats import ReadFailure

WORST = 10
ACROSS = 5
MOST_FAILURES = 200
_MAP_PX = 240


class Tally:
    """Sums up results one by one; it keeps the ten worst wafers and numbers of the others."""

    def __init__(self) -> None:
        self.wafers = self.tested_dies = self.failing_dies = self.with_pattern = 0
        self.wafers_by_class: Counter[str] = Counter()
        self.clusters_by_class: Counter[str] = Counter()
        self.dies_by_class: Counter[str] = Counter()
        self.models: Counter[str] = Counter()
        self._severity = 0.0
        self._worst: list[tuple[float, int, WaferResult]] = []

    def add(self, result: WaferResult) -> None:
        """Take one more result in."""
        self.wafers += 1
        if result.wafer.passing_known:
            self.tested_dies += result.wafer.tested_count
            self.failing_dies += result.wafer.fail_count
        self.with_pattern += bool(result.segmentation.classes_present)
        self.models[result.segmentation.model] += 1
        for key, mask in zip(NAMES, result.segmentation.masks, strict=True):
            if dies := int(mask.sum()):
                self.wafers_by_class[key] += 1
                self.dies_by_class[key] += dies
        self.clusters_by_class.update(cluster.class_key for cluster in result.instances)
        score = result.severity.score
        self._severity += score
        if result.severity.main_reason:
            heapq.heappush(self._worst, (score, -self.wafers, result))
            if len(self._worst) > WORST:
                heapq.heappop(self._worst)

    @property
    def yield_fraction(self) -> float:
        """Share of the tested dies that passed, of wafers whose passing dies are known; NaN without any."""
        return 1 - self.failing_dies / self.tested_dies if self.tested_dies else math.nan

    @property
    def mean_severity(self) -> float:
        """Mean over wafers; NaN without any."""
        return self._severity / self.wafers if self.wafers else math.nan

    @property
    def worst(self) -> list[WaferResult]:
        """The most severe wafers, worst first, those that came earlier first among equals."""
        return [result for _, _, result in sorted(self._worst, key=lambda one: one[:2], reverse=True)]


def batch_pdf(
    title: str,
    tally: Tally,
    failures: Sequence[ReadFailure],
    person: Person,
    made_at: datetime,
    palette: Palette = Palette.STANDARD,
) -> bytes:
    """Write a batch's report on paper.

    Args:
        title: of the batch.
        tally: of its results.
        failures: what gave no result.
        person: who asked for the batch.
        made_at: when.
        palette: the class colours.
    """
    said = f"{tally.wafers:,} wafers segmented by {', '.join(tally.models) or 'no model'}"
    front = Frontmatter(f"Batch {title}", said, made_at, person.name)
    numbers = {
        "Wafers": f"{tally.wafers:,}",
        "Failures": f"{len(failures):,}",
        "Yield": UNDEFINED if math.isnan(tally.yield_fraction) else f"{tally.yield_fraction:.1%}",
        "With a pattern": f"{tally.with_pattern:,}",
        "Mean severity": UNDEFINED if math.isnan(tally.mean_severity) else f"{tally.mean_severity:.1f}",
    }
    blocks = [figures(numbers), heading("Patterns"), table(_classes(tally)), *_worst(tally, palette)]
    return pdf(front, [*blocks, *_failed(failures)])


def _classes(tally: Tally) -> Table:
    columns = (
        Column("Class", width=1.4),
        Column("Wafers", "count"),
        Column("Share of wafers", "percent"),
        Column("Clusters", "count"),
        Column("Affected dies", "count"),
    )
    rows = [
        [
            name,
            tally.wafers_by_class[key],
            tally.wafers_by_class[key] / tally.wafers if tally.wafers else math.nan,
            tally.clusters_by_class[key],
            tally.dies_by_class[key],
        ]
        for key, name in NAMES.items()
    ]
    return Table("Patterns", columns, rows)


def _worst(tally: Tally, palette: Palette) -> list[Flowable]:
    if not tally.worst:
        return [note("No wafer is severe at all.")]
    drawn = [
        (
            draw_wafer(
                one.wafer, one.segmentation, palette=palette, cell_px=max(1, _MAP_PX // max(one.wafer.dies.shape))
            ),
            f"{one.wafer.lot_id} {one.wafer.wafer_id}, severity {one.severity.score:.0f}: {one.severity.main_reason}",
        )
        for one in tally.worst
    ]
    return [section("Most severe wafers", picture_grid(drawn, ACROSS))]


def _failed(failures: Sequence[ReadFailure]) -> list[Flowable]:
    if not failures:
        return []
    rows = [[one.source_name, one.reason] for one in failures[:MOST_FAILURES]]
    left = len(failures) - len(rows)
    return [
        heading("What gave no result"),
        table(Table("Failures", (Column("Source"), Column("Reason", width=2.5)), rows)),
        *([note(f"and {left:,} more, all in failures.csv.")] if left else []),
    ]
