"""Starting, pausing and ending batches as jobs, and how each stands: its folder and the list of jobs tell."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from core.batches.folder import Batch, all_batches
from core.batches.notes import BatchRequest
from core.database import AppDatabase
from core.database.schema import NAME_LENGTH
from core.identity import Person
from core.jobs import launch
from core.jobs.store import Job, JobState
from core.people.roles import Permission, permit, permit_own
from core.settings import Settings
from data.errors import BatchError

JOB = "batch"
MOST_JOBS = 10_000


class State(StrEnum):
    """Where a batch is."""

    WAITING = "not started"
    READING = "reading"
    SEGMENTING = "segmenting"
    FINISHING = "finishing"
    STOPPING = "stopping"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    KILLED = "killed"
    FAILED = "failed"
    DONE = "done"


UNDERWAY = (State.READING, State.SEGMENTING, State.FINISHING, State.STOPPING)
RESUMABLE = (State.WAITING, State.PAUSED, State.KILLED, State.FAILED)


@dataclass(frozen=True)
class Standing:
    """How a batch stands right now.

    Args:
        batch: its folder.
        request: what was asked for.
        state: where it is.
        job: the job that worked on it last, None where none did.
        done: wafers that are worked through; in FINISHING, wafers that are written.
        total: of how many, None before all are read.
        failures: how many files or wafers gave no result, as far as that is known.
    """

    batch: Batch
    request: BatchRequest
    state: State
    job: Job | None
    done: int
    total: int | None
    failures: int

    @property
    def share(self) -> float | None:
        """Share that is done, 0 to 1, None before all are read."""
        return None if self.total is None else min(1.0, self.done / self.total) if self.total else 1.0

    @property
    def rate(self) -> float | None:
        """Wafers a second, None where none are worked on."""
        return self.job.rate if self.job and self.state in UNDERWAY else None

    @property
    def time_left(self) -> timedelta | None:
        """At the rate so far, None where that cannot be said."""
        if not self.rate or self.total is None or self.state is State.STOPPING:
            return None
        return timedelta(seconds=max(0, self.total - self.done) / self.rate)


def launch_batch(database: AppDatabase, at: Settings, batch: Batch, person: Person, *, retry: bool = False) -> Job:
    """Start the job that works on an accepted batch, from the beginning or from where it stopped.

    Args:
        database: keeps the job's state.
        at: where things are kept.
        batch: accepted, and worked on by nobody.
        person: who starts it.
        retry: try again what failed, too.

    Raises:
        NotAllowedError: the acting person may not.
        BatchError: it is under way, or was cancelled.
        AppDatabaseError: the database cannot be written.
        OSError: the machine has no room for another process.
    """
    permit(person, Permission.INFERENCE_WRITE)
    found = standing(database, batch)
    if found.state in UNDERWAY:
        raise BatchError(found.request.title, f"it is {found.state}", "Let it end, or pause it.")
    if found.state is State.CANCELLED:
        raise BatchError(found.request.title, "it was cancelled", "Start a new one.")
    batch.go_on()
    words = ["--out", str(batch.path), *(["--retry"] if retry else [])]
    return launch.start(database, at, JOB, words, person, title=f"Batch {found.request.title}"[:NAME_LENGTH])


def pause(database: AppDatabase, batch: Batch, person: Person) -> None:
    """Stop a batch such that it can go on; what is under way is lost, what is finished stays.

    Raises:
        NotAllowedError: the acting person may not.
        BatchError: nobody works on it.
    """
    _halt(database, batch, person, "paused")


def cancel(database: AppDatabase, batch: Batch, person: Person) -> None:
    """Stop a batch for good.

    Raises:
        NotAllowedError: the acting person may not.
        BatchError: it ended already.
    """
    found = standing(database, batch)
    if found.state in RESUMABLE:
        _permit(person, found)
        batch.halt("cancelled", person.name)
    else:
        _halt(database, batch, person, "cancelled")


def remove(database: AppDatabase, batch: Batch, person: Person) -> None:
    """Delete a batch that nobody works on, with its uploads and results; the lake keeps what was saved there.

    Raises:
        NotAllowedError: the acting person may not.
        BatchError: it is under way.
    """
    found = standing(database, batch)
    _permit(person, found)
    if found.state in UNDERWAY:
        raise BatchError(found.request.title, f"it is {found.state}", "Cancel it first.")
    shutil.rmtree(batch.path)


def may_see(person: Person, found: Standing) -> bool:
    """Return whether a person may see a batch: of whatever products it is, their own; others who sees all products."""
    return person.products is None or (found.job is not None and found.job.started_by == person.name)


def standing(database: AppDatabase, batch: Batch) -> Standing:
    """Return how a batch stands.

    Raises:
        BatchError: there is none.
        AppDatabaseError: the database cannot be read.
    """
    return _standing(batch, launch.jobs(database, JOB, MOST_JOBS))


def standings(database: AppDatabase, at: Settings, limit: int = 50) -> list[Standing]:
    """Return how the newest batches of the workspace stand, newest first."""
    known = launch.jobs(database, JOB, MOST_JOBS)
    return [_standing(batch, known) for batch in all_batches(at.home)[:limit]]


def _halt(database: AppDatabase, batch: Batch, person: Person, how: str) -> None:
    found = standing(database, batch)
    _permit(person, found)
    if found.state not in UNDERWAY or found.job is None:
        raise BatchError(found.request.title, f"it is {found.state}", "Only a batch under way can be stopped.")
    batch.halt(how, person.name)
    if found.state is not State.STOPPING:
        launch.cancel(database, found.job.id, person)


def _permit(person: Person, found: Standing) -> None:
    """Refuse what a person may not do to a batch: their own they may, those of others an admin alone."""
    owner = found.job.started_by if found.job else person.name
    permit_own(person, owner, Permission.INFERENCE_WRITE, Permission.JOB_WRITE_ALL)


def _standing(batch: Batch, known: Sequence[Job]) -> Standing:
    """Put together what the folder and its job say; the folder is asked last, since the job may just end."""
    own = [one for one in known if one.arguments[:2] == ["--out", str(batch.path)]]
    # One that was started while another still worked finds the batch taken and fails; the one that works counts.
    job = next((one for one in own if one.underway), own[0] if own else None)
    read, summary = batch.read, batch.summary
    failures = summary.failures if summary else len(read.failures) if read else 0
    total = read.wafers if read else None
    finished = batch.finished() if read else frozenset()
    done = sum(count for number, count in enumerate(read.counts) if number in finished) if read else 0
    state = _state(batch, job)
    if job is not None and state in UNDERWAY:
        if read is None:
            state = State.STOPPING if state is State.STOPPING else State.READING
            done = job.done
        elif state is not State.STOPPING:
            state = State.FINISHING if len(finished) == len(read.counts) else State.SEGMENTING
            told = job.done if job.total == total else 0
            done = told if state is State.FINISHING else max(done, told)
    return Standing(batch, batch.request, state, job, done, total, failures)


def _state(batch: Batch, job: Job | None) -> State:
    """Return where it is, all that is under way taken as segmenting."""
    if job is not None and job.underway:
        return State.STOPPING if job.cancelled_by is not None else State.SEGMENTING
    if batch.results:
        return State.DONE
    if halted := batch.halted:
        return State(halted)
    if job is None:
        return State.WAITING
    return {JobState.CANCELLED: State.PAUSED, JobState.DEAD: State.KILLED}.get(job.state, State.FAILED)
