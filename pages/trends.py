"""Trends: what changed this week, each class over time with control limits, and lots against their history."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.lake import Lake, WaferFilter
from core.statistics.spc import ControlChart, Violation, western_electric
from core.trends.lot_history import lot_scores
from core.trends.overview import USUAL_DAYS, span
from core.trends.series import KINDS, ChartKind, Measure, Period, Subject, baseline_of, controlled, series, with_value
from pages.parts.blocks.exports import period_files
from pages.parts.blocks.filters import (
    class_filter,
    date_filter,
    dates_note,
    days_query,
    product_filter,
    wafer_filter,
    zone_filter,
)
from pages.parts.blocks.flowing_row import DAYS_PX, NARROW_PX, USUAL_PX, flowing_row
from pages.parts.blocks.old_scores import old_scores_note
from pages.parts.blocks.table_download import csv_button
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.links import DATES, LOT, PRODUCT, link, open_page
from pages.parts.literal import in_chart, literal
from pages.parts.monitor.control_charts import control_chart
from pages.parts.monitor.lot_scores_table import lot_scores_table
from pages.parts.monitor.trend_words import (
    MEASURES,
    MeasureWords,
    last_change,
    period_name,
    rules_in_words,
    subject_name,
)
from pages.parts.monitor.weekly_block import weekly_block
from pages.parts.state.widgets import clicked_points
from pages.parts.wafers.table import WORST_FIRST

MOST_POINTS, LEAST_POINTS = 400, 4
CHART = "control-chart"
MEASURE_OF = {words.name: measure for measure, words in MEASURES.items()}
KIND_HELP = (
    "p-chart: exact binomial limits, wider for points of few wafers and for a short baseline. Individuals: limits from "
    "the mean moving range, which also takes in what varies from lot to lot. EWMA: a moving average (weight 0.2) that "
    "shows small lasting shifts; only rule 1 holds for it. All limits lie at 3 sigma, or where counts are as rare as "
    "that; those of shares are never narrower than chance makes them."
)
NO_LIMITS = "The baseline cannot tell limits: its values do not differ. Choose a longer one, or wait for more points."
BASELINE_HELP = (
    "First and last day of the points that tell what is normal; the limits come from them alone. Empty: the older half "
    "of the points shown, so that what is new is not part of its own yardstick. Choose days without an excursion."
)


@dataclass(frozen=True)
class Followed:
    """What is followed over time, and how.

    Args:
        measure: of the wafers.
        subject: which defects.
        period: what makes one point.
        kind: of control chart.
        baseline_days: first and last day of what is normal, None for the older half.
    """

    measure: Measure
    subject: Subject
    period: Period
    kind: ChartKind
    baseline_days: tuple[date, date] | None

    @property
    def words(self) -> MeasureWords:
        """How the measure is written."""
        return MEASURES[self.measure]

    @property
    def name(self) -> str:
        """The defects in words."""
        return subject_name(self.subject.classes, self.subject.zone)


@dataclass(frozen=True, eq=False)
class Course:
    """Points of what is followed, with their limits.

    Args:
        table: the points, oldest first.
        names: of the points.
        baseline: which points tell what is normal.
        chart: points and limits.
        violations: rules that fired.
    """

    table: pd.DataFrame
    names: list[str]
    baseline: NDArray[np.bool_]
    chart: ControlChart
    violations: list[Violation]


def choose_baseline(lake: Lake) -> tuple[date, date] | None:
    """Choose the days that the limits come from, None for the older half."""
    whole = span(lake)
    if whole is None:
        return None
    chosen = st.date_input(
        "Baseline",
        value=[],
        min_value=whole[0],
        max_value=whole[1],
        key="baseline",
        bind="query-params",
        format="YYYY-MM-DD",
        help=BASELINE_HELP,
    )
    days = chosen if isinstance(chosen, tuple) else (chosen,)
    return (days[0], days[-1]) if days else None


def open_wafers(table: pd.DataFrame, period: Period) -> None:
    """Open the wafers behind the point that was clicked: those affected, all of the period when no class is chosen."""
    points = clicked_points(CHART)
    if points:
        row = table.iloc[points[0]]
        narrowed: dict[str, str | list[str]] = {}
        if pd.notna(row["since"]):
            narrowed[DATES] = [f"{row['since']:%Y-%m-%d}", f"{row['until']:%Y-%m-%d}"]
        if period is Period.LOT:
            narrowed |= {LOT: [str(row["period"])], PRODUCT: [str(row["product"])] if row["product"] else []}
        open_page("wafers", **narrowed, sort=WORST_FIRST)


def choose_followed(lake: Lake) -> Followed:
    """Choose what is followed, and how."""
    slots = flowing_row(190, USUAL_PX, NARROW_PX, 200, NARROW_PX, DAYS_PX)
    with slots[0]:
        name = st.selectbox(
            "Measure",
            list(MEASURE_OF),
            key="measure",
            bind="query-params",
            help=" ".join(f"{words.name}: {words.help}" for words in MEASURES.values()),
        )
        measure = MEASURE_OF[name]
    with slots[1]:
        classes = class_filter()
    with slots[2]:
        zone = zone_filter()
    with slots[3]:
        period = st.segmented_control(
            "A point is a",
            list(Period),
            default=Period.WEEK,
            required=True,
            format_func=str.capitalize,
            key="period",
            bind="query-params",
            help="Weeks begin on Monday; lots stand in the order of first tests.",
        )
    with slots[4]:
        kind = st.selectbox("Chart", KINDS[measure], key="chart", bind="query-params", help=KIND_HELP)
    with slots[5]:
        days = choose_baseline(lake)
    return Followed(measure, Subject(classes, zone), period, kind, days)


def course_of(table: pd.DataFrame, followed: Followed) -> Course:
    """Return points with their limits and the rules that fire."""
    baseline = baseline_of(table, followed.baseline_days)
    chart = controlled(table, followed.measure, followed.kind, baseline)
    violations = western_electric(chart, (1,) if followed.kind is ChartKind.EWMA else (1, 2, 3, 4))
    names = [period_name(value, followed.period) for value in table["period"]]
    return Course(table, names, baseline, chart, violations)


def draw_course(course: Course, followed: Followed) -> None:
    """Draw the control chart; a click opens the wafers behind a point."""
    words, column = followed.words, followed.measure.value
    control_chart(
        course.chart,
        course.violations,
        course.baseline,
        labels=course.names,
        hover=[
            f"{in_chart(name)}<br>{words.write(row[column])}: {row['affected']:,} of {row['wafers']:,} wafers affected"
            "<br>click for the wafers"
            for name, row in zip(course.names, course.table.to_dict("records"), strict=True)
        ],
        unit=words.unit,
        ticks=words.ticks,
        alt=f"{words.name} of {followed.name} over {len(course.table)} points, "
        f"rules fired at {len({v.last for v in course.violations})}",
        key=CHART,
        on_click=lambda: open_wafers(course.table, followed.period),
    )


def newest_point(course: Course, followed: Followed) -> None:
    """Show how the newest point moved against the one before, and what the limits come from."""
    words, names = followed.words, course.names
    change = last_change(course.table, followed.measure)
    st.metric(
        f"Newest {followed.period}: {literal(names[-1])}",
        words.write(course.table.iloc[-1][followed.measure.value]),
        f"{change.change * words.scale:+.{words.digits}f}" if change else None,
        delta_color="inverse",
        help="Against the point before. Interval: Newcombe for shares, Welch for means, 95 %.",
    )
    if change and pd.notna(change.low):
        low, high = (f"{end * words.scale:+.{words.digits}f}" for end in (change.low, change.high))
        surely = "more than chance" if change.low > 0 or change.high < 0 else "within chance"
        st.caption(f"Change from {literal(names[-2])}: {low} to {high} (95 % interval), {surely}.")
    centre = f"centre {words.write(course.chart.center)} from {int(course.baseline.sum())} points"
    st.caption(f"Baseline: {centre}, {'as chosen' if followed.baseline_days else 'the older half'}.")
    if not course.chart.tells:
        st.caption(NO_LIMITS)


def fired_rules(course: Course, followed: Followed, days: tuple[date, date] | None) -> None:
    """List the rules that fired, and lead to the tools behind it."""
    st.markdown("**Rules that fired** (Western Electric)")
    quiet = (
        "None: the process is in control by these limits." if course.chart.tells else "None can: there are no limits."
    )
    for line in rules_in_words(course.violations, course.names) or [quiet]:
        st.markdown(line)
    if followed.subject.classes and course.violations:
        link("commonality", "Which tools do the affected wafers share?", help="In the days shown.", **days_query(days))


def course_block(lake: Lake, where: WaferFilter, followed: Followed, days: tuple[date, date] | None) -> None:
    """Show how what is followed went, where there are points enough for limits."""
    words, period = followed.words, followed.period
    with st.spinner("Summing up"):
        whole = with_value(series(lake, where, followed.subject, period), followed.measure)
    table = whole.tail(MOST_POINTS).reset_index(drop=True)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{words.name}: {followed.name}** by {period}", help=words.help, width="content")
        csv_button(whole, f"trend_by_{period}")
    if len(table) < LEAST_POINTS:
        st.info(
            f"{len(table)} points are too few for limits; {LEAST_POINTS} are needed. Widen the days, or choose "
            "a shorter period."
        )
        return
    course = course_of(table, followed)
    draw_course(course, followed)
    if len(whole) > len(table):
        st.caption(f"The newest {MOST_POINTS} of {len(whole):,} points; the CSV has all.")
    left, right = st.columns([1, 1.6], gap="large")
    with left:
        newest_point(course, followed)
    with right:
        fired_rules(course, followed, days)


def show() -> None:
    """Show the week's changes, one measure over time, and lots against their history."""
    lake = open_lake()
    head, product_slot, dates_slot, report_slot = flowing_row("stretch", USUAL_PX, DAYS_PX, USUAL_PX)
    head.title("Trends")
    stop_if_empty(lake)
    with product_slot:
        products = product_filter(lake)
    with dates_slot:
        days = date_filter(lake, USUAL_DAYS)
    dates_note(lake, days)
    where = wafer_filter(products, days, lake)
    with report_slot:
        period_files(lake, where)
    weekly_block(lake, where)
    old_scores_note(lake)
    followed = choose_followed(lake)
    course_block(lake, where, followed, days)
    scores = lot_scores(lake, where, followed.subject, followed.measure)
    if len(scores):
        lot_scores_table(scores, followed.words)


with explained():
    show()
