"""Wafer: one map with its defects, what they measure, and its way through the fab."""

import streamlit as st

from core.analysis import analyse
from data.errors import WaferError
from pages.parts.cache import lake as open_lake
from pages.parts.cache import segmenter
from pages.parts.empty import explained, stop_if_empty
from pages.parts.facts import facts, history
from pages.parts.links import link
from pages.parts.lot_steps import choose_wafer, compare_with
from pages.parts.result_files import download_menu
from pages.parts.wafer_canvas import wafer_canvas
from pages.parts.wafer_view import map_only, wafer_view
from pages.parts.state import chosen_palette

with explained():
    lake = open_lake()
    stop_if_empty(lake)
    top = st.container(horizontal=True, vertical_alignment="bottom")
    key = choose_wafer(lake, top)
    with st.spinner("Reading the wafer"):
        try:
            wafer = lake.wafer(key)
        except WaferError as error:
            st.error(str(error))
            link("wafers", "Find it among all wafers")
            st.stop()
        result = lake.result(key)
    facts(wafer)

    if result is None:
        st.info("This wafer is not segmented yet: its map shows passing and failing dies.")
        if st.button("Segment it now", type="primary"):
            with st.spinner("Finding patterns"):
                lake.append_results(analyse([wafer], segmenter()))
            st.rerun()
        wafer_canvas(wafer, None, (), key="wafer-plain", palette=chosen_palette())
    else:
        with top:
            download_menu(result)
            other = compare_with(lake, wafer)
        if other is None:
            wafer_view(result, key="wafer")
        else:
            left, right = st.columns(2, gap="medium")
            with left:
                st.markdown(f"**{wafer.lot_id} {wafer.wafer_id}**")
                map_only(result, key="wafer")
            with right:
                st.markdown(f"**{other.wafer.lot_id} {other.wafer.wafer_id}**")
                map_only(other, key="other")
    history(wafer, result)
