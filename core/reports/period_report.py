"""The report of a period: how many wafers show which defects, how that went, what changed, and the worst of them."""

import math
from collections.abc import Sequence
from datetime import datetime

import pandas as pd
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer

from core.drawing.palette import Palette, class_colors
from core.drawing.wafer import draw_wafer
from core.identity import Person
from core.lake import Lake, WaferFilter
from core.reports.blocks import beside, figures, heading, note, picture_grid, section, table
from core.reports.charts import Bars, bar_chart
from core.reports.lot_tables import NAMES
from core.reports.page import Frontmatter, pdf
from core.reports.style import ACCENT, CONTENT_WIDTH
from core.reports.table import UNDEFINED, Column, Table
from core.reports.trend_chart import MOST_LABELS, trend_chart
from core.trends.overview import Totals, by_week, totals
from core.trends.series import LEAST_POINTS, ChartKind, Measure, Period, Subject, baseline_of, controlled, series
from core.trends.weekly import changes, newest_weeks, significant, words
from data.classes import CLASS_KEYS
from data.errors import ExportError

WORST, ACROSS = 10, 5
LOTS_SHOWN, CHANGES_SHOWN, CHARTED = 12, 10, 6
FEW_WEEKS = 5
HALF = CONTENT_WIDTH / 2 - 14
_HEX_ACCENT = "#" + ACCENT.hexval()[2:]


def period_pdf(
    lake: Lake, where: WaferFilter, person: Person, made_at: datetime, palette: Palette = Palette.STANDARD
) -> bytes:
    """Write the report of the wafers that a filter lets through, as a rule those of a period.

    Args:
        lake: where they are.
        where: which wafers.
        person: who asked for it.
        made_at: when.
        palette: the class colours.

    Raises:
        ExportError: there is no such wafer.
    """
    summed = totals(lake, where)
    if not summed.wafers:
        raise ExportError("period report", "no wafer passes the filter", "Widen the days or another part of it.")
    condition, parameters = where.where()
    lake = lake.seen_by(where)
    ends = lake.query(f"SELECT min(tested_at) AS a, max(tested_at) AS b FROM wafers WHERE {condition}", parameters)
    first, last = ends.iloc[0]
    days = "of unknown days" if pd.isna(first) else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
    few = pd.isna(first) or (last - first).days < 7 * FEW_WEEKS
    period = Period.DAY if few else Period.WEEK
    front = Frontmatter(f"Defects {days}", filter_in_words(where), made_at, person.name)
    blocks = [
        _numbers(summed),
        *_trend(lake, where, period),
        _changes(lake, where),
        *_classes(lake, where, summed, period, palette),
        *_weeks(lake, where),
        *_lots(lake, where),
        *_pictures(lake, where, palette),
    ]
    return pdf(front, blocks)


def filter_in_words(where: WaferFilter) -> str:
    """Return which wafers a filter lets through.

    Example:
        >>> filter_in_words(WaferFilter(product="TC38", severity_min=50))
        'Product TC38 · severity from 50'
        >>> filter_in_words(WaferFilter())
        'All wafers'
    """

    def listed(names: str | Sequence[str]) -> str:
        return names if isinstance(names, str) else ", ".join(names)

    classes = [where.defect_class] if isinstance(where.defect_class, str) else where.defect_class
    said = [
        ("Product", listed(where.product)),
        ("lot", listed(where.lot)),
        ("with", " or ".join(NAMES.get(key, key) for key in classes if key)),
        ("zone", listed(where.zone)),
        ("history", listed(where.attribute)),
        ("text", where.text),
        ("without", "a date of test" if where.undated else ""),
        ("severity from", "" if where.severity_min is None else f"{where.severity_min:g}"),
        ("severity to", "" if where.severity_max is None else f"{where.severity_max:g}"),
    ]
    return " · ".join(f"{name} {value}" for name, value in said if value) or "All wafers"


def _numbers(summed: Totals) -> Flowable:
    def number(value: float, form: str) -> str:
        return UNDEFINED if math.isnan(value) else format(value, form)

    return figures(
        {
            "Wafers": f"{summed.wafers:,}",
            "Lots": f"{summed.lots:,}",
            "Yield": number(summed.yield_fraction, ".1%"),
            "With a pattern": f"{summed.defective:,} of {summed.segmented:,}",
            "Mean severity": number(summed.mean_severity, ".1f"),
        }
    )


