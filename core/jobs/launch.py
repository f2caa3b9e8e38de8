"""Starts jobs, here or on a Ray cluster, which outlive the app, and tells truthfully what became of them."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from core.database import Decisions
from core.identity import Person
from core.jobs.folder import FOLDER_VARIABLE, LOG, job_folder
from core.jobs.processes import bury_the_dead
from core.jobs.store import Job, add_job, ask_to_stop, in_the_way, job_by_id, newest_jobs, queue_again
from core.settings import SETTINGS, Settings
from data.errors import DecisionsError

ROOT = Path(__file__).resolve().parents[2]


def start(
    decisions: Decisions, at: Settings, name: str, arguments: Sequence[str], person: Person, *, title: str = ""
) -> Job:
    """Start `python -m jobs.NAME ARGUMENTS...` as a process that outlives this one.

    Of the jobs that take a machine for themselves (`core.jobs.store.ALONE`) one runs at a time; another waits.

    Args:
        decisions: keeps the job's state.
        at: where things are kept; the job finds the same settings.
        name: module of jobs/.
        arguments: its command line.
        person: who starts it.
        title: what it does, for people; empty: its name.

    Raises:
        DecisionsError: there is no such job to run, or the database cannot be written.
        OSError: the machine has no room for another process or its log.

    Example:
        job = start(decisions, settings(), "segment", ["--lake"], person, title="Segment the lake")
    """
    if not re.fullmatch(r"[a-z][a-z_]*", name) or not (ROOT / "jobs" / f"{name}.py").exists():
        raise DecisionsError(f"job {name!r}", "there is no such command in jobs/", "Name one that README.md lists.")
    with decisions.writing() as session:
        job = add_job(session, name, arguments, title or name.replace("_", " "), person)
    _spawn(decisions, at, job)
    return job


def cancel(decisions: Decisions, number: int, person: Person) -> Job:
    """Ask a job to stop. Within seconds it is told to end, and after ten more its whole process group is killed.

    Raises:
        DecisionsError: there is no such job, or it ended already.
    """
    bury_the_dead(decisions)
    with decisions.writing() as session:
        return ask_to_stop(session, number, person)


def resume(decisions: Decisions, at: Settings, number: int, person: Person) -> Job:
    """Start a job that ended once more with the same command line; its log goes on.

    Raises:
        DecisionsError: there is no such job, or it has not ended.
    """
    bury_the_dead(decisions)
    with decisions.writing() as session:
        job = queue_again(session, number, person)
    _spawn(decisions, at, job)
    return job


def job(decisions: Decisions, number: int) -> Job:
    """Give a job as it is now.

    Raises:
        DecisionsError: there is none of that number.
    """
    bury_the_dead(decisions)
    with decisions.reading() as session:
        return job_by_id(session, number)


def jobs(decisions: Decisions, name: str | None = None, limit: int = 50) -> list[Job]:
    """List jobs as they are now, newest first; `name` narrows to one module."""
    bury_the_dead(decisions)
    with decisions.reading() as session:
        return newest_jobs(session, name, limit)


def waits_for(decisions: Decisions, queued: Job) -> Job | None:
    """Give the job whose end a queued one waits for, None when it waits for none."""
    with decisions.reading() as session:
        return in_the_way(session, queued, queued.host)


def _spawn(decisions: Decisions, at: Settings, job: Job) -> None:
    """Start the watcher of a queued job on this machine, detached; the job itself runs here or on a Ray cluster."""
    folder = job_folder(at.home, job.id)
    folder.mkdir(parents=True, exist_ok=True)
    place = decisions.url.database or ""
    if decisions.url.get_backend_name() != "sqlite":
        place = decisions.url.set(drivername="postgresql").render_as_string(hide_password=False)
    environment = (
        os.environ
        | {setting.variable: str(getattr(at, setting.name)) for setting in SETTINGS}
        | {"WAFERSCOPE_HOME": str(at.home.absolute()), "WAFERSCOPE_DECISIONS": place}
        | {FOLDER_VARIABLE: str(folder), "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
    )
    with (folder / LOG).open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "core.jobs.watcher", str(job.id), str(job.attempt)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
