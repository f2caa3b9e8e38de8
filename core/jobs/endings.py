"""What became of jobs that did not say so themselves."""

import socket
from datetime import timedelta

from core.database import AppDatabase
from core.database.schema import now
from core.jobs.processes import is_alive
from core.jobs.store import Job, JobState, end, jobs_underway

SILENT = timedelta(seconds=60)  # a watcher on another machine that says nothing for so long is gone


def bury_the_dead(database: AppDatabase) -> None:
    """Note as dead every job under way whose watcher is gone."""
    with database.reading() as session:
        gone = [job.id for job in jobs_underway(session) if _is_gone(job)]
    if gone:
        with database.writing() as session:
            for found in jobs_underway(session):
                if found.id in gone and _is_gone(found):
                    end(found, JobState.DEAD)


def _is_gone(job: Job) -> bool:
    if job.process and job.host == socket.gethostname():
        return not is_alive(job.process)
    return now() - job.heartbeat_at > SILENT
