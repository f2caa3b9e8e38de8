"""The words and numbers of Trends: measures with their units, periods by name, rules where they fired."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from core.statistics.significance import Difference, mean_change, share_change
from core.statistics.spc import RULES, Violation
from core.trends.series import Measure, Period
from data.classes import CLASSES
from pages.parts.literal import literal

CLASS_NAMES = {c.key: c.name for c in CLASSES}
MOST_NAMED = 8


@dataclass(frozen=True)
class MeasureWords:
    """How a measure is written.

    Args:
        name: in a list.
        unit: on an axis.
        ticks: format of the axis's numbers.
        digits: after the point.
        scale: what a value is multiplied by.
        suffix: behind a value.
        help: what it is and how it is computed.
    """

    name: str
    unit: str
    ticks: str
    digits: int
    scale: float
    suffix: str
    help: str

    def write(self, value: float) -> str:
        """Write a value with its unit, a dash where there is none."""
        return "–" if math.isnan(value) else f"{value * self.scale:.{self.digits}f}{self.suffix}"


MEASURES = {
    Measure.SHARE: MeasureWords(
        "Share of wafers affected", "wafers affected", ".0%", 1, 100, " %",
        "Segmented wafers with at least one die of the chosen classes, over all segmented wafers of the period, in "
        "percent. With a zone: wafers with a cluster of these classes that lies there.",
    ),
    Measure.DIES: MeasureWords(
        "Affected dies", "dies per wafer", "~g", 1, 1, " dies",
        "Dies of the chosen classes, mean over all segmented wafers of the period; a die of two counts in both. "
        "With a zone: dies of the clusters that lie there.",
    ),
    Measure.DENSITY: MeasureWords(
        "Density", "dies per cm²", "~g", 4, 1, " /cm²",
        "Affected dies over the area of the wafer's disc in cm², mean over all segmented wafers of the period; 300 mm "
        "where a wafer does not say its size.",
    ),
    Measure.SEVERITY: MeasureWords(
        "Severity", "severity", "~g", 1, 1, "",
        "Mean severity (0 to 100) of the wafers affected by the chosen classes; of all segmented wafers when neither "
        "class nor zone is chosen.",
    ),
}  # fmt: skip


def period_name(value: object, period: Period) -> str:
    """Name a point: its lot, its day, or the Monday of its week."""
    return str(value) if period is Period.LOT else f"{pd.Timestamp(str(value)):%d %b %Y}"


def subject_name(classes: Sequence[str], zone: str) -> str:
    """Name what is followed.

    Example:
        >>> subject_name(["edge", "ring"], "middle"), subject_name([], "")
        ('Edge or Ring in the middle zone', 'Any pattern')
    """
    named = " or ".join(CLASS_NAMES[key] for key in classes) or "Any pattern"
    return f"{named} in the {zone} zone" if zone else named


def rules_in_words(violations: Sequence[Violation], names: Sequence[str]) -> list[str]:
    """Return which rules fired and at which points, the newest of each first.

    Args:
        violations: of a chart.
        names: of its points.

    Example:
        >>> rules_in_words([Violation(1, 0, 0, high=True), Violation(1, 2, 2, high=True)], ["1 May", "8 May", "15 May"])
        ['**Rule 1, above**: one point beyond 3 sigma. At 15 May, 1 May.']
    """
    said = []
    ordered = sorted(violations, key=lambda v: (v.rule, not v.high, -v.last))
    for (rule, high), found in groupby(ordered, key=lambda v: (v.rule, v.high)):
        at = [names[v.last] for v in found]
        more = f" and {len(at) - MOST_NAMED} more" if len(at) > MOST_NAMED else ""
        side = "above" if high else "below"
        said.append(f"**Rule {rule}, {side}**: {RULES[rule]}. At {', '.join(map(literal, at[:MOST_NAMED]))}{more}.")
    return said


def last_change(table: pd.DataFrame, measure: Measure) -> Difference | None:
    """Compare the newest period of a series with the one before, None where there is only one."""
    if len(table) < 2:
        return None
    before, now = (table.iloc[at] for at in (-2, -1))
    if measure is Measure.SHARE:
        return share_change(
            (int(before["affected"]), int(before["wafers"])), (int(now["affected"]), int(now["wafers"]))
        )
    stem = measure.value.removesuffix("_mean")
    count = "severity_wafers" if measure is Measure.SEVERITY else "wafers"
    said = [(float(one[measure.value]), float(one[f"{stem}_sd"]), int(one[count])) for one in (before, now)]
    return mean_change(said[0], said[1])
