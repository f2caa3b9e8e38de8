from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.database.audit import entries
from core.identity import Person
from core.jobs.store import (
    ALONE,
    UNDERWAY,
    Job,
    JobState,
    add_job,
    ask_to_stop,
    end,
    in_the_way,
    job_by_id,
    jobs_underway,
    newest_jobs,
    queue_again,
)
from data.errors import AppDatabaseError

BEN = Person("ben")
ENDED = [state for state in JobState if state not in UNDERWAY]


def in_state(session, ana, state, name="train", host="") -> Job:
    job = add_job(session, name, ["--steps", "5"], name, ana)
    job.state, job.host = state, host
    session.flush()
    return job


def test_a_new_job_is_queued_under_its_command_line_and_stands_in_the_trail(database, ana):
    with database.writing() as session:
        job = add_job(session, "segment", ["--lake", "a b"], "Segment", ana)
        assert (job.state, job.attempt, job.started_by, job.underway) == (JobState.QUEUED, 1, "ana", True)
        assert job.created_at == job.heartbeat_at
        number = job.id
    with database.reading() as session:
        assert job_by_id(session, number).arguments == ["--lake", "a b"]
        (entry,) = entries(session, f"job {number}")
    assert (entry.action, entry.details) == ("job.start", {"name": "segment", "arguments": ["--lake", "a b"]})


def test_an_unknown_job_is_said(database):
    with database.reading() as session, pytest.raises(AppDatabaseError, match="job 7: there is no such job"):
        job_by_id(session, 7)


def test_jobs_are_listed_newest_first_and_those_under_way_oldest_first(database, ana):
    with database.writing() as session:
        made = {
            state: in_state(session, ana, state, "train" if n % 2 else "quick").id for n, state in enumerate(JobState)
        }
        numbers = list(made.values())
        assert [job.id for job in newest_jobs(session)] == numbers[::-1]
        assert [job.id for job in newest_jobs(session, "train", limit=2)] == numbers[::-1][::2][:2]
        assert [job.id for job in jobs_underway(session)] == [made[JobState.QUEUED], made[JobState.RUNNING]]


@given(
    done=st.integers(1, 10**6),
    left=st.integers(0, 10**6),
    rate=st.floats(1e-3, 1e4),
)
def test_the_time_left_is_what_is_left_at_the_pace(done, left, rate):
    job = running_at(done=done, share=done / (done + left), rate=rate)
    assert job.time_left.total_seconds() == pytest.approx(left / rate, rel=1e-6, abs=1e-3)


@pytest.mark.parametrize(
    "unknown", [{"share": None}, {"share": 0.0}, {"rate": None}, {"rate": 0.0}, *({"state": state} for state in ENDED)]
)
def test_the_time_left_is_unknown_without_pace_or_share_and_once_it_ended(unknown):
    assert running_at(**{"done": 5, "share": 0.5, "rate": 1.0, **unknown}).time_left is None


def running_at(**fields) -> Job:
    moment = {"created_at": None, "heartbeat_at": None}
    job = Job(name="quick", arguments=[], title="", started_by="ana", **moment)
    for name, value in {"state": JobState.RUNNING, **fields}.items():
        setattr(job, name, value)
    return job


@pytest.mark.parametrize(
    ("state", "host", "before", "expected"),
    [
        (JobState.RUNNING, "here", True, True),
        (JobState.RUNNING, "here", False, True),  # one that overtook still has the machine
        (JobState.RUNNING, "elsewhere", True, False),
        (JobState.QUEUED, "here", True, True),
        (JobState.QUEUED, "", True, True),
        (JobState.QUEUED, "elsewhere", True, False),
        (JobState.QUEUED, "here", False, False),
        *((state, "here", True, False) for state in ENDED),
    ],
)
def test_a_training_waits_for_what_runs_here_or_queued_here_before_it(database, ana, state, host, before, expected):
    with database.writing() as session:
        if before:
            other = in_state(session, ana, state, "make_version", host)
        queued = in_state(session, ana, JobState.QUEUED)
        if not before:
            other = in_state(session, ana, state, "make_version", host)
        assert in_the_way(session, queued, "here") is (other if expected else None)


def test_what_takes_no_machine_for_itself_neither_waits_nor_holds_up(database, ana):
    with database.writing() as session:
        in_state(session, ana, JobState.RUNNING, "segment", "here")
        training = in_state(session, ana, JobState.QUEUED)
        assert in_the_way(session, training, "here") is None
        training.state, training.host = JobState.RUNNING, "here"
        assert in_the_way(session, in_state(session, ana, JobState.QUEUED, "segment"), "here") is None


def test_of_any_number_of_trainings_one_at_a_time_runs_in_the_order_they_came(database, ana):
    with database.writing() as session:
        wanted = [in_state(session, ana, JobState.QUEUED, name).id for name in (*sorted(ALONE), "train")]
        ran = []
        while waiting := [job for job in jobs_underway(session) if job.state is JobState.QUEUED]:
            (may,) = [job for job in waiting if in_the_way(session, job, "here") is None]
            may.state, may.host = JobState.RUNNING, "here"
            assert all(in_the_way(session, job, "here") is may for job in waiting if job is not may)
            ran.append(may.id)
            end(may, JobState.DONE, 0)
    assert ran == wanted


@pytest.mark.parametrize(("state", "expected"), [(JobState.QUEUED, "cancelled"), (JobState.RUNNING, "running")])
def test_one_that_waits_is_cancelled_at_once_and_one_that_runs_is_asked(database, ana, state, expected):
    with database.writing() as session:
        job = ask_to_stop(session, in_state(session, ana, state).id, BEN)
        assert (job.state, job.cancelled_by, job.ended_at is None) == (expected, "ben", expected == "running")
        assert entries(session, f"job {job.id}")[0].action == "job.cancel"


@pytest.mark.parametrize("state", ENDED)
def test_one_that_ended_is_not_cancelled(database, ana, state):
    with database.writing() as session:
        number = in_state(session, ana, state).id
        with pytest.raises(AppDatabaseError, match=f"job {number}: it is {state} already"):
            ask_to_stop(session, number, BEN)


@pytest.mark.parametrize("state", UNDERWAY)
def test_one_under_way_is_not_queued_again(database, ana, state):
    with database.writing() as session:
        number = in_state(session, ana, state).id
        with pytest.raises(AppDatabaseError, match=f"job {number}: it is {state}. Cancel it first, or let it end"):
            queue_again(session, number, BEN)


@pytest.mark.parametrize("state", ENDED)
def test_queued_again_nothing_of_the_earlier_end_is_left_but_its_place_and_command_line(database, ana, state):
    with database.writing() as session:
        job = in_state(session, ana, state, host="here")
        job.cancelled_by, job.process = "ben", "1 2 3"
        end(job, state, 1)
        job.heartbeat_at -= timedelta(hours=1)
        before = job.heartbeat_at
        again = queue_again(session, job.id, BEN)
        assert (again.id, again.arguments) == (job.id, ["--steps", "5"])
        assert (again.state, again.attempt, again.started_by) == (JobState.QUEUED, 2, "ben")
        assert (again.cancelled_by, again.ended_at, again.exit_code) == (None, None, None)
        assert (again.host, again.process) == ("", "")
        assert again.heartbeat_at > before  # silence is counted from now on
        assert entries(session, f"job {job.id}")[0].details == {"attempt": 2}
