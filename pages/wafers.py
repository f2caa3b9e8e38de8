"""Wafers: the whole lake as one table to filter, sort, open and download."""

from dataclasses import replace

import streamlit as st

from core.lake import WaferFilter
from core.wafer_table import page_csv
from pages.parts.cache import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.filters import (
    class_filter,
    clear_filters,
    date_filter,
    lot_filter,
    product_filter,
    severity_filter,
    text_filter,
    wafer_filter,
)
from pages.parts.wafer_table import PAGE_SIZES, choose_page, choose_sort, wafer_table

with explained():
    lake = open_lake()
    st.title("Wafers")
    stop_if_empty(lake)

    text_slot, product_slot, lot_slot, class_slot = st.columns([1.2, 1, 1, 1])
    with text_slot:
        text = text_filter()
    with product_slot:
        products = product_filter(lake)
    with lot_slot:
        lots = lot_filter(lake)
    with class_slot:
        classes = class_filter()
    dates_slot, severity_slot, sort_slot, size_slot = st.columns([1.2, 1, 1, 1])
    with dates_slot:
        days = date_filter(lake)
    with severity_slot:
        low, high = severity_filter()
    with sort_slot:
        sort = choose_sort()
    with size_slot:
        size = st.selectbox("Rows", PAGE_SIZES, key="rows", bind="query-params", help="Wafers on a page.")

    where: WaferFilter = replace(
        wafer_filter(products, days, lake),
        lot=lots, defect_class=classes, severity_min=low, severity_max=high, text=text,
    )  # fmt: skip
    found = lake.count(where)

    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{found:,}** of {lake.count():,} wafers")
        st.download_button(
            "CSV",
            data=lambda: page_csv(lake, where, sort),
            file_name="wafers.csv",
            mime="text/csv",
            on_click="ignore",
            disabled=not found,
            help="All wafers of this filter in this order, every page of the table.",
        )
        st.button("Clear filters", on_click=clear_filters, disabled=where == WaferFilter())
        pages = st.container(horizontal=True, horizontal_alignment="right")
    if not found:
        st.info("No wafer passes these filters. Widen one of them, or clear them all.")
        st.stop()
    with pages:
        page = choose_page(found, size)
    with st.spinner("Reading wafers"):
        wafer_table(lake.wafers_page(where, sort, (page - 1) * size, size))
