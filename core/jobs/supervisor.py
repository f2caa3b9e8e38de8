"""Watches over one job: waits its turn, runs it, says how far it is, stops it when asked, notes how it ended.

Runs as a process of its own, `python -m core.jobs.supervisor JOB ATTEMPT`, which `core.jobs.launch` starts.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

from core.database import AppDatabase
from core.database.schema import now
from core.jobs.folder import FOLDER_VARIABLE, PROGRESS, told_progress
from core.jobs.local_run import BEAT_SECONDS, LocalRun
from core.jobs.processes import bury_the_dead, name_of
from core.jobs.ray_jobs import RayRun
from core.jobs.store import Job, JobState, end, in_the_way, job_by_id
from core.settings import settings
from data.errors import AppDatabaseError, SettingError

TRIES = 20


class Watcher:
    """The watcher of one attempt at a job.

    Args:
        database: keeps the job's state.
        number: the job.
        attempt: which one; once the job was started again, an older watcher has nothing to say.
        folder: of the job.
        ray_address: of the cluster that runs it, empty for this machine.
    """

    def __init__(self, database: AppDatabase, number: int, attempt: int, folder: Path, ray_address: str) -> None:
        self._database = database
        self._number = number
        self._attempt = attempt
        self._folder = folder
        self._ray_address = ray_address
        self._stopped = False

    def watch(self) -> int:
        """Run the job to its end.

        Returns:
            The job's exit code; 0 when it was cancelled before it ran.
        """
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        (self._folder / PROGRESS).unlink(missing_ok=True)
        words = self._take_over()
        if words is None:
            return 0
        code = self._run(words)
        self._say_how_it_ended(code)
        return code

    def _run(self, words: Sequence[str]) -> int:
        try:
            run = self._started(words)
        except SettingError as error:
            print(error, flush=True)  # into the job's log
            return 1
        while (code := run.wait(BEAT_SECONDS)) is None:
            with suppress(AppDatabaseError):  # a database that is busy or away is told at the next beat
                self._stopped |= self._beat()
            if self._stopped:
                run.end()
        run.close()
        return code

    def _started(self, words: Sequence[str]) -> LocalRun | RayRun:
        if self._ray_address:
            return RayRun(words, self._folder, self._ray_address)
        return LocalRun([sys.executable, "-u", "-m", *words])

    def _take_over(self) -> list[str] | None:
        """Wait for the job's turn, note that it runs and say what to run; None when it is no longer wanted."""
        host, process, waited = socket.gethostname(), name_of(os.getpid()) or "", False
        while not self._stopped:
            try:
                bury_the_dead(self._database)
                with self._database.writing() as session:
                    job = job_by_id(session, self._number)
                    if job.state is not JobState.QUEUED or job.attempt != self._attempt:
                        return None
                    job.host, job.process, job.heartbeat_at = host, process, now()
                    if in_the_way(session, job, host) is None:
                        job.state = JobState.RUNNING
                        job.done, job.total, job.share, job.rate = 0, None, None, None
                        return [f"jobs.{job.name}", *job.arguments]
            except AppDatabaseError:
                if not waited:  # later, a database that is busy or away is asked again
                    raise
            waited = True
            time.sleep(BEAT_SECONDS)
        return None

    def _beat(self) -> bool:
        """Record the heartbeat and progress of the job; return whether it is to stop."""
        with self._database.writing() as session:
            job = job_by_id(session, self._number)
            if job.attempt != self._attempt:
                return True
            job.heartbeat_at = now()
            self._note_progress(job)
            return job.cancelled_by is not None

    def _note_progress(self, job: Job) -> None:
        for name, value in (told_progress(self._folder) or {}).items():
            setattr(job, name, value)

    def _say_how_it_ended(self, code: int) -> None:
        for attempt in range(TRIES):
            with suppress(AppDatabaseError), self._database.writing() as session:
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


if __name__ == "__main__":
    at, folder = settings(), Path(os.environ[FOLDER_VARIABLE])
    database = AppDatabase(at.database_place)
    sys.exit(Watcher(database, int(sys.argv[1]), int(sys.argv[2]), folder, at.ray_address).watch())
