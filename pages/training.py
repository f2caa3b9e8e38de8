"""Training: start a run, watch its curves, compare it with the best before, stop it and go on."""

import streamlit as st

from core.database import AppDatabase
from core.jobs.launch import jobs
from pages.parts.cache.stores import database as open_database
from pages.parts.empty import explained
from pages.parts.learn.run_version import version_block
from pages.parts.learn.training_form import STARTED, training_form
from pages.parts.learn.training_run import JOB, choose_run, run_block
from pages.parts.state.widgets import drop_widgets

RUNS, START = VIEWS = ("Runs", "Start a run")


def runs(database: AppDatabase) -> None:
    """Show one of the runs, or how to start the first."""
    with st.spinner("Looking up runs"):
        found = jobs(database, JOB)
    if found:
        chosen = choose_run(found)
        version_block(next(one for one in found if one.id == chosen))
        run_block(chosen)
        return
    with st.container(border=True):
        st.markdown("**No training was started from here yet.**")
        st.markdown(
            "Choose *Start a run* above. Training goes on when you leave the page or the app is restarted, one "
            "run at a time; its checkpoints are kept below `runs` in the home folder."
        )
        st.caption("Without a screen: `python -m jobs.train --help`")


def show() -> None:
    """Show runs, or the form that starts one."""
    database = open_database()
    st.title("Training")
    if STARTED in st.query_params:
        del st.query_params[STARTED]
        drop_widgets("training")
    view = st.segmented_control(
        "View", VIEWS, default=RUNS, required=True, key="training", bind="query-params", label_visibility="collapsed"
    )
    if view == START:
        training_form(database)
    else:
        runs(database)


with explained():
    show()
