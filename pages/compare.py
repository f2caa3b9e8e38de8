"""Compare: two groups of wafers, where on the wafer they differ and in what."""

from collections.abc import Callable

import streamlit as st

from core.comparison.comparison import Group, common_grids, die_difference, measures, shared, summed_up
from core.lake import Lake, WaferFilter
from core.lots.stacking import Stack
from core.reports.table import Table, table_csv
from pages.parts.blocks.taking import take_button, told
from pages.parts.cache.groups import group_stack, history_steps
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.explore.difference_views import (
    MAP_HELP,
    MEASURES_HELP,
    dies_as_table,
    difference_map,
    measures_as_table,
    measures_table,
)
from pages.parts.explore.group_choice import choose_group, query_of
from pages.parts.links import link
from pages.parts.literal import literal
from pages.parts.wafers.pattern_choice import choose_pattern


def choose_side(lake: Lake, side: str, steps: list[str]) -> tuple[WaferFilter, Group]:
    """Choose a group, and say how large it is.

    Args:
        lake: of the wafers.
        side: "a" or "b".
        steps: of the process history, to choose from.
    """
    head = st.container(horizontal=True, vertical_alignment="center")
    where = choose_group(lake, side, steps)
    group = summed_up(lake, where)
    with head:
        st.markdown(
            f"**Group {side.upper()}**: {group.wafers:,} wafers, lots: {group.lots:,}, segmented: {group.segmented:,}",
            width="content",
        )
        if group.wafers:
            link("wafers", "Open", help=f"The wafers of group {side.upper()} as a table.", **query_of(where))
    return where, group


def measures_block(lake: Lake, a: WaferFilter, b: WaferFilter) -> None:
    """Show the measures of both groups side by side, and offer them as CSV."""
    st.markdown("**Side by side**", help=MEASURES_HELP)
    compared = measures(lake, a, b)
    measures_table(compared)
    _csv("Measures CSV", "compare_measures.csv", lambda: measures_as_table(compared))


def map_block(lake: Lake, a: WaferFilter, b: WaferFilter) -> None:
    """Show where on the wafer the groups differ, and offer the dies as CSV."""
    st.markdown("**Where they differ**", help=MAP_HELP)
    held = common_grids(lake, a, b)
    if not held:
        st.info(
            "The groups have no product and die grid in common, so there is no map of differences: die 5, 7 of one "
            "product is another place than on the other. The measures beside can still be compared."
        )
        return
    with st.container(horizontal=True):
        class_key = choose_pattern()
        grid = st.selectbox(
            "Die grid",
            list(held),
            format_func=lambda one: f"{one.label}: {held[one][0]:,} and {held[one][1]:,} wafers",
            help="The map compares wafers of one product, die grid and notch; those of others are left out of it.",
            width=360,
        )
    with st.spinner("Stacking both groups"):
        stack_a, stack_b = group_stack(a, grid), group_stack(b, grid)
        found = die_difference(stack_a, stack_b, class_key)
    difference_map(stack_a, stack_b, found, class_key)
    st.caption(literal(_counts(stack_a, stack_b, int(found.significant.sum()))))
    _csv("Dies CSV", "compare_dies.csv", lambda: dies_as_table(stack_a, stack_b, found, class_key))


def _counts(a: Stack, b: Stack, differing: int) -> str:
    said = [
        f"{differing:,} of {a.outline.tested_count:,} dies differ by more than chance.",
        f"A: {a.wafers:,} wafers, B: {b.wafers:,}.",
    ]
    said += [
        f"{name} is a sample of {one.wafers:,} of its {one.held:,} wafers."
        for name, one in (("A", a), ("B", b))
        if one.sampled
    ]
    return " ".join(said)


def _csv(label: str, name: str, make: Callable[[], Table]) -> None:
    data = told(lambda: table_csv(make()), name)
    take_button(label, data=data, file_name=name, mime="text/csv", on_click="ignore")


def show() -> None:
    """Choose two groups, and show where and in what they differ."""
    lake = open_lake()
    st.title("Compare")
    stop_if_empty(lake)
    steps = history_steps()
    groups = []
    for side, column in zip(("a", "b"), st.columns(2, gap="large"), strict=True):
        with column, st.container(border=True):
            groups.append(choose_side(lake, side, steps))
    (a, group_a), (b, group_b) = groups
    if not group_a.wafers or not group_b.wafers:
        st.info("A group without wafers cannot be compared. Widen its filters.")
        return
    if both := shared(lake, a, b):
        st.warning(f"{both:,} wafers are in both groups, which hides differences. Narrow one of them.")
    left, right = st.columns([1.1, 1], gap="medium")
    with right:
        measures_block(lake, a, b)
    with left:
        map_block(lake, a, b)


with explained():
    show()
