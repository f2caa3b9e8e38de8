"""Which test of a wafer a page shows: the newest, or an earlier one, another step or another program."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.lake import Lake
from core.lake.wafer_tests import WaferTest, list_tests
from pages.parts.links import TEST
from pages.parts.state.widgets import set_widget, widget_text

_CHOICE = "wafer-test"


def choose_test(lake: Lake, key: str, place: DeltaGenerator) -> str:
    """Choose one of the tests of a wafer, where it has several; the link keeps it.

    Args:
        lake: to read.
        key: of the wafer.
        place: where the choice stands.

    Returns:
        `WaferTest.id`, "" for the test that lists show.

    Raises:
        LakeError: the lake cannot be read.
    """
    tests = {test.id: test for test in list_tests(lake, key)}
    if len(tests) < 2:
        return ""
    asked = st.query_params.get(TEST, "")
    shown = next(iter(tests))
    set_widget(_CHOICE, asked if asked in tests else shown)
    chosen = place.selectbox(
        "Test",
        list(tests),
        format_func=lambda one: _words(tests[one]),
        key=_CHOICE,
        on_change=lambda: st.query_params.update({TEST: widget_text(_CHOICE)}),
        label_visibility="collapsed",
        width=420,
        help="The tests of this wafer: step, program, end of test, dies and yield. Lists and trends show the newest; "
        "retests count as part of the test that they belong to.",
    )
    return "" if chosen == shown else str(chosen)


def _words(test: WaferTest) -> str:
    moment = test.tested_at or test.started_at
    again = f", {test.retested_dies:,} tested again" if test.retested_dies else ""
    said = (
        test.step,
        test.test_program,
        f"{moment:%Y-%m-%d %H:%M}" if moment else "",
        f"{test.tested_count:,} dies{again}",
        "yield unknown" if test.yield_fraction is None else f"yield {test.yield_fraction:.1%}",
    )
    return " · ".join(part for part in said if part)
