"""Monitoring: how well the model does by people's labels, how it works, and whether its wafers are still the same."""

import streamlit as st

from core.lake import Lake, WaferFilter
from core.monitoring.judging import Scope
from core.monitoring.quality import CalendarPeriod
from core.trends.overview import USUAL_DAYS
from pages.parts.blocks.filters import (
    attribute_filter,
    attribute_picker,
    date_filter,
    dates_note,
    product_filter,
    wafer_filter,
)
from pages.parts.blocks.flowing_row import DAYS_PX, USUAL_PX, flowing_row
from pages.parts.cache.groups import history_steps
from pages.parts.cache.stores import database as open_database
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.monitor.drift_block import drift_block
from pages.parts.monitor.model_quality import quality_block
from pages.parts.monitor.model_work import work_block

AGREEMENT, WORK, DRIFT = VIEWS = ("Agreement", "At work", "Drift")


def choose_scope(lake: Lake) -> tuple[Scope, CalendarPeriod]:
    """Choose wafers and models to look at, and what makes one point of a chart."""
    slots = flowing_row(USUAL_PX, DAYS_PX, USUAL_PX, USUAL_PX, USUAL_PX, USUAL_PX)
    with slots[0]:
        products = product_filter(lake)
    with slots[1]:
        days = date_filter(lake, USUAL_DAYS)
    with slots[2]:
        attributes = attribute_filter()
    with slots[3]:
        attribute_picker(history_steps())
    with slots[4]:
        models = st.multiselect(
            "Model",
            lake.distinct("model"),
            key="model",
            bind="query-params",
            placeholder="All versions",
            help="Version (name and short hash) whose results are looked at. The lake keeps a wafer's newest result.",
        )
    with slots[5]:
        period = st.segmented_control(
            "A point is a",
            list(CalendarPeriod),
            default=CalendarPeriod.WEEK,
            required=True,
            format_func=str.capitalize,
            key="period",
            bind="query-params",
            help="Weeks begin on Monday. Times are UTC.",
        )
    dates_note(lake, days)
    told = wafer_filter(products, days, lake)
    where = WaferFilter(product=told.product, since=told.since, until=told.until, attribute=attributes)
    return Scope(where, models), period


def show() -> None:
    """Show agreement with labels, the model at work, or drift."""
    lake, database = open_lake(), open_database()
    st.title("Monitoring")
    stop_if_empty(lake)
    scope, period = choose_scope(lake)
    view = st.segmented_control(
        "View",
        VIEWS,
        default=AGREEMENT,
        required=True,
        key="monitoring",
        bind="query-params",
        label_visibility="collapsed",
    )
    if view == AGREEMENT:
        quality_block(lake, database, scope, period)
    elif view == WORK:
        work_block(lake, database, scope, period)
    else:
        drift_block(lake, database, scope)


with explained():
    show()
