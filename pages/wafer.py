"""Wafer: one map with its defects, what they measure, and its way through the fab."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.analysis.result import WaferResult, analyse
from core.lake import Lake
from core.lake.wafer_tests import result_of_test, wafer_of_test
from core.people.accesses import viewed
from core.pipeline import take_in
from data.errors import WaferError
from data.wafer import WaferMap
from pages.parts.blocks.exports import wafer_downloads
from pages.parts.cache.models import segmenter
from pages.parts.cache.stores import database
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.explore.earlier_block import earlier_block
from pages.parts.explore.explain_block import explain_block
from pages.parts.explore.facts import facts, history
from pages.parts.explore.findings import findings_block
from pages.parts.explore.flag_form import flag_form
from pages.parts.explore.lot_steps import choose_wafer, compare_with
from pages.parts.explore.run_choice import choose_test
from pages.parts.links import link
from pages.parts.literal import literal
from pages.parts.person import person_here
from pages.parts.state.choices import chosen_palette
from pages.parts.wafers.canvas import wafer_canvas
from pages.parts.wafers.pipeline import pipeline
from pages.parts.wafers.remarks import remarks
from pages.parts.wafers.view import compact_view, wafer_view


def read(lake: Lake, key: str, place: DeltaGenerator) -> tuple[WaferMap, WaferResult | None, str]:
    """Read a test of a wafer and its result, None before it is segmented; the page ends where there is none."""
    with st.spinner("Reading the wafer"):
        try:
            wafer = lake.wafer(key)
            test = choose_test(lake, key, place)
            wafer = wafer_of_test(lake, key, test) if test else wafer
        except WaferError as error:
            st.error(literal(error))
            link("wafers", "Find it among all wafers")
            st.stop()
        return wafer, result_of_test(lake, key, test), test


def not_segmented(wafer: WaferMap, test: str) -> None:
    """Show a wafer without a result, or an earlier test of it, and offer to make one."""
    facts(wafer)
    remarks(wafer)
    st.info(f"This {'test' if test else 'wafer'} is not segmented: its map shows passing and failing dies.")
    if st.button("Segment it now", type="primary"):
        with st.spinner("Finding patterns"):
            found = analyse([wafer], segmenter()) if test else []
            taken = take_in(pipeline(segmenter()), results=found, also=[] if test else [wafer.key])
        if taken.problem:
            st.toast(f"The wafer is segmented, but alarms were not looked for: {literal(taken.problem)}")
        st.rerun()
    wafer_canvas(wafer, None, (), key="wafer-plain", palette=chosen_palette())


def beside(result: WaferResult, other: WaferResult) -> None:
    """Show two wafers beside each other."""
    for column, one, name in zip(st.columns(2, gap="medium"), (result, other), ("wafer", "other"), strict=True):
        with column:
            st.markdown(f"**{literal(one.wafer.lot_id)} {literal(one.wafer.wafer_id)}**")
            facts(one.wafer)
            remarks(one.wafer)
            compact_view(one, key=name, linked=name == "wafer")


def segmented(lake: Lake, result: WaferResult, test: str, top: DeltaGenerator) -> None:
    """Show a wafer with its defects, alone or beside another.

    Args:
        lake: of the wafers.
        result: of the wafer.
        test: which of its tests, "" for the newest.
        top: place of what can be done with it.
    """
    key = result.wafer.key
    with top:
        if not test:
            link("similar", "Find similar wafers", help="Wafers and clusters that look like this one.", wafer=key)
        wafer_downloads(result)
        if not test:
            flag_form(key, result.segmentation.model)
        other = compare_with(lake, result.wafer)
    if other is not None:
        beside(result, other)
        return
    facts(result.wafer)
    remarks(result.wafer)
    wafer_view(result, key="wafer", linked=True)
    explain_block(result)


def show() -> None:
    """Show one wafer."""
    lake = open_lake()
    stop_if_empty(lake)
    top = st.container(horizontal=True, vertical_alignment="bottom")
    key = choose_wafer(lake, top)
    wafer, result, test = read(lake, key, top)
    viewed(database(), person_here(), key)
    if not test:
        with top:
            link("annotate", "Label", help="Mark which failing dies belong to which defect.", wafer=key)
    if result is None:
        not_segmented(wafer, test)
    else:
        segmented(lake, result, test, top)
    findings_block(key, database(), key="wafer-finding")
    earlier_block(lake, key)
    history(wafer, result)


with explained():
    show()
