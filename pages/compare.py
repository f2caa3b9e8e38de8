"""Compare: two groups of wafers, where on the wafer they differ and in what."""

import streamlit as st

from core.comparison.comparison import common_grids, die_difference, measures, shared, summed_up
from core.reports.table import table_csv
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
from pages.parts.wafers.pattern_choice import choose_pattern

with explained():
    lake = open_lake()
    st.title("Compare")
    stop_if_empty(lake)
    steps = history_steps()
    chosen = {}
    for side, column in zip(("a", "b"), st.columns(2, gap="large"), strict=True):
        with column, st.container(border=True):
            head = st.container(horizontal=True, vertical_alignment="center")
            where = choose_group(lake, side, steps)
            group = summed_up(lake, where)
            chosen[side] = (where, group)
            with head:
                st.markdown(
                    f"**Group {side.upper()}**: {group.wafers:,} wafers, lots: {group.lots:,}, "
                    f"segmented: {group.segmented:,}",
                    width="content",
                )
                if group.wafers:
                    link("wafers", "Open", help=f"The wafers of group {side.upper()} as a table.", **query_of(where))
    (a, group_a), (b, group_b) = chosen["a"], chosen["b"]
    if not group_a.wafers or not group_b.wafers:
        st.info("A group without wafers cannot be compared. Widen its filters.")
        st.stop()
    both = shared(lake, a, b)
    if both:
        st.warning(f"{both:,} wafers are in both groups, which hides differences. Narrow one of them.")

    left, right = st.columns([1.1, 1], gap="medium")
    with right:
        st.markdown("**Side by side**", help=MEASURES_HELP)
        compared = measures(lake, a, b)
        measures_table(compared)
        st.download_button(
            "Measures CSV",
            data=lambda: table_csv(measures_as_table(compared)),
            file_name="compare_measures.csv",
            mime="text/csv",
            on_click="ignore",
        )
    with left:
        st.markdown("**Where they differ**", help=MAP_HELP)
        held = common_grids(lake, a, b)
        if not held:
            st.info(
                "The groups have no product and die grid in common, so there is no map of differences: die 5, 7 of one "
                "product is another place than on the other. The measures beside can still be compared."
            )
            st.stop()
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
        count = int(found.significant.sum())
        said = [
            f"{count:,} of {stack_a.outline.tested_count:,} dies differ by more than chance.",
            f"A: {stack_a.wafers:,} wafers, B: {stack_b.wafers:,}.",
        ]
        said += [
            f"{name} is a sample of {one.wafers:,} of its {one.held:,} wafers."
            for name, one in (("A", stack_a), ("B", stack_b))
            if one.sampled
        ]
        st.caption(" ".join(said))
        st.download_button(
            "Dies CSV",
            data=lambda: table_csv(dies_as_table(stack_a, stack_b, found, class_key)),
            file_name="compare_dies.csv",
            mime="text/csv",
            on_click="ignore",
        )
