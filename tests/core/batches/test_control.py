import os
import signal
from datetime import timedelta

import pytest

from core.batches.control import State, cancel, launch_batch, pause, remove, standing, standings
from core.batches.folder import Batch
from core.batches.notes import BatchRequest, BatchSummary
from core.database import AppDatabase
from core.database.schema import now
from core.identity import Person
from core.jobs.folder import log_tail
from core.jobs.store import JobState, add_job, job_by_id
from core.settings import Settings
from data.errors import BatchError
from tests.core.batches.batch_examples import mixed_folder, read_batch, segment_all
from tests.core.job_examples import until

ANA = Person("ana")


@pytest.fixture
def at(tmp_path, tiny_model_path) -> Settings:
    return Settings(home=tmp_path, model=str(tiny_model_path))


@pytest.fixture
def database(at) -> AppDatabase:
    return AppDatabase(at.database_place)


@pytest.fixture
def batch(tmp_path):
    """Accepted, not read."""
    found = Batch(tmp_path / "batches" / "one")
    found.accept(BatchRequest("Lot 7", "ana", paths=(str(mixed_folder(tmp_path / "in")),)))
    return found


def with_job(database, batch, state, **fields):
    """Note a job of the batch, as if it were where the state says."""
    with database.writing() as session:
        added = add_job(session, "batch", ["--out", str(batch.path)], "Lot 7", ANA)
        job = job_by_id(session, added.id)
        job.state, job.host, job.process = state, "elsewhere", "1 0 boot"
        job.heartbeat_at = now()
        for name, value in fields.items():
            setattr(job, name, value)
        return job.id


@pytest.mark.slow
def test_a_batch_is_worked_through_by_a_job_of_its_own(database, at, batch):
    assert standing(database, batch).state is State.WAITING
    job = launch_batch(database, at, batch, ANA)
    found = until(lambda: (one := standing(database, batch)).state is State.DONE and one)
    assert (found.done, found.total, found.share, found.failures) == (7, 7, 1.0, 1)
    assert found.job.id == job.id
    assert found.job.title == "Batch Lot 7"
    assert "segmented 7 of 7 wafers" in log_tail(at.home, job.id)


@pytest.mark.slow
def test_a_job_that_was_killed_is_shown_killed_and_goes_on(database, at, batch, monkeypatch):
    with batch.claimed():  # it cannot begin to work before it is killed
        job = launch_batch(database, at, batch, ANA)
        found = until(lambda: (one := standing(database, batch)).job.process and one)
        with pytest.raises(BatchError, match="it is reading"):
            launch_batch(database, at, batch, ANA)
        with pytest.raises(BatchError, match="Cancel it first"):
            remove(database, batch, Person("ana"))
        os.kill(int(found.job.process.partition(" ")[0]), signal.SIGKILL)
        assert until(lambda: standing(database, batch).state not in (State.READING,)) is True
        assert standing(database, batch).state is State.KILLED
    again = launch_batch(database, at, batch, ANA)
    assert again.id != job.id
    until(lambda: standing(database, batch).state is State.DONE)


def test_pausing_and_cancelling_are_told_apart_and_a_cancelled_one_stays_so(database, at, batch):
    for how, state in ((pause, State.PAUSED), (cancel, State.CANCELLED)):
        number = with_job(database, batch, JobState.RUNNING)
        how(database, batch, ANA)
        assert standing(database, batch).state is State.STOPPING
        with database.writing() as session:
            job_by_id(session, number).state = JobState.CANCELLED
        assert standing(database, batch).state is state
    with pytest.raises(BatchError, match="it was cancelled"):
        launch_batch(database, at, batch, ANA)
    with pytest.raises(BatchError, match="Only a batch under way can be stopped"):
        pause(database, batch, ANA)


def test_a_second_job_that_found_the_batch_taken_does_not_hide_the_one_that_works(database, batch):
    with_job(database, batch, JobState.RUNNING)
    with_job(database, batch, JobState.FAILED)
    assert standing(database, batch).state is State.READING


def test_one_that_is_paused_can_be_cancelled(database, batch):
    batch.halt("paused", "ana")
    cancel(database, batch, ANA)
    assert standing(database, batch).state is State.CANCELLED


@pytest.mark.parametrize(
    ("job_state", "expected"),
    [
        (JobState.DEAD, State.KILLED),
        (JobState.FAILED, State.FAILED),
        (JobState.CANCELLED, State.PAUSED),
        (JobState.QUEUED, State.READING),
        (JobState.RUNNING, State.READING),
    ],
)
def test_without_a_note_of_a_halt_the_job_tells(database, batch, job_state, expected):
    with_job(database, batch, job_state)
    assert standing(database, batch).state is expected


def test_while_it_runs_the_job_tells_how_far_and_the_folder_what_it_does(database, tmp_path, tiny_model_path):
    from core.segmentation import Segmenter

    batch = read_batch(tmp_path, mixed_folder(tmp_path / "in"))
    with_job(database, batch, JobState.RUNNING, done=4, total=7, share=4 / 7, rate=1.5)
    found = standing(database, batch)
    assert (found.state, found.done, found.total, found.rate) == (State.SEGMENTING, 4, 7, 1.5)
    assert found.time_left == timedelta(seconds=2)
    segment_all(batch, Segmenter.load(str(tiny_model_path), threads=1))
    assert standing(database, batch).state is State.FINISHING


def test_batches_are_listed_newest_first_and_removed_whole(database, at, tmp_path):
    for name in ("20260101-a", "20260102-b"):
        Batch(tmp_path / "batches" / name).accept(BatchRequest(name, "ana"))
    assert [one.request.title for one in standings(database, at)] == ["20260102-b", "20260101-a"]
    remove(database, Batch(tmp_path / "batches" / "20260102-b"), Person("ana"))
    assert [path.name for path in (tmp_path / "batches").iterdir()] == ["20260101-a"]


def test_what_is_done_says_so_whatever_became_of_its_job(database, batch):
    with_job(database, batch, JobState.DEAD)
    (batch.path / "results.zip").write_bytes(b"")
    batch.sum_up(BatchSummary(7, 3, 1))
    assert standing(database, batch).state is State.DONE
    assert standing(database, batch).failures == 1
