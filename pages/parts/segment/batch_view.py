"""One batch: how far it is, what can be done with it, what failed, its results."""

from datetime import datetime

import pandas as pd
import streamlit as st

from core.batches.control import RESUMABLE, UNDERWAY, Standing, State, cancel, launch_batch, pause, remove, standing
from core.batches.folder import Batch
from core.jobs.folder import log_tail
from core.settings import settings
from pages.parts.blocks.table_download import csv_button
from pages.parts.cache.stores import database
from pages.parts.literal import literal
from pages.parts.person import person_or_account
from pages.parts.routes import results_address

LOOK_SECONDS = 2.0
LOG_LINES = 12
FAILURES_SHOWN = 1000
WORDS = {
    State.WAITING: "Accepted, but not started: the app ended in between. Nothing is lost.",
    State.PAUSED: "Paused. What is finished stays; going on begins with the first wafer that is not.",
    State.CANCELLED: "Cancelled. It cannot go on; remove it to free its space on disk.",
    State.KILLED: "Its job was killed, or its machine went away. What is finished stays; it can go on.",
    State.FAILED: "Its job could not do its work. The end of its log says why; it can go on once that is mended.",
}


def batch_view(found: Standing) -> None:
    """Show a batch, and the page anew when it ends."""
    request = found.request
    st.subheader(literal(request.title))
    said = [f"asked for by {request.asked_by}", f"{datetime.fromisoformat(request.asked_at):%Y-%m-%d %H:%M} UTC"]
    said += ["tta"] if request.tta else []
    said += ["saved to the lake when done"] if request.save else []
    st.caption(literal(" · ".join(said)))
    if found.state in UNDERWAY:
        _progress(found.batch)
    else:
        _at_rest(found)
    _failures(found)


def how_far(found: Standing) -> str:
    """Return how far a batch is: count, share, rate, time left."""
    if found.state is State.STOPPING:
        return f"Stopping at {found.done:,} wafers"
    if found.total is None:
        return f"Reading: {found.done:,} wafers so far"
    verb = "Writing results" if found.state is State.FINISHING else "Segmenting"
    parts = [f"{verb}: {found.done:,} of {found.total:,} ({found.share or 0:.0%})".replace("%)", " %)")]
    if found.rate and found.done:
        parts.append(f"{found.rate:.0f} wafers/s" if found.rate >= 10 else f"{found.rate:.1f} wafers/s")
    if found.time_left is not None and found.done:
        seconds = found.time_left.total_seconds()
        parts.append(f"{seconds:.0f} s left" if seconds < 90 else f"{seconds / 60:.0f} min left")
    return " · ".join(parts)


@st.fragment(run_every=LOOK_SECONDS)
def _progress(batch: Batch) -> None:
    found = standing(database(), batch)
    if found.state not in UNDERWAY:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.progress(found.share or 0.0, how_far(found), width="stretch")
        stopping = found.state is State.STOPPING
        again = f"at most the last {batch.request.wafers_per_part} wafers are done again"
        if st.button("Pause", disabled=stopping, help=f"Stops now; {again}."):
            pause(database(), batch, person_or_account())
            st.rerun()
        if st.button("Cancel", disabled=stopping, help="Stops for good."):
            cancel(database(), batch, person_or_account())
            st.rerun()


def _at_rest(found: Standing) -> None:
    batch, summary = found.batch, found.batch.summary
    if found.state is State.DONE and summary:
        failed = f" · :red[**{summary.failures:,}** gave no result]" if summary.failures else ""
        st.markdown(f"Done: **{summary.wafers:,}** wafers · **{summary.with_pattern:,}** with a pattern{failed}")
        for name, problem in batch.told.items():
            st.caption(literal(f"{name} could not be told: {problem}." if problem else f"{name} was told."))
    else:
        so_far = "" if found.total is None else f" {found.done:,} of {found.total:,} wafers are finished."
        (st.error if found.state is State.FAILED else st.info)(WORDS[found.state] + so_far)
        if found.state is State.FAILED and found.job:
            st.code(log_tail(settings().home, found.job.id, LOG_LINES) or "The log is empty.", language=None)
    with st.container(horizontal=True):
        if batch.results and found.state is State.DONE:
            size = batch.results.stat().st_size / 2**20
            st.link_button(
                f"Download results ({size:,.1f} MiB)",
                results_address(batch),
                type="primary",
                help="One zip: masks (PNG, NPZ), wafers and clusters (CSV), coordinates and summary (JSON), report "
                "(PDF), failures (CSV).",
            )
        if found.state in RESUMABLE and st.button("Go on", type="primary"):
            launch_batch(database(), settings(), batch, person_or_account())
            st.rerun()
        if (
            found.state is not State.CANCELLED
            and found.failures
            and st.button(
                "Retry failures", help="Reads and segments again only what gave no result; the rest stays as it is."
            )
        ):
            launch_batch(database(), settings(), batch, person_or_account(), retry=True)
            st.rerun()
        if found.state in RESUMABLE and st.button("Cancel"):
            cancel(database(), batch, person_or_account())
            st.rerun()
        with st.popover("Remove"):
            st.caption("Deletes its uploads and results from this server's disk. The lake keeps what was saved there.")
            if st.button("Remove for good", key="batch-remove"):
                remove(database(), batch, person_or_account())
                st.query_params.pop("batch", None)
                st.rerun()


def _failures(found: Standing) -> None:
    failures = found.batch.failures()
    if not failures:
        return
    table = pd.DataFrame({"source": [one.source_name for one in failures], "reason": [one.reason for one in failures]})
    st.markdown(f"**Gave no result: {len(failures):,}**")
    st.dataframe(
        table.head(FAILURES_SHOWN),
        hide_index=True,
        alt="What gave no result, and why",
        column_config={
            "source": st.column_config.TextColumn("Source", pinned=True, help="File, entry of a zip, or wafer."),
            "reason": st.column_config.TextColumn("Reason", width="large"),
        },
    )
    if len(failures) > FAILURES_SHOWN:
        st.caption(f"The first {FAILURES_SHOWN:,} are shown; the CSV has all.")
    csv_button(table, "batch_failures")
