"""A job that a page started: how far it is while it runs, and what its log says last when it failed."""

import streamlit as st

from core.jobs.folder import log_tail
from core.jobs.launch import cancel, job, jobs, resume
from core.jobs.store import Job, JobState
from core.settings import settings
from pages.parts.cache.stores import database
from pages.parts.literal import literal
from pages.parts.person import person_or_account

LOOK_SECONDS = 2.0
LOG_LINES = 12
WENT_WRONG = (JobState.FAILED, JobState.DEAD)


def newest_job(name: str) -> Job | None:
    """Return the job of this name that was started last, None where none was.

    Raises:
        AppDatabaseError: the app database cannot be used.
    """
    return next(iter(jobs(database(), name, limit=1)), None)


def job_watch(started: Job | None) -> None:
    """Show a job that runs, with a bar and a way to stop it, or how one failed and a way to try again.

    The page runs anew when the job ends.
    """
    if started is None:
        return
    if started.underway:
        _progress(started.id)
    elif started.state in WENT_WRONG:
        st.error(f"{literal(started.title)} (job {started.id}) {_how(started)}. Its log ends with this:")
        st.code(log_tail(settings().home, started.id, LOG_LINES) or "The log is empty.", language=None)
        if st.button("Run it again", key=f"again-{started.id}", help="The same command, once more."):
            resume(database(), settings(), started.id, person_or_account())
            st.rerun()


@st.fragment(run_every=LOOK_SECONDS)
def _progress(number: int) -> None:
    found = job(database(), number)
    if not found.underway:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.progress(found.share or 0.0, literal(f"{found.title}: {_how_far(found)}"), width="stretch")
        if st.button("Stop", key=f"stop-{number}", disabled=found.cancelled_by is not None):
            cancel(database(), number, person_or_account())


def _how_far(found: Job) -> str:
    if found.cancelled_by is not None:
        return "stopping"
    last = log_tail(settings().home, found.id, 1).partition(" [")[0]
    left = f", {str(found.time_left).partition('.')[0]} left" if found.time_left else ""
    return f"{last}{left}" if last else "starting"


def _how(ended: Job) -> str:
    return "was killed, or its machine went away" if ended.state is JobState.DEAD else "could not do its work"
