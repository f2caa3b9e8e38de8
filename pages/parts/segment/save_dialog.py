"""Names for the wafers of an upload, and their way into the lake."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.ingestion.saving import results_to_keep, shared_names
from core.ingestion.upload_session import UploadSession
from core.ingestion.uploaded_file import Entry, Names
from core.pipeline import take_in
from core.pipeline.taking_in import TakenIn
from core.similarity.upkeep import embed_new
from data.classes import CLASSES
from data.errors import WaferError
from pages.parts.cache.models import segmenter
from pages.parts.cache.stores import blobs, whole_lake
from pages.parts.empty import explained
from pages.parts.links import link
from pages.parts.literal import literal, said_key
from pages.parts.segment.orientation_editor import lying
from pages.parts.state.widgets import edited_rows
from pages.parts.wafers.cluster_table import class_column
from pages.parts.wafers.pipeline import pipeline

TITLES = {c.key: c.name for c in CLASSES}
SAID_SHOWN = 12
MOST_EMBEDDED = 200
"""Wafers that a person waits for; where more are not embedded, Similar offers to add them."""
LINKS_SHOWN, ROWS_SHOWN, ROW_PX = 12, 10, 30
FIELDS = {"lot": "lot_id", "wafer": "wafer_id", "product": "product"}


@st.dialog("Save to the lake", width="large", on_dismiss="rerun")
def save_dialog(upload: UploadSession, *, key: str) -> None:
    """Let a person correct the names that files gave their wafers, and save wafers, results and originals.

    Args:
        upload: all done; it keeps the names.
        key: of the dialog; another one for other files, since edits are kept by row.
    """
    entries = upload.ready
    st.caption("Lot, wafer and product as the files or their names say. Correct them here; downloads use them too.")
    st.data_editor(
        _table(entries),
        key=key,
        on_change=lambda: _rename(upload, entries, edited_rows(key)),
        disabled=["file", "found"],
        hide_index=True,
        num_rows="fixed",
        row_height=ROW_PX,
        height=min(ROWS_SHOWN, len(entries)) * ROW_PX + 34,
        alt="Names of the wafers",
        column_config={
            "file": st.column_config.TextColumn("File"),
            "lot": st.column_config.TextColumn("Lot", required=True, max_chars=100),
            "wafer": st.column_config.TextColumn("Wafer", required=True, max_chars=100),
            "product": st.column_config.TextColumn("Product", max_chars=100),
            "found": class_column("Found"),
        },
    )
    lying([entry.wafer for entry in entries])
    shared = shared_names(entries)
    kept = [entry.wafer.key for entry in entries if entry.wafer.key not in shared]
    if shared:
        st.warning(
            f"{_count(len(entries) - len(kept))} share a name with another: {literal(', '.join(shared[:5]))}"
            f"{' …' if len(shared) > 5 else ''}. They are left out until each has a name of its own."
        )
    if st.button(f"Save {_count(len(kept))}", type="primary", key=f"{key}-save", disabled=not kept):
        with st.spinner("Saving"), explained():
            taken = take_in(pipeline(segmenter(), tta=upload.plan.tta), results=results_to_keep(upload, blobs()))
            _report(taken, kept)
        with st.spinner("Making wafers and clusters findable among similar ones"), explained():
            embed_new(whole_lake(), segmenter(), MOST_EMBEDDED)


def _table(entries: Sequence[Entry]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "file": [entry.wafer.source_name for entry in entries],
            "lot": [entry.wafer.lot_id for entry in entries],
            "wafer": [entry.wafer.wafer_id for entry in entries],
            "product": [entry.wafer.product for entry in entries],
            "found": [
                [TITLES[k] for k in entry.result.segmentation.classes_present] if entry.result else []
                for entry in entries
            ],
        }
    )


def _rename(upload: UploadSession, entries: Sequence[Entry], edits: Mapping[int, Mapping[str, Any]]) -> None:
    for row, cells in edits.items():
        entry = entries[row]
        names = {field: getattr(entry.wafer, field) for field in FIELDS.values()}
        names |= {FIELDS[column]: (value or "").strip() for column, value in cells.items()}
        try:
            upload.rename(entry, Names(**names))
        except WaferError as error:
            st.toast(literal(error))


def _report(saved: TakenIn, keys: Sequence[str]) -> None:
    """Show what saving did, with links to the wafers."""
    st.success(f"{_count(saved.new)} saved, {saved.already} already there. Lists and trends show them from now on.")
    if saved.shared:
        st.caption(f"A trial runs: {_count(saved.shared)} of these keep the result of the challenger.")
    with st.container(horizontal=True, gap="small"):
        for wafer in keys[:LINKS_SHOWN]:
            link("wafer", said_key(wafer), wafer=wafer)
        if len(keys) > LINKS_SHOWN:
            link("wafers", f"and {len(keys) - LINKS_SHOWN} more")
    if saved.said:
        st.caption("  \n".join(map(literal, saved.said[:SAID_SHOWN])))
        if len(saved.said) > SAID_SHOWN:
            st.caption(f"and {len(saved.said) - SAID_SHOWN:,} more wafers that met an earlier test.")
    if saved.problem:
        st.warning(f"All is saved, but alarms were not looked for: {literal(saved.problem)}")


def _count(wafers: int) -> str:
    return "1 wafer" if wafers == 1 else f"{wafers:,} wafers"
