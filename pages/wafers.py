"""Wafers: the whole lake as one table to filter, sort, open and download."""

from dataclasses import replace

import streamlit as st

from core.downloads.wafer_table import page_csv
from core.exports.cells import encoded_csv
from core.lake import WaferFilter
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
    wafer_filter,
    zone_filter,
)
from pages.parts.cache import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.links import unpack_filters
from pages.parts.wafers.gallery import gallery
from pages.parts.wafers.queue_filling import queue_button
from pages.parts.wafers.table import choose_page, choose_size, choose_sort, choose_view, wafer_table

EVERYTHING = WaferFilter(product=[], lot=[], defect_class=[], attribute=[], zone="")

unpack_filters("wafers")
with explained():
    lake = open_lake()
    st.title("Wafers")
    stop_if_empty(lake)

    upper, lower = st.columns([1.2, 1, 1, 1, 1]), st.columns([1.2, 1, 1, 1, 1])
    with upper[0]:
        text = text_filter()
    with upper[1]:
        products = product_filter(lake)
    with upper[2]:
        lots = lot_filter(lake)
    with upper[3]:
        classes = class_filter()
    with upper[4]:
        zone = zone_filter()
    with lower[0]:
        days = date_filter(lake)
    with lower[1]:
        attributes = attribute_filter()
    with lower[2]:
        low, high = severity_filter()
    with lower[3]:
        sort = choose_sort()
    with lower[4]:
        size = choose_size()

    where = replace(
        wafer_filter(products, days, lake),
        lot=lots,
        defect_class=classes,
        severity_min=low,
        severity_max=high,
        zone=zone,
        attribute=attributes,
        text=text,
    )
    found = lake.count(where)

    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{found:,}** of {lake.count():,} wafers", width="content")
        as_pictures = choose_view()
        st.download_button(
            "Download CSV",
            data=lambda: encoded_csv(page_csv(lake, where, sort)),
            file_name="wafers.csv",
            mime="text/csv",
            on_click="ignore",
            disabled=not found,
            help="All wafers of this filter in this order, every page of the table.",
        )
        archive_menu(lambda: filtered_results(lake, where, sort), found, "wafers", key="wafers-export")
        queue_button(lake, where, sort, found)
        st.button("Clear filters", on_click=clear_filters, args=(lake,), disabled=where == EVERYTHING)
        pages = st.container(horizontal=True, horizontal_alignment="right")
    if not found:
        st.info("No wafer passes these filters. Widen one of them, or clear them all.")
        st.stop()
    with pages:
        page = choose_page(found, size)
    with st.spinner("Reading wafers"):
        wafers = lake.wafers_page(where, sort, (page - 1) * size, size)
        if as_pictures:
            gallery(wafers, key="wafers")
        else:
            wafer_table(wafers)
