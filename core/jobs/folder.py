"""The folder that a started job has: its log, and the file in which it tells how far it is."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from core.storage.folder import Folder

FOLDER_VARIABLE = "WAFERSCOPE_JOB_FOLDER"
"""Environment variable in which a job finds its folder; not set where it was started by hand."""
LOG = "log.txt"
PROGRESS = "progress.json"
LOG_TAIL_BYTES = 64_000

JobProgress = Mapping[str, float | None]
"""`done`, `total`, `share` (0 to 1) and `rate` (a second); what is not known is None."""


def job_folder(home: Path, number: int) -> Path:
    """Folder of a job: its log, its progress, and what else it leaves there."""
    return home.absolute() / "jobs" / str(number)


def tell_progress(done: int, total: int | None, share: float | None, rate: float | None) -> None:
    """Report progress to the supervisor of this process; nothing happens where nobody does.

    Args:
        done: wafers or steps done.
        total: of how many, None when not known.
        share: part of the work that is done, 0 to 1, None when not known.
        rate: done a second, None when not known.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder:
        told = {"done": done, "total": total, "share": share, "rate": rate}
        Folder(folder).write_text(PROGRESS, json.dumps(told), durable=False)  # several processes of a training tell


def told_progress(folder: Path) -> JobProgress | None:
    """Return what a job last told, None before it told anything."""
    try:
        told: JobProgress = json.loads((folder / PROGRESS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return told


def log_tail(home: Path, number: int, lines: int = 200) -> str:
    """Return the last lines of a job's log, "" before it has one."""
    try:
        with (job_folder(home, number) / LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
            content = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(content.splitlines()[-lines:])
