"""Start jobs, here or on a Ray cluster, that outlive the app, and report truthfully what became of them."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from core.database import AppDatabase
from core.identity import Person
from core.jobs.folder import FOLDER_VARIABLE, LOG, job_folder
from core.jobs.processes import bury_the_dead
from core.jobs.store import Job, add_job, ask_to_stop, in_the_way, job_by_id, newest_jobs, queue_again
from core.settings import SETTINGS, Settings
from data.errors import AppDatabaseError, check_training_packages

ROOT = Path(__file__).resolve().parents[2]
TRAINING_JOBS = frozenset({"ablate", "export_model", "make_version", "train"})
"""Jobs that need the packages of training where they run."""


def start(
    database: AppDatabase, at: Settings, name: str, arguments: Sequence[str], person: Person, *, title: str = ""
) -> Job:
    """Start `python -m jobs.NAME ARGUMENTS...` as a process that outlives this one.

    Of the jobs that take a machine for themselves (`core.jobs.store.ALONE`) one runs at a time; another waits.

    Args:
        database: keeps the job's state.
        at: where things are kept; the job finds the same settings.
        name: module of jobs/.
        arguments: its command line.
        person: who starts it.
        title: what it does, for people; empty: its name.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: there is no such job to run, or the database cannot be written.
        TrainingMissingError: it needs the packages of training, and would run on this machine, which lacks them.
        OSError: the machine has no room for another process or its log.

    Example:
        job = start(database, settings(), "segment", ["--lake"], person, title="Segment the lake")
    """
    if not re.fullmatch(r"[a-z][a-z_]*", name) or not (ROOT / "jobs" / f"{name}.py").exists():
        raise AppDatabaseError(f"job {name!r}", "there is no such command in jobs/", "Name one that README.md lists.")
    check_can_run(at, name)
    with database.writing() as session:
        job = add_job(session, name, arguments, title or name.replace("_", " "), person)
    _spawn(database, at, job)
    return job


def check_can_run(at: Settings, name: str) -> None:
    """Refuse a job that needs the packages of training where this machine would run it and lacks them.

    Raises:
        TrainingMissingError: it is such a job.
    """
    if name in TRAINING_JOBS and not at.ray_address:
        check_training_packages(f"jobs.{name}")


def cancel(database: AppDatabase, number: int, person: Person) -> Job:
    """Ask a job to stop. Within seconds it is told to end, and after ten more its whole process group is killed.

    Raises:
        AppDatabaseError: there is no such job, or it ended already.
    """
    bury_the_dead(database)
    with database.writing() as session:
        return ask_to_stop(session, number, person)


def resume(database: AppDatabase, at: Settings, number: int, person: Person) -> Job:
    """Start a job that ended once more with the same command line; its log goes on.

    Raises:
        AppDatabaseError: there is no such job, or it has not ended.
    """
    bury_the_dead(database)
    with database.writing() as session:
        job = queue_again(session, number, person)
    _spawn(database, at, job)
    return job


def job(database: AppDatabase, number: int) -> Job:
    """Return a job as it is now.

    Raises:
        AppDatabaseError: there is none of that number.
    """
    bury_the_dead(database)
    with database.reading() as session:
        return job_by_id(session, number)


def jobs(database: AppDatabase, name: str | None = None, limit: int = 50) -> list[Job]:
    """List jobs as they are now, newest first; `name` narrows to one module."""
    bury_the_dead(database)
    with database.reading() as session:
        return newest_jobs(session, name, limit)


def waits_for(database: AppDatabase, queued: Job) -> Job | None:
    """Return the job whose end a queued one waits for, None when it waits for none."""
    with database.reading() as session:
        return in_the_way(session, queued, queued.host)


def _spawn(database: AppDatabase, at: Settings, job: Job) -> None:
    """Start the watcher of a queued job on this machine, detached; the job itself runs here or on a Ray cluster."""
    folder = job_folder(at.home, job.id)
    folder.mkdir(parents=True, exist_ok=True)
    place = database.url.database or ""
    if database.url.get_backend_name() != "sqlite":
        place = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    environment = (
        os.environ
        | {setting.variable: str(getattr(at, setting.name)) for setting in SETTINGS}
        | {"WAFERSCOPE_HOME": str(at.home.absolute()), "WAFERSCOPE_DECISIONS": place}
        | {FOLDER_VARIABLE: str(folder), "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
    )
    with (folder / LOG).open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "core.jobs.supervisor", str(job.id), str(job.attempt)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
