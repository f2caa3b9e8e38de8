"""The two groups of a comparison: each chosen by product, lot, days and process history, and kept in the link."""

from datetime import date, timedelta

import streamlit as st

from core.lake import Lake, WaferFilter
from core.trends.overview import span, start_of
from pages.parts.blocks.flowing_row import DAYS_PX, USUAL_PX, flowing_row
from pages.parts.links import ATTRIBUTE, DATES, LOT, PRODUCT

NEWEST_DAYS = 14
HISTORY_HELP = (
    "Steps of the process history, written name=value, such as litho_tool=LITHO-2; each must hold. Type one that is "
    "not listed."
)


def choose_group(lake: Lake, side: str, history: list[str]) -> WaferFilter:
    """Choose the wafers of a group.

    Without a link, A is the newest two weeks of the lake and B what came before.

    Args:
        lake: the lake.
        side: "a" or "b": of the names in the query string.
        history: steps to offer, "name=value".
    """
    upper, lower = flowing_row(USUAL_PX, DAYS_PX), flowing_row(USUAL_PX, DAYS_PX)
    products = upper[0].multiselect(
        "Product", lake.distinct("product"), key=f"{side}_{PRODUCT}", bind="query-params", placeholder="All products"
    )
    days = _choose_days(lake, side, upper[1])
    steps = lower[0].multiselect(
        "Process history",
        history,
        key=f"{side}_{ATTRIBUTE}",
        bind="query-params",
        accept_new_options=True,
        placeholder="Any tool, chamber …",
        help=HISTORY_HELP,
    )
    lots = lower[1].multiselect(
        "Lot", lake.distinct("lot_id"), key=f"{side}_{LOT}", bind="query-params", placeholder="All lots"
    )
    where = WaferFilter(product=products, lot=lots, attribute=steps)
    if days is None or days == span(lake):
        return where
    return WaferFilter(
        product=products,
        lot=lots,
        attribute=steps,
        since=start_of(days[0]),
        until=start_of(days[1] + timedelta(days=1)),
    )


def query_of(where: WaferFilter) -> dict[str, str | list[str]]:
    """Return a group as the filters of the page Wafers."""
    query: dict[str, str | list[str]] = {
        PRODUCT: list(where.product),
        LOT: list(where.lot),
        ATTRIBUTE: "; ".join(where.attribute),
    }
    if where.since and where.until:
        query[DATES] = [f"{where.since:%Y-%m-%d}", f"{where.until - timedelta(days=1):%Y-%m-%d}"]
    return {name: value for name, value in query.items() if value}


def _choose_days(lake: Lake, side: str, place: st.delta_generator.DeltaGenerator) -> tuple[date, date] | None:
    whole = span(lake)
    if whole is None:
        return None
    newest = max(whole[0], whole[1] - timedelta(days=NEWEST_DAYS - 1))
    before = max(whole[0], newest - timedelta(days=1))
    chosen = place.date_input(
        "Tested",
        value=(newest, whole[1]) if side == "a" else (whole[0], before),
        min_value=whole[0],
        max_value=whole[1],
        key=f"{side}_{DATES}",
        bind="query-params",
        format="YYYY-MM-DD",
        help="First and last day of test (UTC), both included. The whole span lets wafers without a date through.",
    )
    days = chosen if isinstance(chosen, tuple) else (chosen,)
    return (days[0], days[-1]) if days else whole
