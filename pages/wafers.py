"""Wafers: the whole lake as one table to filter, sort, open and download."""

from dataclasses import dataclass, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.downloads.formats import page_csv
from core.exports.cells import encoded_csv
from core.lake import Lake, WaferFilter
from pages.parts.blocks.exports import archive_menu, filtered_results
from pages.parts.blocks.filters import (
    attribute_filter,
    class_filter,
    clear_filters,
    date_filter,
    lot_filter,
    product_filter,
    severity_filter,
    text_filter,
    undated_filter,
    wafer_filter,
    zone_filter,
)
from pages.parts.blocks.flowing_row import DAYS_PX, NARROW_PX, USUAL_PX, flowing_row
from pages.parts.blocks.old_scores import old_scores_note
from pages.parts.blocks.taking import take_button, told
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.wafers.gallery import gallery
from pages.parts.wafers.queue_filling import queue_button
from pages.parts.wafers.table import choose_page, choose_size, choose_sort, choose_view, wafer_table

EVERYTHING = WaferFilter(product=[], lot=[], defect_class=[], attribute=[], zone="")


@dataclass(frozen=True)
class Choice:
    """What is chosen above the table.

    Args:
        where: filter of the wafers.
        sort: column and direction, as `Lake.wafers_page` takes it.
        size: rows of a page.
    """

    where: WaferFilter
    sort: str
    size: int


def choose(lake: Lake) -> Choice:
    """Choose wafers, their order, and how many are shown at once."""
    slots = flowing_row(*(DAYS_PX, USUAL_PX, USUAL_PX, USUAL_PX, NARROW_PX) * 2)
    with slots[0]:
        text = text_filter()
    with slots[1]:
        products = product_filter(lake)
    with slots[2]:
        lots = lot_filter(lake)
    with slots[3]:
        classes = class_filter()
    with slots[4]:
        zone = zone_filter()
    with slots[5]:
        days = date_filter(lake)
        undated = undated_filter(lake)
    with slots[6]:
        attributes = attribute_filter()
    with slots[7]:
        low, high = severity_filter()
    with slots[8]:
        sort = choose_sort()
    with slots[9]:
        size = choose_size()
    where = replace(
        WaferFilter(product=products, undated=True) if undated else wafer_filter(products, days, lake),
        lot=lots,
        defect_class=classes,
        severity_min=low,
        severity_max=high,
        zone=zone,
        attribute=attributes,
        text=text,
    )
    return Choice(where, sort, size)


def head(lake: Lake, choice: Choice, found: int) -> tuple[bool, DeltaGenerator]:
    """Show how many wafers there are, and what can be done with them.

    Args:
        lake: of the wafers.
        choice: what is chosen.
        found: wafers that pass the filter.

    Returns:
        Whether wafers are shown as pictures, and the place of the choice of a page.
    """
    where, sort = choice.where, choice.sort
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{found:,}** of {lake.count():,} wafers", width="content")
        as_pictures = choose_view()
        take_button(
            "Download CSV",
            data=told(lambda: encoded_csv(page_csv(lake, where, sort)), "wafers.csv"),
            file_name="wafers.csv",
            mime="text/csv",
            on_click="ignore",
            disabled=not found,
            help="All wafers of this filter in this order, every page of the table.",
        )
        archive_menu(lambda: filtered_results(lake, where, sort), found, "wafers", key="wafers-export")
        queue_button(lake, where, sort, found)
        st.button("Clear filters", on_click=clear_filters, args=(lake,), disabled=where == EVERYTHING)
        return as_pictures, st.container(horizontal=True, horizontal_alignment="right")


def show() -> None:
    """Show the wafers of a filter, a page at a time."""
    lake = open_lake()
    st.title("Wafers")
    stop_if_empty(lake)
    choice = choose(lake)
    found = lake.count(choice.where)
    as_pictures, pages = head(lake, choice, found)
    old_scores_note(lake)
    if not found:
        st.info("No wafer passes these filters. Widen one of them, or clear them all.")
        return
    with pages:
        page = choose_page(found, choice.size)
    with st.spinner("Reading wafers"):
        wafers = lake.wafers_page(choice.where, choice.sort, (page - 1) * choice.size, choice.size)
        if as_pictures:
            gallery(wafers, key="wafers", where=choice.where)
        else:
            wafer_table(wafers, choice.where)


with explained():
    show()
