"""Wafers that look like the one being labelled, with what was found on them, at the foot of the map."""

import streamlit as st

from core.active_learning.rounds import wafers_of
from core.annotation.bench import Bench
from core.labels.annotations import labelled_keys
from core.lake import Lake
from core.similarity.index import IndexKind
from core.similarity.similar_wafers import find, query_wafer
from data.errors import IndexMissingError
from pages.parts.cache.models import segmenter, similarity_index
from pages.parts.cache.stores import database as open_database
from pages.parts.literal import literal
from pages.parts.wafers.gallery import gallery

MOST = 6
HELP = (
    "The wafers that look most like this one, with what the model found on them, and whether people labelled them. Not "
    "for wafers that are labelled without proposals: what it found on those would lead the label."
)


def similar_strip(laid_out: Bench, lake: Lake) -> None:
    """Offer the wafers most like the one on the bench; their maps are drawn only when they are asked for.

    Args:
        laid_out: the wafer.
        lake: where wafers are.
    """
    if laid_out.hidden or not st.toggle("Similar wafers", key="label-similar", help=HELP):
        return
    result = lake.results_by_keys([laid_out.wafer.key]).get(laid_out.wafer.key)
    if result is None:
        st.caption("This wafer is not segmented, so nothing like it can be found.")
        return
    try:
        index = similarity_index(IndexKind.WAFERS)
    except IndexMissingError as error:
        st.caption(f"Similar wafers are found in an index: {literal(error.problem)}. Similar builds it.")
        return
    with st.spinner("Looking for similar wafers"):
        query = query_wafer(result, segmenter())
        matches = find(query, index, lake, count=MOST, without=[laid_out.wafer.key])
    with open_database().reading() as session:
        labelled = set(labelled_keys(session))
    keys = [match.result.wafer.key for match in matches]
    rows = wafers_of(lake, keys)
    notes = {
        match.result.wafer.key: f"{match.score:.0%} alike"
        + (", labelled" if match.result.wafer.key in labelled else "")
        for match in matches
    }
    gallery(rows, key="label-similar-tiles", notes=notes)
