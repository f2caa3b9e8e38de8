import os
import socket
from datetime import timedelta

import pytest

from core.database.schema import now
from core.identity import Person
from core.jobs.processes import SILENT, bury_the_dead, name_of
from core.jobs.store import UNDERWAY, JobState, add_job, job_by_id

HERE, ME = socket.gethostname(), name_of(os.getpid())
PID, START, BOOT = ME.split()
ANOTHER = f"{PID} {int(START) - 1} {BOOT}"
"""As if this test's process had got the number of the supervisor."""


def after_burial(database, state=JobState.RUNNING, host="", process="", silent=timedelta(0)) -> JobState:
    """Return what is noted of a job in a given state once the dead were looked for."""
    with database.writing() as session:
        job = add_job(session, "quick", [], "quick", Person("ana"))
        job.state, job.host, job.process, job.heartbeat_at = state, host, process, now() - silent
    bury_the_dead(database)
    with database.reading() as session:
        found = job_by_id(session, job.id)
        assert (found.ended_at is None) == (found.state is state)
        assert found.exit_code is None
        return found.state


@pytest.mark.parametrize("state", UNDERWAY)
@pytest.mark.parametrize(
    ("process", "lives"), [(ME, True), (ANOTHER, False), ("1 0 another-boot", False)], ids=["me", "another", "boot"]
)
def test_on_this_machine_the_process_itself_tells_however_long_it_was_silent(database, state, process, lives):
    expected = state if lives else JobState.DEAD
    assert after_burial(database, state, HERE, process, SILENT * 9) is expected
    assert after_burial(database, state, HERE, process) is expected


@pytest.mark.parametrize(
    ("host", "process"),
    [("elsewhere", "1 0 boot"), ("elsewhere", ME), ("", ""), (HERE, "")],
    ids=["elsewhere", "mine", "none", "here"],
)
@pytest.mark.parametrize(("seconds", "lives"), [(-30, True), (1, False)])
def test_elsewhere_and_before_there_is_a_process_a_minute_of_silence_tells(database, host, process, seconds, lives):
    silent = SILENT + timedelta(seconds=seconds)
    expected = JobState.RUNNING if lives else JobState.DEAD
    assert after_burial(database, host=host, process=process, silent=silent) is expected


@pytest.mark.parametrize("state", [state for state in JobState if state not in UNDERWAY])
def test_a_job_that_ended_stays_as_it_ended(database, state):
    with database.writing() as session:
        job = add_job(session, "quick", [], "quick", Person("ana"))
        job.state, job.heartbeat_at = state, now() - SILENT * 9
    bury_the_dead(database)
    with database.reading() as session:
        assert (job_by_id(session, job.id).state, job_by_id(session, job.id).ended_at) == (state, None)


def test_one_that_spoke_up_in_between_is_not_buried(database, monkeypatch):
    with database.writing() as session:
        job = add_job(session, "quick", [], "quick", Person("ana"))
        job.state, job.host, job.heartbeat_at = JobState.RUNNING, "elsewhere", now() - SILENT * 2
    writing = database.writing

    def after_a_beat():
        with writing() as session:
            job_by_id(session, job.id).heartbeat_at = now()
        return writing()

    monkeypatch.setattr(database, "writing", after_a_beat)
    bury_the_dead(database)
    with database.reading() as session:
        assert job_by_id(session, job.id).state is JobState.RUNNING
