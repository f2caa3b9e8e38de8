"""Results of any wafers as a workbook with a sheet for each level: wafers, clusters, failing dies."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from core.analysis.result import WaferResult
from core.exports import WAFER_COLUMNS, wafer_row
from core.exports.die_table import die_rows
from core.reports.lot_tables import NAMES, clusters_table
from core.reports.table import CellKind, Column, Table
from core.reports.workbook import workbook
from data.classes import CLASS_KEYS

_TEXTS = {
    "key",
    "lot",
    "wafer",
    "product",
    "test_program",
    "source_name",
    "source_sha256",
    "classes",
    "model",
    "assumed_geometry",
}
_COUNTS = {"rows", "columns", "tested_dies", "failing_dies", "cluster_count", "affected_dies"}


class LevelsWorkbook:
    """Gathers results wafer by wafer; it keeps their rows, not the results."""

    def __init__(self) -> None:
        self._rows: tuple[list[Sequence[object]], ...] = ([], [], [])

    def add(self, result: WaferResult) -> None:
        """Take up one wafer."""
        for rows, table in zip(self._rows, _levels([result]), strict=True):
            rows.extend(table.rows)

    def xlsx(self, made_at: datetime, title: str) -> bytes:
        """Write the workbook, with `title` in its properties."""
        tables = [replace(table, rows=rows) for table, rows in zip(_levels([]), self._rows, strict=True)]
        return workbook(tables, made_at, title)


def wafers_level(results: Iterable[WaferResult]) -> Table:
    """A row a wafer, with the columns of wafers.csv."""

    def kind(name: str) -> CellKind:
        if name == "tested_at":
            return "time"
        return "text" if name in _TEXTS else "count" if name in _COUNTS else "real"

    rows = []
    for result in results:
        facts = {**wafer_row(result), "tested_at": result.wafer.tested_at}
        rows.append([facts[name] for name in WAFER_COLUMNS])
    return Table("Wafers", [Column(name, kind(name)) for name in WAFER_COLUMNS], rows)


def dies_level(results: Iterable[WaferResult]) -> Table:
    """A row a failing die: its place on the grid, its bin, its classes, its coordinates as the tester counts them."""
    columns = (
        Column("Row", "count"),
        Column("Column", "count"),
        Column("Bin", "count"),
        Column("Classes"),
        Column("x", "count"),
        Column("y", "count"),
        Column("Lot"),
        Column("Wafer"),
    )
    rows = [
        [
            die["row"],
            die["column"],
            die["bin"],
            ", ".join(NAMES[key] for key in CLASS_KEYS if die[key]),
            die["x"],
            die["y"],
            die["lot"],
            die["wafer"],
        ]
        for result in results
        for die in die_rows(result)
        if die["result"] == "fail"
    ]
    return Table("Failing dies", columns, rows)


def _levels(results: Sequence[WaferResult]) -> tuple[Table, Table, Table]:
    return wafers_level(results), clusters_table(results), dies_level(results)
