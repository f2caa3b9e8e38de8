"""From a training that ended to a version of the model: one button, how far it is, and the way to where it stands."""

import streamlit as st

from core.jobs.launch import jobs, start
from core.jobs.store import Job, JobState
from core.settings import settings
from core.training.config import kept_checkpoint
from pages.parts.blocks.job_watch import job_watch
from pages.parts.cache.stores import database
from pages.parts.learn.training_run import run_name
from pages.parts.links import link
from pages.parts.person import person_or_account

JOB = "make_version"
HELP = (
    "Exports the best checkpoint as INT8, fits thresholds, scores it on what the champion was scored on and on wafers "
    "that people labelled and it never saw, and registers it. That takes minutes, with tens of thousands of labelled "
    "wafers half an hour, and goes on when you leave the page. Nothing is served before somebody promotes it."
)


def version_block(training: Job) -> None:
    """Offer to make a version of what a run trained so far, once it has ended.

    Raises:
        AppDatabaseError: the app database cannot be used.
    """
    run = run_name(training)
    if training.underway or kept_checkpoint(settings().home, run) is None:
        return
    made = next((one for one in jobs(database(), JOB) if one.arguments[:2] == ["--run", run]), None)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Make a version", disabled=made is not None and made.underway, help=HELP):
            person = person_or_account()
            words = ["--run", run, "--person", person.name]
            start(database(), settings(), JOB, words, person, title=f"Make a version of {run}")
            st.rerun()
        if made is not None and made.state is JobState.DONE:
            link("model_versions", "A version was made of it: open Models")
    job_watch(made)
