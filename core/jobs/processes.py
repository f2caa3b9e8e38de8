"""Which process is which, and what becomes of jobs whose process is gone without saying so.

A number alone is given again to another once its process is gone.
"""

import socket
from datetime import timedelta
from pathlib import Path

from core.database import AppDatabase
from core.database.schema import now
from core.jobs.store import Job, JobState, end, jobs_underway

SILENT = timedelta(seconds=60)  # a watcher on another machine that says nothing for so long is gone


def name_of(pid: int) -> str | None:
    """Name a process so that no other ever has the name: number, start, and boot of the machine.

    Args:
        pid: its number.

    Returns:
        The name, None when no such process lives; one that ended and waits for its parent does not live.

    Example:
        >>> import os
        >>> is_alive(name_of(os.getpid()))
        True
        >>> is_alive("1 0 of-another-boot")
        False
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, start = fields[0], fields[19]
    return None if state in "ZX" else f"{pid} {start} {boot}"


def is_alive(name: str | None) -> bool:
    """Return whether the process of this name, and no other that took its number, lives on this machine."""
    return bool(name) and name_of(int(str(name).partition(" ")[0])) == name


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
