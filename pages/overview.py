"""Overview: how the fab's wafers are doing, and which of them to look at first."""

from datetime import date

import streamlit as st

from core.lake import Lake, WaferFilter
from core.lake.scoring import main_reasons
from core.trends.overview import USUAL_DAYS, by_week, is_demo, newest_day, totals, worst_of_day
from data.classes import CLASS_KEYS
from pages.parts.blocks import charts
from pages.parts.blocks.filters import date_filter, dates_note, days_query, product_filter, wafer_filter
from pages.parts.blocks.flowing_row import DAYS_PX, USUAL_PX, flowing_row
from pages.parts.blocks.old_scores import old_scores_note
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.links import link
from pages.parts.measures import HELP, number
from pages.parts.monitor.welcome import welcome
from pages.parts.wafers.gallery import gallery
from pages.parts.wafers.table import WORST_FIRST

WORST = 12


def share(part: int, whole: int) -> str:
    """Write a share of counts in percent, a dash where there is nothing to share."""
    return f"{part / whole:.1%}" if whole else "–"


def totals_block(lake: Lake, where: WaferFilter) -> None:
    """Show what the wafers sum up to."""
    summed = totals(lake, where)
    with st.container(horizontal=True, gap="large"):
        st.metric("Wafers", f"{summed.wafers:,}", help=HELP["wafers"])
        st.metric("Lots", f"{summed.lots:,}", help=HELP["lots"])
        st.metric("Yield", number(summed.yield_fraction, ".1%"), help=HELP["yield"])
        st.metric("With a pattern", share(summed.defective, summed.segmented), help=HELP["defective"])
        st.metric("Mean severity", number(summed.mean_severity, ".1f"), help=HELP["mean_severity"])
        st.metric("Segmented", share(summed.segmented, summed.wafers), help=HELP["segmented"])
    old_scores_note(lake)


def weeks_block(lake: Lake, where: WaferFilter) -> None:
    """Draw defects and yield by week, where wafers say when they were tested."""
    with st.spinner("Summing up the weeks"):
        weeks = by_week(lake, where)
    if weeks.empty:
        return
    mix, course = st.columns([1.6, 1], gap="medium")
    with mix:
        st.markdown("**Defect mix by week**", help=HELP["mix"])
        charts.defect_mix(weeks, CLASS_KEYS, key="mix")
    with course:
        st.markdown("**Yield by week**", help=HELP["weekly_yield"])
        charts.yield_line(weeks, key="weekly-yield", height=300)


def worst_block(lake: Lake, where: WaferFilter, days: tuple[date, date] | None) -> None:
    """Show the worst wafers of the newest day, where wafers say when they were tested."""
    day = newest_day(lake, where)
    if day is None:
        return
    words = f"The newest day in this selection. {HELP['severity']}"
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.markdown(f"**Worst wafers of {day:%d %b %Y}**", help=words, width="content")
        link("wafers", "All wafers, worst first", help="Of the days shown.", sort=WORST_FIRST, **days_query(days))
    worst = worst_of_day(lake, where, day, WORST)
    with st.spinner("Drawing wafers"):
        gallery(worst, key="worst", notes=main_reasons(lake, list(worst["key"])))
    if worst.empty:
        st.caption("None of that day's wafers is segmented yet.")


def show() -> None:
    """Sum up the fab's wafers."""
    lake = open_lake()
    head, product_slot, dates_slot = flowing_row("stretch", USUAL_PX, DAYS_PX)
    head.title("Overview")
    stop_if_empty(lake)
    welcome(demo=is_demo(lake))
    with product_slot:
        products = product_filter(lake)
    with dates_slot:
        days = date_filter(lake, USUAL_DAYS)
    dates_note(lake, days)
    where = wafer_filter(products, days, lake)
    totals_block(lake, where)
    weeks_block(lake, where)
    worst_block(lake, where, days)


with explained():
    show()
