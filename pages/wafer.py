"""Wafer: one map with its defects, what they measure, and its way through the fab."""

import streamlit as st

from core.pipeline import take_in
from data.errors import WaferError
from pages.parts.blocks.exports import wafer_downloads
from pages.parts.cache import database, segmenter
from pages.parts.cache import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.explore.earlier_block import earlier_block
from pages.parts.explore.explain_block import explain_block
from pages.parts.explore.facts import facts, history
from pages.parts.explore.findings import findings_block
from pages.parts.explore.flag_form import flag_form
from pages.parts.explore.lot_steps import choose_wafer, compare_with
from pages.parts.links import link
from pages.parts.state import chosen_palette
from pages.parts.wafers.canvas import wafer_canvas
from pages.parts.wafers.pipeline import pipeline
from pages.parts.wafers.view import compact_view, wafer_view

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

    with top:
        link("annotate", "Label", help="Mark which failing dies belong to which defect.", wafer=key)
    if result is None:
        facts(wafer)
        st.info("This wafer is not segmented yet: its map shows passing and failing dies.")
        if st.button("Segment it now", type="primary"):
            with st.spinner("Finding patterns"):
                taken = take_in(pipeline(segmenter()), also=[key])
            if taken.problem:
                st.toast(f"The wafer is segmented, but alarms were not looked for: {taken.problem}")
            st.rerun()
        wafer_canvas(wafer, None, (), key="wafer-plain", palette=chosen_palette())
    else:
        with top:
            link("similar", "Find similar wafers", help="Wafers and clusters that look like this one.", wafer=key)
            wafer_downloads(result)
            flag_form(key, result.segmentation.model)
            other = compare_with(lake, wafer)
        if other is None:
            facts(wafer)
            wafer_view(result, key="wafer", linked=True)
            explain_block(result)
        else:
            for column, one, name in zip(st.columns(2, gap="medium"), (result, other), ("wafer", "other"), strict=True):
                with column:
                    st.markdown(f"**{one.wafer.lot_id} {one.wafer.wafer_id}**")
                    facts(one.wafer)
                    compact_view(one, key=name, linked=name == "wafer")
    findings_block(key, database(), key="wafer-finding")
    earlier_block(lake, key)
    history(wafer, result)
