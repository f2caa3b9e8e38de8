"""The index of similar wafers as a page needs it: there, or built from here."""

import streamlit as st

from core.lake import Lake
from core.settings import settings
from core.similarity import SimilarityIndex
from core.similarity.index import IndexKind
from core.similarity.upkeep import bring_up_to_date
from data.errors import IndexMissingError
from pages.parts.cache.models import segmenter, similarity_index
from pages.parts.literal import literal

MANY = 20_000

_CLUSTERS = """
    SELECT coalesce(sum(cluster_count) FILTER (model = ?), 0) AS ours,
           coalesce(sum(cluster_count) FILTER (model != ?), 0) AS others
    FROM wafers
"""


def ready_index(kind: IndexKind, lake: Lake) -> SimilarityIndex:
    """Return the index of a kind; where there is none the page ends with a button that builds it.

    Raises:
        ModelError: the model cannot be used.
        LakeError: the lake cannot be read.
    """
    try:
        index = similarity_index(kind)
    except IndexMissingError as error:
        st.info(
            "Similar wafers are found in an index, and it has to be built first: "
            f"{literal(error.problem.partition(': ')[2])}."
        )
        _offer("Build the index", lake, lake.count())
        st.stop()
    held, elsewhere = _in_lake(kind, lake)
    if held > len(index):
        st.warning(f"{held - len(index):,} of {held:,} {kind} are not in the index yet and cannot be found.")
        _offer("Add them", lake, held - len(index))
    if elsewhere:
        st.warning(
            f"{elsewhere:,} clusters were found by another model and cannot be compared. Segment their wafers again "
            "with `python -m jobs.segment --lake`, then build the index."
        )
    return index


def _in_lake(kind: IndexKind, lake: Lake) -> tuple[int, int]:
    """How many there are that the index could hold, and how many that it cannot for being another model's."""
    if kind is IndexKind.WAFERS:
        return lake.count(), 0
    row = lake.arrow(_CLUSTERS, [segmenter().name] * 2).to_pylist()[0]
    return int(row["ours"]), int(row["others"])


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
