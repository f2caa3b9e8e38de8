"""The report of a wafer: its map, its severity, its clusters, on paper and as a workbook."""

import math
from datetime import datetime

from reportlab.platypus import Flowable

from core.analysis.result import WaferResult
from core.analysis.summaries import WaferSummary, summarise, yield_words
from core.drawing.palette import Palette, class_colors
from core.drawing.sheet import cell_aspect
from core.drawing.wafer import draw_wafer
from core.exports import WAFER_COLUMNS, wafer_row
from core.identity import Person
from core.reports.blocks import beside, figures, heading, legend, note, picture, table
from core.reports.levels import dies_level
from core.reports.lot_tables import NAMES, clusters_table
from core.reports.page import Frontmatter, pdf
from core.reports.style import CONTENT_WIDTH
from core.reports.table import UNDEFINED, Column, Table
from core.reports.workbook import workbook
from core.severity import SEVERITY_VERSION, ProductRules, Severity

MAP_SHARE = 0.6
_MAP_PX = 1200


def wafer_pdf(result: WaferResult, person: Person, made_at: datetime, palette: Palette = Palette.STANDARD) -> bytes:
    """Write a wafer's report on paper.

    Args:
        result: the analysed wafer.
        person: who asked for it.
        made_at: when.
        palette: the class colours.
    """
    wafer, summary = result.wafer, summarise(result)
    said = [
        wafer.product,
        wafer.step,
        wafer.test_program,
        f"tested {wafer.tested_at:%Y-%m-%d %H:%M} UTC" if wafer.tested_at else "",
        f"{wafer.dies.shape[0]} × {wafer.dies.shape[1]} dies",
        f"notch {wafer.notch}",
    ]
    front = Frontmatter(
        f"Wafer {wafer.lot_id} {wafer.wafer_id}", " · ".join(part for part in said if part), made_at, person.name
    )
    severity = result.severity
    numbers = {
        "Yield": yield_words(wafer),
        "Severity": f"{severity.score:.0f} of 100",
        "Clusters": f"{severity.cluster_count}",
        "Affected dies": f"{severity.affected_dies:,}",
        "Dominant": NAMES[summary.dominant_class] if summary.dominant_class else "none",
        "Confidence": f"{severity.confidence:.2f}" if severity.cluster_count else UNDEFINED,
    }
    blocks = [
        figures(numbers),
        beside(_map(result, summary, palette), _measures(result, summary), MAP_SHARE),
        *(note(said) for said in (severity.reason, severity.assumption, _by_older_formula(severity)) if said),
        *(note(f"Remark: {remark}") for remark in wafer.remarks),
        heading("Clusters"),
        table(_printed_clusters(result))
        if result.instances
        else note("No pattern was found: the failing dies are single, at the normal level."),
        *_history(result),
    ]
    return pdf(front, blocks)


def wafer_xlsx(result: WaferResult, made_at: datetime) -> bytes:
    """Write a wafer as a workbook: its facts, its clusters, its dies."""
    facts = wafer_row(result)
    history = [(name, value) for name, value in sorted(result.wafer.attributes.items())]
    rows = [*((name, facts[name]) for name in WAFER_COLUMNS), *history]
    tables = [
        Table("Wafer", (Column("Fact"), Column("Value", "real")), rows),
        clusters_table([result]),
        dies_level([result]),
    ]
    return workbook(tables, made_at, f"Wafer {result.wafer.key}")


def _map(result: WaferResult, summary: WaferSummary, palette: Palette) -> list[Flowable]:
    rows, columns = result.wafer.dies.shape
    cell_px = max(2, int(_MAP_PX // max(rows * cell_aspect(result.wafer), columns)))
    drawn = draw_wafer(result.wafer, result.segmentation, palette=palette, cell_px=cell_px)
    colors = class_colors(palette)
    return [
        heading("Map"),
        picture(drawn, CONTENT_WIDTH * MAP_SHARE - 20),
        legend({f"{NAMES[key]} ({dies:,} dies)": colors[key] for key, dies in summary.dies_by_class.items()}),
    ]


def _by_older_formula(severity: Severity) -> str:
    if severity.version == SEVERITY_VERSION:
        return ""
    return f"The severity is by version {severity.version} of the formula, today's is {SEVERITY_VERSION}."


def _measures(result: WaferResult, summary: WaferSummary) -> list[Flowable]:
    rules = ProductRules.configured().of(result.wafer.product)
    severity, width = result.severity, CONTENT_WIDTH * (1 - MAP_SHARE)
    left = 100 - severity.density_term - severity.coverage_term - severity.count_term
    by_share = severity.assumed_geometry and severity.version > 1  # no sizes, no density
    density = f"{severity.coverage:.1%}" if by_share else f"{severity.density_per_cm2:.2f} dies/cm²"
    failing = UNDEFINED if math.isnan(severity.fail_share) else f"{severity.fail_share:.1%} fail"
    terms = [
        ("Density", density, f"{severity.density_term:.0f} of {rules.density_points:.0f}"),
        ("Coverage", f"{severity.coverage:.1%}", f"{severity.coverage_term:.0f} of {rules.coverage_points:.0f}"),
        ("Count", f"{severity.cluster_count}", f"{severity.count_term:.0f} of {rules.count_points:.0f}"),
        ("Collapse", failing, f"{severity.collapse_term:.0f} of {left:.0f}"),
    ]
    zones = [(name.capitalize(), share) for name, share in summary.zones.items()]
    return [
        heading("Severity"),
        table(Table("Severity", (Column("Term"), Column("Measure", width=1.4), Column("Points")), terms), width),
        heading("Where the affected dies lie"),
        table(Table("Zones", (Column("Distance"), Column("Share", "percent")), zones), width),
    ]


def _history(result: WaferResult) -> list[Flowable]:
    told = [*sorted(result.wafer.attributes.items()), ("Model", result.segmentation.model)]
    columns = (Column("Step"), Column("Value", width=2))
    return [heading("Process history"), table(Table("Process history", columns, told), CONTENT_WIDTH / 2)]


def _printed_clusters(result: WaferResult) -> Table:
    columns = (
        Column("No.", "count", 0.5),
        Column("Class", width=1.2),
        Column("Dies", "count", 0.7),
        Column("Area, mm²", "real"),
        Column("Compactness", "real", 1.2),
        Column("x, mm", "real", 0.8),
        Column("y, mm", "real", 0.8),
        Column("Rows", width=0.9),
        Column("Columns", width=0.9),
        Column("Confidence", "real", 1.1),
        Column("Zone", width=0.8),
        Column("Clock", "count", 0.7),
    )
    rows = []
    for cluster in result.instances:
        first_row, first_column, last_row, last_column = cluster.bbox_die
        rows.append(
            [
                cluster.number,
                NAMES[cluster.class_key],
                cluster.die_count,
                cluster.area_mm2,
                cluster.compactness,
                *cluster.centroid_mm,
                f"{first_row}–{last_row}",
                f"{first_column}–{last_column}",
                cluster.mean_confidence,
                cluster.zone,
                cluster.sector,
            ]
        )
    return Table("Clusters", columns, rows)
