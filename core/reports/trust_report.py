"""The trust sheet on paper: what a model reaches, against what, and where not to trust it."""

import math
from collections.abc import Sequence
from datetime import datetime

from reportlab.platypus import Flowable

from core.evaluation.report import PATTERNS, SYNTHETIC, Report
from core.identity import Person
from core.registry.gate import ENOUGH, Check
from core.registry.sheet import NAMES, Reached, TrustSheet, curve
from core.reports.blocks import beside, heading, note, section, table
from core.reports.blocks import figures as large
from core.reports.charts import Bars, bar_chart, calibration_chart
from core.reports.page import Frontmatter, pdf
from core.reports.style import CONTENT_WIDTH
from core.reports.table import UNDEFINED, Column, Table
from data.classes import CLASS_KEYS


def trust_pdf(sheet: TrustSheet, person: Person, made_at: datetime) -> bytes:
    """Write a model's trust sheet on paper.

    Args:
        sheet: the model's.
        person: who asked for it.
        made_at: when.
    """
    card = sheet.card
    said = [
        f"{card.encoder}, {card.precision}, {card.megabytes:g} MB",
        f"trained {card.hours:g} h" if card.hours is not None else "",
        f"commit {card.commit}" if card.commit else "",
        f"labels {card.labels}" if card.labels else "",
        f"sha256 {card.sha256[:16]}",
    ]
    front = Frontmatter(f"Trust sheet {card.name}", " · ".join(part for part in said if part), made_at, person.name)
    blocks: list[Flowable] = [
        large(headline(sheet)),
        section("Conditions", table(checks_table(sheet.checks))),
        section("Never shown, never measured", *[note(f"• {line}") for line in (*sheet.never_shown, *sheet.missing)]),
    ]
    for entry in sheet.reached:
        blocks += _entry(entry, card.reports[entry.data])
    return pdf(front, blocks)


def headline(sheet: TrustSheet) -> dict[str, str]:
    """The numbers that stand on top: each with what it was measured on and of how many wafers; undefined of too few."""
    numbers = {}
    for entry in sheet.reached:
        kind = "synthetic" if entry.data.startswith(SYNTHETIC) else entry.data.removesuffix(".npz")
        kind += ", demo fab" if entry.demo else ""
        count = f"{entry.wafers:,}" if entry.enough else f"{entry.wafers} of the {ENOUGH} needed"
        mean = next((row.score for row in entry.classes if row.class_key == "mean"), math.nan)
        known = entry.enough and not math.isnan(mean)
        numbers[f"{entry.measure}, {kind} ({count})"] = f"{mean:.3f}" if known else UNDEFINED
    passed = sum(check.passed for check in sheet.checks)
    return {**numbers, "Conditions passed": f"{passed} of {len(sheet.checks)}"}


def checks_table(checks: Sequence[Check]) -> Table:
    """Conditions, failed ones first, as a table."""
    columns = (
        Column("Condition", width=1.3),
        Column("Found", width=2.4),
        Column("Needed", width=2),
        Column("Result", width=0.7),
    )
    rows = [
        [check.name, check.found, check.needed, "passed" if check.passed else "FAILED" if check.measured else "open"]
        for check in sorted(checks, key=lambda check: check.passed)
    ]
    return Table("Conditions", columns, rows)


def classes_table(entry: Reached) -> Table:
    """What was reached in each class, beside the trivial baseline, and by how many patterns the wafer shows."""
    columns = [
        Column("Class", width=1.1),
        Column(entry.measure, "score"),
        Column("95 % from", "score", 0.8),
        Column("to", "score", 0.6),
        Column("Calibration error", "score"),
        Column("True dies" if entry.by_die else "Wafers with it", "count"),
    ]
    if entry.by_die:
        columns.insert(4, Column("Trivial baseline", "score"))
    if entry.crowding:
        columns += [Column(name.capitalize(), "score") for name in PATTERNS]
    rows = []
    for row in entry.classes:
        cells: list[object] = [
            NAMES.get(row.class_key, "Mean"),
            row.score,
            row.low,
            row.high,
            row.calibration,
            row.support or None,
        ]
        if entry.by_die:
            cells.insert(4, row.baseline)
        if entry.crowding:
            cells += row.by_patterns
        rows.append(cells)
    return Table("Classes", columns, rows)


def confusion_table(entry: Reached) -> Table:
    """True class down, predicted across."""
    names = [*(NAMES[key] for key in CLASS_KEYS), "None"]
    rows = [[name, *counts] for name, counts in zip(names, entry.confusion.tolist(), strict=True)]
    return Table(
        "Confusion",
        [Column("True", width=1.3), *(Column(name, "count", max(1.0, len(name) / 9)) for name in names)],
        rows,
    )


def _entry(entry: Reached, report: Report) -> list[Flowable]:
    shown = [row for row in entry.classes if row.class_key != "mean"]
    bars = Bars(
        [NAMES[row.class_key] for row in shown],
        [row.score for row in shown],
        [math.nan if row.low is None else row.low for row in shown],
        [math.nan if row.high is None else row.high for row in shown],
        "",
        entry.measure,
    )
    found = curve(report)
    lacking = note("The report has no calibration curve.")
    drawn: Flowable = calibration_chart(found.said, found.true, 120) if found else lacking
    said = [
        "" if entry.false_alarms is None else f"False alarms on wafers without a pattern: {entry.false_alarms:.1%}.",
        "" if entry.exact is None else f"Exactly the right set of classes: {entry.exact:.1%} of wafers.",
        entry.crowding,
        f"This report lacks {', '.join(entry.lacks)}." if entry.lacks else "Whiskers: 95 %, wafers drawn anew.",
    ]
    blocks = [
        heading(entry.title),
        beside([bar_chart(bars, CONTENT_WIDTH * 0.68 - 14, 120)], [drawn], 0.7),
        note(" ".join(part for part in said if part)),
        table(classes_table(entry)),
    ]
    if entry.confusion.any():
        blocks += [section(f"Confusion of {'dies' if entry.by_die else 'wafers'}", table(confusion_table(entry)))]
    return blocks
