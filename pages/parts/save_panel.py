"""Names for the wafers of an intake, and their way into the lake."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.intake import Entry, Intake, Names
from core.lake import Lake
from data.classes import CLASSES
from data.errors import WaferError
from pages.parts.links import link
from pages.parts.state import keep_saved, saved, widget

TITLES = {c.key: c.name for c in CLASSES}
LINKS_SHOWN = 12
FIELDS = {"lot": "lot_id", "wafer": "wafer_id", "product": "product"}


def save_panel(intake: Intake, entries: Sequence[Entry], lake: Lake, *, key: str) -> None:
    """Let a person correct the names that files gave their wafers, and save wafers and results to the lake.

    Args:
        intake: where the names are kept.
        entries: its wafers, all segmented.
        lake: where to save.
        key: of the panel; another one for other files, since edits are kept by row.
    """
    with st.expander("Save to the lake"):
        st.caption("Lot, wafer and product as files or their names say. Correct them here; downloads use them too.")
        st.data_editor(
            _table(entries),
            key=key,
            on_change=lambda: _rename(intake, entries, widget(key)["edited_rows"]),
            disabled=["file", "patterns"],
            hide_index=True,
            num_rows="fixed",
            height=min(8, len(entries)) * 35 + 38,
            alt="Names of the wafers",
            column_config={
                "file": st.column_config.TextColumn("File"),
                "lot": st.column_config.TextColumn("Lot", required=True, max_chars=100),
                "wafer": st.column_config.TextColumn("Wafer", required=True, max_chars=100),
                "product": st.column_config.TextColumn("Product", max_chars=100),
                "patterns": st.column_config.TextColumn("Found"),
            },
        )
        twice = [name for name, count in Counter(entry.wafer.key for entry in entries).items() if count > 1]
        if twice:
            shown = ", ".join(twice[:5])
            st.warning(
                f"{len(twice)} names stand for more than one wafer: {shown}. Give each wafer its own name first."
            )
        if st.button(
            f"Save {_count(len(entries))} to the lake", type="primary", key=f"{key}-save", disabled=bool(twice)
        ):
            _save(entries, lake, key)
        _report(key)


def _table(entries: Sequence[Entry]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "file": [entry.wafer.source_name for entry in entries],
            "lot": [entry.wafer.lot_id for entry in entries],
            "wafer": [entry.wafer.wafer_id for entry in entries],
            "product": [entry.wafer.product for entry in entries],
            "patterns": [
                ", ".join(TITLES[k] for k in entry.result.segmentation.classes_present) if entry.result else ""
                for entry in entries
            ],
        }
    )


def _rename(intake: Intake, entries: Sequence[Entry], edits: Mapping[int, Mapping[str, Any]]) -> None:
    for row, cells in edits.items():
        entry = entries[row]
        names = {field: getattr(entry.wafer, field) for field in FIELDS.values()}
        names |= {FIELDS[column]: (value or "").strip() for column, value in cells.items()}
        try:
            intake.rename(entry, Names(**names))
        except WaferError as error:
            st.toast(str(error))


def _save(entries: Sequence[Entry], lake: Lake, key: str) -> None:
    with st.spinner("Saving"):
        try:
            new, already = lake.append_wafers([entry.wafer for entry in entries])
            lake.append_results([entry.result for entry in entries if entry.result])
        except WaferError as error:
            st.error(str(error))
            return
    keep_saved(key, new, already, [entry.wafer.key for entry in entries])


def _report(key: str) -> None:
    """Tell what the last save did, with links to the wafers."""
    report = saved(key)
    if report is None:
        return
    new, already, keys = report
    st.success(f"{_count(new)} saved, {already} already there. They are in all lists and trends from now on.")
    with st.container(horizontal=True, gap="small"):
        for wafer in keys[:LINKS_SHOWN]:
            link("wafer", wafer.replace(":", " "), wafer=wafer)
        if len(keys) > LINKS_SHOWN:
            link("wafers", f"and {len(keys) - LINKS_SHOWN} more")


def _count(wafers: int) -> str:
    return "1 wafer" if wafers == 1 else f"{wafers:,} wafers"
