"""One training as its page shows it: state, curves, the best run before beside it, the log, stop and resume."""

from collections.abc import Sequence

import streamlit as st

from core.jobs.config_fields import config_fields
from core.jobs.folder import log_tail
from core.jobs.gpus import gpu_use, is_here
from core.jobs.launch import cancel, job, resume, waits_for
from core.jobs.store import Job, JobState
from core.settings import settings
from core.training.config import TrainConfig, kept_checkpoint
from core.training.records import SCORE, best_before, record_of
from pages.parts.cache.stores import database
from pages.parts.learn.training_curves import compare_with_best, draw_curves
from pages.parts.literal import literal
from pages.parts.person import person_or_account
from pages.parts.state.widgets import widget_text

JOB = "train"
RUN, CHOICE = "run", "training-run"
"""Name of the run in the query string, which cannot be bound to a widget that shows it in other words; its widget."""
LOOK_SECONDS = 3.0
LOG_LINES = 16
STATES = {
    JobState.QUEUED: "waits its turn",
    JobState.RUNNING: "training",
    JobState.DONE: "done",
    JobState.FAILED: "failed; the end of the log says why",
    JobState.CANCELLED: "stopped",
    JobState.DEAD: "was killed, or its machine went away",
}
CUT_SHORT = (JobState.CANCELLED, JobState.DEAD)


def choose_run(found: Sequence[Job]) -> int:
    """Let people choose among trainings, newest first; the link keeps the choice. Gives the job's number."""
    by_number = {str(one.id): one for one in found}
    asked = st.query_params.get(RUN, "")
    if asked and asked not in by_number:
        st.warning(f"There is no training of the number {literal(asked)}; this is the newest.")
    chosen = st.selectbox(
        "Run",
        list(by_number),
        index=list(by_number).index(asked) if asked in by_number else 0,
        key=CHOICE,
        on_change=lambda: st.query_params.update({RUN: widget_text(CHOICE)}),
        format_func=lambda n: f"{run_name(by_number[n])} · job {n} · {by_number[n].created_at:%d %b %H:%M} UTC",
    )
    return int(chosen)


def run_name(of: Job) -> str:
    """Name of the run that a job trains."""
    words = list(of.arguments)
    default = next(field.default for field in config_fields(TrainConfig) if field.name == "name")
    return words[words.index("--name") + 1] if "--name" in words[:-1] else str(default)


def run_block(number: int) -> None:
    """Show a run; while it is under way, the block looks again by itself.

    Raises:
        AppDatabaseError: the app database cannot be used.
    """
    underway = job(database(), number).underway
    st.fragment(_block, run_every=LOOK_SECONDS if underway else None)(number, underway)


def _block(number: int, was_underway: bool) -> None:
    found = job(database(), number)
    if was_underway and not found.underway:
        st.rerun()
    _state(found)
    record = record_of(settings(), run_name(found))
    if record is None or record.values.empty:
        st.caption("Nothing is measured yet: the first values come after 25 steps.")
    else:
        best = best_before(settings(), record)
        draw_curves(record, best)
        if record.curve(SCORE).empty:
            st.caption("Masks are measured after the first epoch.")
        else:
            compare_with_best(record, best)
    with st.expander("Log", expanded=found.state in (JobState.FAILED, JobState.DEAD)):
        st.code(log_tail(settings().home, number, LOG_LINES) or "The log is empty.", language=None)
    with st.expander("Command"):
        st.code(f"python -m jobs.train {' '.join(found.arguments)}", language="bash", wrap_lines=True)


def _state(found: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        words = STATES[found.state] + (_kept(found) if found.state in CUT_SHORT else "")
        st.markdown(f"**{words[:1].upper()}{words[1:]}**{literal(_detail(found))}", width="stretch")
        if found.underway:
            if st.button(
                "Stop",
                key=f"stop-{found.id}",
                disabled=found.cancelled_by is not None,
                help=(
                    "Ends the run. The checkpoint of its last whole epoch is kept, and it can be resumed from there."
                ),
            ):
                cancel(database(), found.id, person_or_account())
                st.rerun()
        elif found.state is not JobState.DONE and st.button("Resume", key=f"resume-{found.id}", type="primary"):
            resume(database(), settings(), found.id, person_or_account())
            st.rerun()
    if found.total:
        left = found.time_left
        words = f"step {found.done:,} of {found.total:,}" + (f", {str(left).partition('.')[0]} left" if left else "")
        pace = f", {found.rate:.2g} steps a second" if found.rate and found.underway else ""
        st.progress(min(1.0, found.share or 0.0), words + pace)
    if found.state is JobState.RUNNING:
        _gpus(found.host)


def _gpus(host: str) -> None:
    """Show how busy the GPUs of the machine that trains are; only this one can be asked."""
    elsewhere = settings().ray_address or ("" if is_here(host) else host)
    if elsewhere:
        st.caption(f"It trains on {literal(elsewhere)}; how busy GPUs are there cannot be seen from here.")
        return
    gpus = gpu_use()
    for gpu in gpus:
        st.caption(f"{gpu.name}: {gpu.busy:.0%} busy, {gpu.memory_used_mb:,} of {gpu.memory_mb:,} MB used")
    if not gpus:
        st.caption("No GPU on this machine: it trains on the processor.")


def _kept(found: Job) -> str:
    """Return from where a run that was cut short can go on."""
    if kept_checkpoint(settings().home, run_name(found)) is None:
        return " before its first epoch ended; it begins anew"
    return "; the checkpoint of the last whole epoch is kept"


def _detail(found: Job) -> str:
    by = f" · started by {found.started_by}"
    if found.cancelled_by is not None and found.underway:
        return f" · stopping, asked by {found.cancelled_by}"
    if found.state is JobState.QUEUED:
        before = waits_for(database(), found)
        return by + (f" · after job {before.id}, {before.title}" if before else " · starting")
    if found.state is JobState.FAILED:
        return f"{by} · exit code {found.exit_code}"
    return by + (f" · attempt {found.attempt}" if found.attempt > 1 else "")
