"""Overview: how the fab's wafers are doing, and which of them to look at first."""

import math

import streamlit as st

from core.trends.overview import by_week, is_demo, newest_day, totals, worst_of_day
from data.classes import CLASS_KEYS
from pages.parts.blocks import charts
from pages.parts.blocks.filters import date_filter, product_filter, wafer_filter
from pages.parts.blocks.old_scores import old_scores_note
from pages.parts.cache import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.links import link, unpack_filters
from pages.parts.measures import HELP
from pages.parts.monitor.welcome import welcome
from pages.parts.wafers.gallery import gallery
from pages.parts.wafers.table import WORST_FIRST

WORST = 12

unpack_filters("overview")
with explained():
    lake = open_lake()
    head, product_slot, dates_slot = st.columns([2, 1.4, 1.1], vertical_alignment="bottom")
    head.title("Overview")
    stop_if_empty(lake)
    welcome(demo=is_demo(lake))
    with product_slot:
        products = product_filter(lake)
    with dates_slot:
        days = date_filter(lake)
    where = wafer_filter(products, days, lake)
    summed = totals(lake, where)

    def share(part: int, whole: int) -> str:
        """Write a share of counts in percent, a dash where there is nothing to share."""
        return f"{part / whole:.1%}" if whole else "–"

    def number(value: float, form: str) -> str:
        """Write a number, a dash where it is not defined."""
        return "–" if math.isnan(value) else format(value, form)

    with st.container(horizontal=True, gap="large"):
        st.metric("Wafers", f"{summed.wafers:,}", help=HELP["wafers"])
        st.metric("Lots", f"{summed.lots:,}", help=HELP["lots"])
        st.metric("Yield", number(summed.yield_fraction, ".1%"), help=HELP["yield"])
        st.metric("With a pattern", share(summed.defective, summed.segmented), help=HELP["defective"])
        st.metric("Mean severity", number(summed.mean_severity, ".1f"), help=HELP["mean_severity"])
        st.metric("Segmented", share(summed.segmented, summed.wafers), help=HELP["segmented"])
    old_scores_note(lake)

    with st.spinner("Summing up the weeks"):
        weeks = by_week(lake, where)
    if len(weeks):
        mix, course = st.columns([1.6, 1], gap="medium")
        with mix:
            st.markdown("**Defect mix by week**", help=HELP["mix"])
            charts.defect_mix(weeks, CLASS_KEYS, key="mix")
        with course:
            st.markdown("**Yield by week**", help=HELP["weekly_yield"])
            charts.yield_line(weeks, key="weekly-yield", height=300)

    day = newest_day(lake, where)
    if day is not None:
        words = f"The newest day in this selection. {HELP['severity']}"
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            st.markdown(f"**Worst wafers of {day:%d %b %Y}**", help=words, width="content")
            link("wafers", "All wafers, worst first", sort=WORST_FIRST)
        worst = worst_of_day(lake, where, day, WORST)
        with st.spinner("Drawing wafers"):
            gallery(worst, key="worst")
        if worst.empty:
            st.caption("None of that day's wafers is segmented yet.")
