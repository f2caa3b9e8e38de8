"""Similar: wafers that look like an upload, a wafer of the lake, one of its clusters or a sketch."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.lake import Lake, WaferFilter
from core.reports.table import table_csv
from core.root_causes import findings_by_keys
from core.similarity.index import IndexKind
from core.similarity.similar_wafers import Match, Query, find
from pages.parts.blocks.filters import class_filter, date_filter, product_filter, severity_filter, wafer_filter
from pages.parts.blocks.taking import take_button, told
from pages.parts.cache.models import segmenter
from pages.parts.cache.stores import database
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.explore.index_state import ready_index
from pages.parts.explore.matches import comparison, match_list, matches_table, shared_block
from pages.parts.explore.query_choice import TURNED_HELP, WAYS, Asked, ask, choose_way
from pages.parts.literal import literal


def choose_among(lake: Lake) -> WaferFilter:
    """Choose the wafers that are looked among."""
    with st.expander("Look only among"):
        products, days, classes = product_filter(lake), date_filter(lake), class_filter()
        low, high = severity_filter()
    return replace(wafer_filter(products, days, lake), defect_class=classes, severity_min=low, severity_max=high)


def choose_match(lake: Lake, asked: Asked, query: Query, matches: Sequence[Match]) -> Match:
    """List the matches with what was found of them, and offer them as CSV; the one that is chosen."""
    with database().reading() as session:
        findings = findings_by_keys(session, [match.result.wafer.key for match in matches])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"The **{len(matches)}** most like **{literal(asked.name)}**", width="stretch")
        take_button(
            "Download CSV",
            data=told(lambda: table_csv(matches_table(matches, findings)), "similar_wafers.csv"),
            file_name="similar_wafers.csv",
            mime="text/csv",
            on_click="ignore",
        )
    return match_list(matches, query, findings)


def show() -> None:
    """Ask what to look for, and show the wafers most like it."""
    lake = open_lake()
    st.title("Similar")
    stop_if_empty(lake)
    way = choose_way()
    left, right = st.columns([1.1, 2.4], gap="large")
    with left:
        asked = ask(way, lake)
        turned = st.checkbox("Turned and mirrored too", key="turned", bind="query-params", help=TURNED_HELP)
        where = choose_among(lake)
    with right:
        if asked is None:
            ready_index(IndexKind.CLUSTERS if way == WAYS[2] else IndexKind.WAFERS, lake)
            st.info("Say what to look for, and the wafers most like it are listed here.")
            return
        with st.spinner("Looking for similar wafers"):
            query = asked.query(segmenter(), turned)
        index = ready_index(query.kind, lake)  # which may end the page, and would leave a spinner behind
        with st.spinner("Looking for similar wafers"):
            matches = find(query, index, lake, where, without=[asked.key] if asked.key else [])
        if not matches:
            st.info("Nothing alike is in the index under these filters. Widen them, or build the index of more wafers.")
            return
        chosen = choose_match(lake, asked, query, matches)
    comparison(asked, query, chosen, database())
    shared_block(lake, matches)


with explained():
    show()
