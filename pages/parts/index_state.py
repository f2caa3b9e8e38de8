"""The index of look-alikes as a page needs it: there, or built from here."""

import streamlit as st

from core.index_upkeep import bring_up_to_date
from core.lake import Lake
from core.settings import settings
from core.similarity import Kind, SimilarityIndex
from data.errors import IndexMissingError
from pages.parts.cache import segmenter, similarity_index

MANY = 20_000


def ready_index(kind: Kind, lake: Lake) -> SimilarityIndex:
    """Give the index of a kind; where there is none the page ends with a button that builds it.

    Raises:
        ModelError: the model cannot be used.
        LakeError: the lake cannot be read.
    """
    try:
        index = similarity_index(kind)
    except IndexMissingError as error:
        st.info(f"Look-alikes are found in an index, and it has to be built first: {error.problem.partition(': ')[2]}.")
        _offer("Build the index", lake, lake.count())
        st.stop()
    if kind is Kind.WAFERS and (lacking := lake.count() - len(index)) > 0:
        st.warning(f"{lacking:,} of {lake.count():,} wafers are not in the index yet and cannot be found.")
        _offer("Add them", lake, lacking)
    return index


def _offer(label: str, lake: Lake, wafers: int) -> None:
    """Offer to bring the indexes up to date, with a bar while it is done."""
    if wafers > MANY:
        st.caption("With so many wafers that takes long: run `python -m jobs.build_index` beside the app.")
    if not st.button(label, type="primary"):
        return
    bar = st.progress(0.0, "Embedding wafers")
    for step in bring_up_to_date(lake, segmenter(), settings().home):
        share = step.done / step.total if step.total else 1.0
        bar.progress(share, f"{step.what.capitalize()}: {step.done:,} of {step.total:,}")
    st.rerun()
