"""A lot's tables, as its report prints them and its workbook holds them."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from core.analysis.result import WaferResult
from core.exports import INSTANCE_COLUMNS, instance_rows
from core.lake import Lake
from core.lake.batches import batches
from core.lots.lot import Lot, figures, slots_compared
from core.lots.profiles import angular_profile, radial_profile
from core.lots.stacking import Stack
from core.reports.table import CellKind, Column, Table
from data.classes import CLASS_INDEX, CLASSES

NAMES = {c.key: c.name for c in CLASSES}
RESULTS_AT_ONCE = 25
_PRINTED = 10  # columns of the table of wafers that fit on paper


def facts_table(lot: Lot) -> Table:
    """What is known of the lot, a row a fact."""
    summed = figures(lot)
    span = lot.span
    facts: dict[str, object] = {
        "Lot": lot.lot_id,
        "Product": ", ".join(lot.products),
        "Test program": ", ".join(lot.test_programs),
        "First test (UTC)": f"{span[0]:%Y-%m-%d %H:%M}" if span else None,
        "Last test (UTC)": f"{span[1]:%Y-%m-%d %H:%M}" if span else None,
        "Wafers": summed.wafers,
        "Segmented": summed.segmented,
        "With a pattern": summed.defective,
        "Yield, 0 to 1": summed.yield_fraction,
        "Lowest yield of a wafer, 0 to 1": summed.worst_yield,
        "Mean severity, 0 to 100": summed.mean_severity,
        "Highest severity, 0 to 100": summed.worst_severity,
        "Clusters": summed.clusters,
        "Stacked": f"{lot.stack.wafers} wafers of {lot.stack.grid.label}",
        **lot.shared_history(),
    }
    return Table("Lot", (Column("Fact"), Column("Value", "real")), list(facts.items()))


def wafers_table(lot: Lot, reasons: Mapping[str, str], *, printed: bool = False) -> Table:
    """A row a wafer in slot order.

    Args:
        lot: the lot.
        reasons: what makes most of the severity of a wafer, by key.
        printed: leave out what paper has no room for.
    """
    columns = (
        Column("Slot", "count", 0.6),
        Column("Wafer", width=1.1),
        Column("Tested (UTC)", "time", 1.7),
        Column("Dies fail", "count"),
        Column("Yield", "percent", 0.9),
        Column("Severity", "real", 0.9),
        Column("Mostly for", width=2.2),
        Column("Clusters", "count", 0.9),
        Column("Affected", "count"),
        Column("Classes", width=2.4),
        *(Column(f"{name}, dies", "count") for name in NAMES.values()),
        Column("Mean confidence", "real"),
        Column("Product"),
        Column("Test program"),
        Column("Model"),
        Column("File"),
    )
    names = (
        "slot",
        "wafer_id",
        "tested_at",
        "fail_count",
        "yield_fraction",
        "severity",
        "reason",
        "cluster_count",
        "affected_dies",
        "classes_present",
        *(f"affected_{key}" for key in NAMES),
        "mean_confidence",
        "product",
        "test_program",
        "model",
        "source_name",
    )
    shown = len(names) if not printed else _PRINTED
    rows = []
    for wafer in lot.wafers.to_dict("records"):
        found = wafer["classes_present"]
        wafer["reason"] = reasons.get(wafer["key"])
        wafer["classes_present"] = None if found is None else ", ".join(NAMES[key] for key in found) or "none"
        rows.append([wafer[name] for name in names[:shown]])
    return Table("Wafers", columns[:shown], rows)


def clusters_table(results: Iterable[WaferResult]) -> Table:
    """A row a cluster, with the columns of instances.csv."""
    texts = {"key", "lot", "wafer", "class", "zone"}
    counts = {"number", "die_count", "first_row", "first_column", "last_row", "last_column", "sector"}

    def kind(name: str) -> CellKind:
        return "text" if name in texts else "count" if name in counts else "real"

    rows = [[row[name] for name in INSTANCE_COLUMNS] for result in results for row in instance_rows(result)]
    return Table("Clusters", [Column(name, kind(name)) for name in INSTANCE_COLUMNS], rows)


def stacked_table(stack: Stack) -> Table:
    """A row a tested die: on how many wafers it was tested, fails, and is of each class."""
    columns = [
        Column("Row", "count"),
        Column("Column", "count"),
        Column("Wafers tested", "count"),
        Column("Fails", "count"),
        Column("Share failing", "percent"),
        *(Column(f"{name}, wafers", "count") for name in NAMES.values()),
    ]
    rows = [
        [
            int(row),
            int(column),
            int(stack.tested[row, column]),
            int(stack.failing[row, column]),
            float(stack.failing[row, column] / stack.tested[row, column]),
            *(int(stack.by_class[CLASS_INDEX[key], row, column]) for key in NAMES),
        ]
        for row, column in zip(*np.nonzero(stack.tested), strict=True)
    ]
    return Table("Stacked dies", columns, rows)


def radial_table(stack: Stack, class_key: str | None = None) -> Table:
    """A row a ring."""
    profile = radial_profile(stack, class_key)
    columns = [
        Column("From, share of radius", "real"),
        Column("To, share of radius", "real"),
        Column("From, mm", "real"),
        Column("To, mm", "real"),
        *_SHARE_COLUMNS,
    ]
    return Table("Radial profile", columns, [list(row.values()) for row in profile.to_dict("records")])


def angular_table(stack: Stack, class_key: str | None = None) -> Table:
    """A row a clock hour."""
    profile = angular_profile(stack, class_key)
    columns = [Column("Clock hour", "count"), *_SHARE_COLUMNS]
    return Table("Angular profile", columns, [list(row.values()) for row in profile.to_dict("records")])


def slot_table(lot: Lot, class_key: str | None = None) -> Table:
    """A row a comparison of slots."""
    effects = slots_compared(lot, class_key)
    columns = (
        Column("Compared", width=2),
        Column("Wafers", "count"),
        Column("Others", "count"),
        Column("Mean", "percent"),
        Column("Mean of others", "percent"),
        Column("Test", width=1.3),
        Column("p", "real"),
        Column("p, corrected", "real"),
    )
    return Table("Slot order", columns, [list(row.values()) for row in effects.to_dict("records")])


def results_of(lake: Lake, keys: Iterable[str]) -> Iterator[WaferResult]:
    """Read the results of wafers a cassette at a time; wafers without one are left out."""
    for chunk in batches(keys, RESULTS_AT_ONCE):
        yield from lake.results_by_keys(chunk).values()


_SHARE_COLUMNS = (
    Column("Dies tested", "count"),
    Column("Dies failing", "count"),
    Column("Share", "percent"),
    Column("95 % from", "percent"),
    Column("95 % to", "percent"),
)
