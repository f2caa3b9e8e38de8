"""Batch: thousands of wafers as a job outside the page, watched from here."""

import pandas as pd
import streamlit as st

from core.batches.control import UNDERWAY, Standing, may_see, standings
from core.settings import settings
from pages.parts.blocks.table_download import csv_button
from pages.parts.cache.stores import database
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import explained
from pages.parts.person import person_or_account
from pages.parts.segment.batch_start import CHOSEN, start_batch
from pages.parts.segment.batch_view import LOOK_SECONDS, batch_view


def listed(found: list[Standing]) -> pd.DataFrame:
    """Lay batches out as a table."""
    return pd.DataFrame(
        {
            "batch": [one.request.title for one in found],
            "state": [str(one.state) for one in found],
            "done": [one.done for one in found],
            "wafers": pd.array([one.total for one in found], dtype="Int64"),
            "failures": [one.failures for one in found],
            "asked by": [one.request.asked_by for one in found],
            "asked at": [one.request.asked_at[:16].replace("T", " ") for one in found],
        }
    )


def earlier(found: list[Standing]) -> None:
    """List all batches."""
    st.subheader("All batches")
    table = listed(found)
    st.dataframe(
        table,
        hide_index=True,
        placeholder="–",
        alt="All batches, newest first",
        column_config={
            "batch": st.column_config.TextColumn("Batch", pinned=True),
            "state": st.column_config.TextColumn("State"),
            "done": st.column_config.NumberColumn("Done", help="Wafers that are worked through."),
            "wafers": st.column_config.NumberColumn("Wafers", help="Of how many; known once all are read."),
            "failures": st.column_config.NumberColumn("Failures", help="Files or wafers that gave no result."),
            "asked by": st.column_config.TextColumn("Asked by"),
            "asked at": st.column_config.TextColumn("Asked at (UTC)"),
        },
    )
    csv_button(table, "batches")


def seen() -> list[Standing]:
    """Return how the batches stand that the person may see, newest first."""
    person = person_or_account()
    return [one for one in standings(database(), settings()) if may_see(person, one)]


def _list() -> None:
    earlier(seen())


def choose_batch(found: list[Standing]) -> Standing:
    """Choose a batch; the link keeps which."""
    by_name = {one.batch.name: one for one in found}
    names = list(by_name)
    asked = st.query_params.get(CHOSEN, "")
    chosen = st.selectbox(
        "Batch",
        names,
        index=names.index(asked) if asked in names else 0,
        width=520,
        format_func=lambda name: f"{by_name[name].request.title} · {by_name[name].state}",
    )
    st.query_params[CHOSEN] = chosen
    return by_name[chosen]


def show() -> None:
    """Offer a new batch, watch one, list all."""
    st.title("Batch")
    found = seen()
    with st.expander("New batch", expanded=not found):
        start_batch(open_lake())
    if found:
        batch_view(choose_batch(found))
        underway = any(one.state in UNDERWAY for one in found)
        st.fragment(_list, run_every=LOOK_SECONDS if underway else None)()
    else:
        st.info(
            "No batch yet. Upload a zip of wafer maps or choose wafers of the lake above: the work goes on outside "
            "this page, also when it is closed, and its results can be taken away as one zip."
        )


with explained():
    show()
