"""A command as a process group of its own on this machine."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

BEAT_SECONDS = 1.0
GRACE_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1


class LocalRun:
    """A running command. The kernel kills it when this process dies.

    Args:
        command: program and arguments.
        grace_s: seconds it has to end before it is killed.
    """

    def __init__(self, command: Sequence[str], *, grace_s: float = GRACE_SECONDS) -> None:
        self._grace_s = grace_s
        self._process = subprocess.Popen(command, process_group=0, preexec_fn=_die_with_parent)
        self._kill_at: float | None = None

    def wait(self, seconds: float) -> int | None:
        """Wait for its end for so long; give its exit code, None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def end(self, *, told: bool = False) -> None:
        """Ask all of it to end, and, asked again, kill it when it has not in time.

        Args:
            told: somebody else told it already.
        """
        first = self._kill_at is None
        self._kill_at = self._kill_at or time.monotonic() + self._grace_s
        if first and not told:
            self._send(signal.SIGTERM)
        elif time.monotonic() > self._kill_at:
            self._send(signal.SIGKILL)

    def close(self) -> None:
        """Kill what an ended command started and left behind."""
        self._send(signal.SIGKILL)

    def _send(self, what: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, what)


def _die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it dies: nothing runs that nobody watches."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
