"""Runs a command on a machine of a cluster for as long as its watcher, on another machine, lives.

`python -m core.jobs.supervised FILE COMMAND...` is what `core.jobs.ray_jobs` has a cluster run. The watcher
touches the file.
"""

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from core.jobs.local_run import BEAT_SECONDS, LocalRun

SILENT_SECONDS = 60.0


class Watched:
    """A command whose watcher touches a file.

    Args:
        file: on a disk that both machines see. The command ends when it is gone, or untouched for long.
        silent_seconds: for which it may stay untouched, by the clock of this machine.
    """

    def __init__(self, file: Path, *, silent_seconds: float = SILENT_SECONDS) -> None:
        self._file = file
        self._silent_seconds = silent_seconds
        self._touched: int | None = None
        self._touched_at = time.monotonic()
        self._told = False

    def run(self, command: Sequence[str]) -> int:
        """Run a command to its end.

        Returns:
            Its exit code, negative for the signal that killed it.
        """
        signal.signal(signal.SIGTERM, self._hear)
        run, deserted = LocalRun(command), False
        while (code := run.wait(BEAT_SECONDS)) is None:
            deserted = deserted or self._is_deserted()
            if self._told or deserted:
                run.end(told=self._told)
        run.close()
        return code

    def _is_deserted(self) -> bool:
        try:
            touched = self._file.stat().st_mtime_ns
        except FileNotFoundError:
            return True
        if touched != self._touched:
            self._touched, self._touched_at = touched, time.monotonic()
        return time.monotonic() - self._touched_at > self._silent_seconds

    def _hear(self, _signal: int, _frame: FrameType | None) -> None:
        """Note that Ray told every process of the job to end; this one waits for the others."""
        self._told = True


if __name__ == "__main__":
    ended = Watched(Path(sys.argv[1])).run(sys.argv[2:])
    if ended < 0:  # end as the command did, so that Ray says the same of it
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), -ended)
    sys.exit(ended)
