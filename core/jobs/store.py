"""Jobs that people start: what runs, who started it, how far it is, how it ended."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import audit
from core.database.schema import NAME_LENGTH, Base, Choice, now, row_by_id
from core.identity import Person
from core.jobs.rights import permission_of
from core.people.roles import Permission, permit, permit_own
from data.errors import AppDatabaseError


class JobState(StrEnum):
    """Where a job is. Dead is one that ended without saying how: killed, or gone with its machine."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DEAD = "dead"


UNDERWAY = (JobState.QUEUED, JobState.RUNNING)
ALONE = frozenset({"train", "make_version"})
"""Jobs that take all of a machine for hours: on each, one runs at a time."""


class Job(Base):
    """A job: `python -m jobs.NAME ARGUMENTS...`.

    Args:
        name: module of jobs/ that runs.
        arguments: its command line.
        title: what it does, for people.
        started_by: who started it, or resumed it last.
        created_at: when it was first asked for.
        state: where it is.
        attempt: how often it was started; what an earlier attempt still wants to say is not heard.
        cancelled_by: who asked it to stop, None when nobody did.
        host: machine that it runs or waits on, "" before either.
        process: which process watches over it, as `core.jobs.processes` names one, "" before one does.
        heartbeat_at: when that process last said that it lives; before there is one, when it was asked for.
        ended_at: when it ended.
        exit_code: of the job, negative for the signal that killed it.
        done: wafers or steps done, as the job says.
        total: of how many, None when it does not know.
        share: part of the work that is done, 0 to 1, None when it does not know.
        rate: done a second, None before it says.
    """

    __tablename__ = "jobs"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    arguments: Mapped[list[str]]
    title: Mapped[str] = mapped_column(String(NAME_LENGTH))
    started_by: Mapped[str] = mapped_column(String(NAME_LENGTH))
    created_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    state: Mapped[JobState] = mapped_column(Choice(JobState), default=JobState.QUEUED, index=True)
    attempt: Mapped[int] = mapped_column(default=1)
    cancelled_by: Mapped[str | None] = mapped_column(String(NAME_LENGTH), default=None)
    host: Mapped[str] = mapped_column(String(NAME_LENGTH), default="")
    process: Mapped[str] = mapped_column(String(NAME_LENGTH), default="")
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    exit_code: Mapped[int | None] = mapped_column(default=None)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None] = mapped_column(default=None)
    share: Mapped[float | None] = mapped_column(default=None)
    rate: Mapped[float | None] = mapped_column(default=None)

    @property
    def underway(self) -> bool:
        """Whether it waits or runs."""
        return self.state in UNDERWAY

    @property
    def time_left(self) -> timedelta | None:
        """How long it still takes at its pace, None where that cannot be said."""
        if self.state is not JobState.RUNNING or not self.share or not self.rate:
            return None
        return timedelta(seconds=self.done * (1 / self.share - 1) / self.rate)


def add_job(session: Session, name: str, arguments: Sequence[str], title: str, person: Person) -> Job:
    """Put a job on the list, queued; who starts its process is `core.jobs.launch`.

    Raises:
        NotAllowedError: the acting person may not.
    """
    permit(person, permission_of(name))
    moment = now()
    job = Job(
        name=name,
        arguments=list(arguments),
        title=title,
        started_by=person.name,
        created_at=moment,
        heartbeat_at=moment,
    )
    session.add(job)
    session.flush()
    audit.record(session, person, "job.start", f"job {job.id}", {"name": name, "arguments": job.arguments})
    return job


def job_by_id(session: Session, number: int) -> Job:
    """Return a job.

    Raises:
        AppDatabaseError: there is none of that number.
    """
    return row_by_id(session, Job, number, "job", "Look at the list of jobs.")


def newest_jobs(session: Session, name: str | None = None, limit: int = 50) -> list[Job]:
    """List jobs, newest first.

    Args:
        session: of a transaction.
        name: only those of this module, None for all.
        limit: how many at most.
    """
    wanted = select(Job).order_by(Job.id.desc()).limit(limit)
    return list(session.scalars(wanted if name is None else wanted.where(Job.name == name)))


def jobs_underway(session: Session) -> list[Job]:
    """List the jobs that wait or run."""
    return list(session.scalars(select(Job).where(Job.state.in_(UNDERWAY)).order_by(Job.id)))


def in_the_way(session: Session, queued: Job, host: str) -> Job | None:
    """Return the job whose end a queued one has to wait for on a machine: one that runs, or one that queued before it.

    Args:
        session: of a transaction.
        queued: the job that waits.
        host: the machine.

    Returns:
        None when the queued one may run.
    """
    if queued.name not in ALONE:
        return None
    others = [one for one in jobs_underway(session) if one.name in ALONE and one.id != queued.id]
    running = (one for one in others if one.state is JobState.RUNNING and one.host == host)
    # One whose watcher did not say yet where it is may be about to run here.
    before = (one for one in others if one.state is JobState.QUEUED and one.host in (host, "") and one.id < queued.id)
    return next(running, None) or next(before, None)


def ask_to_stop(session: Session, number: int, person: Person) -> Job:
    """Ask a job to stop: one that waits is cancelled at once, one that runs when its watcher reads this.

    Raises:
        NotAllowedError: the acting person may not, or it is somebody else's.
        AppDatabaseError: there is no such job, or it ended already.
    """
    job = _own_job(session, number, person)
    if not job.underway:
        raise AppDatabaseError(f"job {number}", f"it is {job.state} already", "There is nothing to cancel.")
    job.cancelled_by = person.name
    if job.state is JobState.QUEUED:
        end(job, JobState.CANCELLED)
    audit.record(session, person, "job.cancel", f"job {number}", {})
    return job


def queue_again(session: Session, number: int, person: Person) -> Job:
    """Put a job that ended on the list again, with the same command line.

    Raises:
        NotAllowedError: the acting person may not, or it is somebody else's.
        AppDatabaseError: there is no such job, or it has not ended.
    """
    job = _own_job(session, number, person)
    if job.underway:
        raise AppDatabaseError(f"job {number}", f"it is {job.state}", "Cancel it first, or let it end.")
    job.state, job.attempt, job.started_by = JobState.QUEUED, job.attempt + 1, person.name
    job.cancelled_by, job.ended_at, job.exit_code = None, None, None
    job.host, job.process, job.heartbeat_at = "", "", now()
    audit.record(session, person, "job.resume", f"job {number}", {"attempt": job.attempt})
    return job


def _own_job(session: Session, number: int, person: Person) -> Job:
    job = job_by_id(session, number)
    permit_own(person, job.started_by, permission_of(job.name), Permission.JOB_WRITE_ALL)
    return job


def end(job: Job, state: JobState, exit_code: int | None = None) -> None:
    """Note how a job ended."""
    job.state, job.exit_code, job.ended_at = state, exit_code, now()
