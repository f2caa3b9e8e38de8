"""Watches over one job: waits its turn, runs it, says how far it is, stops it when asked, notes how it ended.

Runs as a process of its own, `python -m core.watching JOB ATTEMPT`, which `core.launch` starts.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

from core.decisions import Decisions
from core.decisions.jobs import Job, JobState, end, in_the_way, job_by_id
from core.decisions.schema import now
from core.job_ends import bury_the_dead
from core.job_folder import FOLDER_VARIABLE, PROGRESS, told_progress
from core.processes import name_of
from core.settings import settings
from data.errors import DecisionsError

BEAT_SECONDS = 1.0
GRACE_SECONDS = 10.0
TRIES = 20
_PR_SET_PDEATHSIG = 1


class Watcher:
    """The watcher of one attempt at a job.

    Args:
        decisions: keeps the job's state.
        number: the job.
        attempt: which one; once the job was started again, an older watcher has nothing to say.
        folder: of the job.
    """

    def __init__(self, decisions: Decisions, number: int, attempt: int, folder: Path) -> None:
        self._decisions = decisions
        self._number = number
        self._attempt = attempt
        self._folder = folder
        self._stopped = False
        self._kill_at: float | None = None

    def watch(self) -> int:
        """Run the job to its end.

        Returns:
            The job's exit code; 0 when it was cancelled before it ran.
        """
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        (self._folder / PROGRESS).unlink(missing_ok=True)
        command = self._take_over()
        if command is None:
            return 0
        process = subprocess.Popen(command, process_group=0, preexec_fn=_die_with_parent)
        while True:
            with suppress(subprocess.TimeoutExpired):
                code = process.wait(BEAT_SECONDS)
                break
            with suppress(DecisionsError):  # a database that is busy or away is told at the next beat
                self._stopped |= self._beat()
            if self._stopped:
                self._end_group(process)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what the job started and left behind
        self._say_how_it_ended(code)
        return code

    def _take_over(self) -> list[str] | None:
        """Wait for the job's turn, note that it runs and say what to run; None when it is no longer wanted."""
        host, process, waited = socket.gethostname(), name_of(os.getpid()) or "", False
        while not self._stopped:
            try:
                bury_the_dead(self._decisions)
                with self._decisions.writing() as session:
                    job = job_by_id(session, self._number)
                    if job.state is not JobState.QUEUED or job.attempt != self._attempt:
                        return None
                    job.host, job.process, job.heartbeat_at = host, process, now()
                    if in_the_way(session, job, host) is None:
                        job.state = JobState.RUNNING
                        job.done, job.total, job.share, job.rate = 0, None, None, None
                        return [sys.executable, "-u", "-m", f"jobs.{job.name}", *job.arguments]
            except DecisionsError:
                if not waited:  # later, a database that is busy or away is asked again
                    raise
            waited = True
            time.sleep(BEAT_SECONDS)
        return None

    def _beat(self) -> bool:
        """Say that the job lives and how far it is; give whether it is to stop."""
        with self._decisions.writing() as session:
            job = job_by_id(session, self._number)
            if job.attempt != self._attempt:
                return True
            job.heartbeat_at = now()
            self._note_progress(job)
            return job.cancelled_by is not None

    def _note_progress(self, job: Job) -> None:
        for name, value in (told_progress(self._folder) or {}).items():
            setattr(job, name, value)

    def _end_group(self, process: subprocess.Popen[bytes]) -> None:
        """Tell the whole process group to end, and kill it when it has not in time."""
        started = self._kill_at is None
        self._kill_at = self._kill_at or time.monotonic() + GRACE_SECONDS
        with suppress(ProcessLookupError):
            if started:
                os.killpg(process.pid, signal.SIGTERM)
            elif time.monotonic() > self._kill_at:
                os.killpg(process.pid, signal.SIGKILL)

    def _say_how_it_ended(self, code: int) -> None:
        for attempt in range(TRIES):
            with suppress(DecisionsError), self._decisions.writing() as session:
                job = job_by_id(session, self._number)
                if job.attempt == self._attempt:
                    self._note_progress(job)
                    end(job, self._ending(job, code), code)
                return
            time.sleep(attempt)

    def _ending(self, job: Job, code: int) -> JobState:
        if code == 0:
            return JobState.DONE
        if job.cancelled_by is not None:
            return JobState.CANCELLED
        return JobState.DEAD if code < 0 or self._stopped else JobState.FAILED

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopped = True


def _die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it dies: nothing runs that nobody watches."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    place = settings().decisions_place
    sys.exit(Watcher(Decisions(place), int(sys.argv[1]), int(sys.argv[2]), Path(os.environ[FOLDER_VARIABLE])).watch())