def _trend(lake: Lake, where: WaferFilter, period: Period) -> list[Flowable]:
    weeks = by_week(lake, where)
    names = [f"{monday:%d %b}" for monday in weeks["week"]]
    step = max(1, -(-len(names) // MOST_LABELS))
    shown = [name if at % step == 0 else "" for at, name in enumerate(names)]
    bars = Bars(shown, list(weeks["yield_fraction"]), across="Weeks by their Monday", up="Dies passing")
    left = [heading("Wafers with a pattern"), _chart(lake, where, Subject(), period, _HEX_ACCENT, HALF, 120)]
    right = [heading("Yield"), bar_chart(bars, HALF, 120) if names else note("No wafer says when it was tested.")]
    said = (
        "Share of segmented wafers with at least one cluster. Line: centre of the older half of the points; dashes: "
        "its limits for as many wafers, as rare as 3 sigma; a ring marks a point beyond them."
    )
    return [Spacer(1, 3 * mm), beside(left, right), note(said)]


def _chart(
    lake: Lake, where: WaferFilter, subject: Subject, period: Period, color: str, width: float, height: float
) -> Flowable:
    points = series(lake, where, subject, period)
    if len(points) < LEAST_POINTS:
        return note(f"For a trend, tests on at least {LEAST_POINTS} {period}s are needed; found {len(points)}.")
    chart = controlled(points, Measure.SHARE, ChartKind.P, baseline_of(points))
    across = "Weeks by their Monday" if period is Period.WEEK else "Days of test"
    return trend_chart(chart, [f"{when:%d %b}" for when in points["period"]], across, color, width, height)


def _changes(lake: Lake, where: WaferFilter) -> Flowable:
    weeks = newest_weeks(lake, where)
    if weeks is None:
        return section("What changed", note("No wafer says when it was tested."))
    kept = significant(changes(lake, where, weeks))
    said = [words(row) for row in kept.head(CHANGES_SHOWN).to_dict("records")] or ["Nothing beyond chance."]
    title = f"What changed: {weeks.now:%d %b} to {weeks.last:%d %b} against the seven days before"
    return section(title, *(note(line) for line in said))


def _classes(lake: Lake, where: WaferFilter, summed: Totals, period: Period, palette: Palette) -> list[Flowable]:
    found = _by_class(lake, where)
    columns = (
        Column("Class", width=1.4),
        Column("Wafers", "count"),
        Column("Share of segmented", "percent", 1.3),
        Column("Dies", "count"),
        Column("Dies per affected wafer", "real", 1.5),
        Column("Mean severity of these", "real", 1.5),
    )
    rows = [
        (
            NAMES[key],
            wafers,
            wafers / summed.segmented if summed.segmented else None,
            dies,
            dies / wafers if wafers else None,
            severity,
        )
        for key, wafers, dies, severity in found
    ]
    blocks: list[Flowable] = [section("Classes", table(Table("Classes", columns, rows)))]
    colors = class_colors(palette)
    if len(series(lake, where, Subject(), period)) < LEAST_POINTS:
        return blocks
    most = [key for key, wafers, _, _ in found if wafers][:CHARTED]
    charts = [
        [heading(f"{NAMES[key]}, share of wafers"), _chart(lake, where, Subject((key,)), period, colors[key], HALF, 95)]
        for key in most
    ]
    pairs = zip(charts[::2], [*charts[1::2], []], strict=False)  # an odd last one stands alone
    return [*blocks, *(block for left, right in pairs for block in (Spacer(1, 4 * mm), beside(left, right)))]


def _by_class(lake: Lake, where: WaferFilter) -> list[tuple[str, int, int, float]]:
    """Key, affected wafers, dies and mean severity of the affected wafers, the most common class first."""
    condition, parameters = where.where()
    sums = ", ".join(
        f"count(*) FILTER (affected_{key} > 0) AS wafers_{key}, "
        f"coalesce(sum(affected_{key}), 0)::BIGINT AS dies_{key}, "
        f"avg(severity) FILTER (affected_{key} > 0) AS severity_{key}"
        for key in CLASS_KEYS
    )
    row = lake.seen_by(where).query(f"SELECT {sums} FROM wafers WHERE {condition}", parameters).iloc[0]
    found = [
        (key, int(row[f"wafers_{key}"]), int(row[f"dies_{key}"]), float(row[f"severity_{key}"])) for key in CLASS_KEYS
    ]
    return sorted(found, key=lambda one: -one[1])


def _weeks(lake: Lake, where: WaferFilter) -> list[Flowable]:
    weeks = by_week(lake, where)
    if weeks.empty:
        return []
    columns = (
        Column("Week of", width=1.3),
        Column("Wafers", "count"),
        Column("Yield", "percent"),
        *(Column(NAMES[key], "count", max(1.0, len(NAMES[key]) / 9)) for key in CLASS_KEYS),
    )
    rows = [
        [f"{week['week']:%Y-%m-%d}", week["wafers"], week["yield_fraction"], *(week[key] for key in CLASS_KEYS)]
        for week in weeks.to_dict("records")
    ]
    said = note("Yield: dies passing over dies tested. Classes: wafers on which the class holds the most dies.")
    return [heading("Week by week"), said, table(Table("Weeks", columns, rows))]


def _lots(lake: Lake, where: WaferFilter) -> list[Flowable]:
    lots = series(lake, where, Subject(), Period.LOT).sort_values("severity_mean", ascending=False).head(LOTS_SHOWN)
    if lots.empty:
        return []
    columns = (
        Column("Lot", width=1.5),
        Column("Product", width=1.3),
        Column("First test (UTC)", "time", 1.4),
        Column("Wafers", "count"),
        Column("With a pattern", "percent"),
        Column("Mean severity", "real"),
        Column("Dies a wafer", "real"),
    )
    names = ("period", "product", "since", "wafers", "share", "severity_mean", "dies_mean")
    rows = [[row[name] for name in names] for row in lots.to_dict("records")]
    return [section("Most severe lots", table(Table("Lots", columns, rows)))]


def _pictures(lake: Lake, where: WaferFilter, palette: Palette) -> list[Flowable]:
    keys = list(lake.wafers_page(where, "-severity", limit=WORST)["key"])
    results = [result for result in lake.seen_by(where).results_by_keys(keys).values() if result.severity.main_reason]
    if not results:
        return [section("Most severe wafers", note("None of these wafers is severe at all."))]
    tiles = []
    for result in results:
        drawn = draw_wafer(result.wafer, result.segmentation, palette=palette, cell_px=6)
        classes = ", ".join(NAMES[key] for key in result.segmentation.classes_present) or "no pattern"
        tested = f"{result.wafer.tested_at:%Y-%m-%d} · " if result.wafer.tested_at else ""
        score = f"severity {result.severity.score:.0f}: {result.severity.main_reason}"
        tiles.append((drawn, f"{result.wafer.lot_id} {result.wafer.wafer_id} · {tested}{score} · {classes}"))
    return [section("Most severe wafers", picture_grid(tiles, ACROSS))]
