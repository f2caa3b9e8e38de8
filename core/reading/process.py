"""The other end of `core.reading.child`: starts such a process, hands it a file, takes what it says, ends it."""

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.reading.limits import ReadLimits
from core.reading.messages import HEAD, sizes
from core.reading.request import Request, send_request

FILES_PER_PROCESS = 1000
_ROOT = Path(__file__).resolve().parents[2]
_AT_ONCE = 256 * 1024
_MANY = 16
_GATHERING_SECONDS = 0.001
"""A file of many wafers says one every 0.1 ms, and to be woken for each costs both processes more than it takes."""
_ENDING_SECONDS = 5.0
_PASSED_ON = (
    "PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH", "TMPDIR", "TZ", "LANG", "LC_ALL", "LC_CTYPE",
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "WAFERSCOPE_CLASSES",
)  # fmt: skip
_OWN_VARIABLES = {"MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""Allocators that set addresses aside for later would use up the limit of memory with nothing."""


def command() -> list[str]:
    """Return what starts a reading process, but for its arguments."""
    return [sys.executable, "-m", "core.reading.child"]


class ProcessEndedError(Exception):
    """A reading process closed its end."""


@dataclass(frozen=True)
class Message:
    """What a reading process said, not looked into yet.

    Args:
        kind: what it says that it is.
        text: its text.
        grids: its bytes.
    """

    kind: int
    text: bytes
    grids: bytes


class ReadingProcess:
    """One process that reads files. It starts in the background; what is asked meanwhile waits for it.

    It inherits one end of a socket and of a pipe: no other open file, and of the environment no secret.

    Args:
        limits: that it is held to.
    """

    def __init__(self, limits: ReadLimits) -> None:
        self._held_to = (limits.memory_mb, limits.cpu_seconds)
        self.files = 0
        self.received_bytes = 0
        self._messages = 0
        self._link, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        with theirs:
            self._process = subprocess.Popen(
                [*command(), *map(str, (theirs.fileno(), *self._held_to))],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                cwd=_ROOT,
                env=environment | _OWN_VARIABLES,
                start_new_session=True,
            )
        self._room = memoryview(bytearray(_AT_ONCE))
        self._come = bytearray()
        self._taken = 0

    @property
    def process_id(self) -> int:
        """Number by which the system knows it."""
        return self._process.pid

    def can_read(self, limits: ReadLimits) -> bool:
        """Return whether it runs, is held to these limits, and has not read its share of files."""
        held_to = (limits.memory_mb, limits.cpu_seconds)
        return self._held_to == held_to and self.files < FILES_PER_PROCESS and self._process.poll() is None

    def ask(self, request: Request, stream: BinaryIO) -> None:
        """Ask something about a file.

        Raises:
            OSError: it has ended.
        """
        self.files += 1
        self.received_bytes = self._messages = 0
        self._link.settimeout(None)
        send_request(self._link, request, stream)

    def receive(self, seconds: float) -> Message | None:
        """Wait for its next message; None when none came in this time.

        Raises:
            ProcessEndedError: it has ended.
            GarbageError: the message is larger than any.
        """
        until = time.monotonic() + seconds
        while (found := self._whole_message()) is None:
            if self._messages > _MANY and seconds > _GATHERING_SECONDS:
                time.sleep(_GATHERING_SECONDS)
            left = until - time.monotonic()
            try:
                # Nothing is waited for with no time left, yet what is there already is taken.
                self._link.settimeout(max(left, 0.0))
                count = self._link.recv_into(self._room)
            except (TimeoutError, BlockingIOError):
                return None
            except OSError as error:
                raise ProcessEndedError from error
            if not count:
                raise ProcessEndedError
            self._come += self._room[:count]
        return found

    def end(self) -> int:
        """End it, if it has not ended.

        Returns:
            Its exit status; a signal's number below 0.
        """
        self._link.close()
        self._process.kill()  # does nothing to one that has ended
        status = self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        return status

    def ended(self) -> int:
        """Wait a moment for the end of a process that closed its end of the socket; return its exit status."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDING_SECONDS)
        return self.end()

    def forget(self) -> None:
        """Close what a copy of this process made by fork holds of it, and leave it to the original."""
        self._link.close()
        if self._process.stdin:
            self._process.stdin.close()
        self._process.returncode = 0

    def _whole_message(self) -> Message | None:
        begin = self._taken + HEAD.size
        if len(self._come) < begin:
            return None
        head = bytes(self._come[self._taken : begin])
        text, grids = sizes(head)
        end = begin + text + grids
        if len(self._come) < end:
            return None
        found = Message(head[0], bytes(self._come[begin : begin + text]), bytes(self._come[begin + text : end]))
        self.received_bytes += end - self._taken
        self._messages += 1
        self._taken = end
        if end == len(self._come) or end > 4 * _AT_ONCE:
            del self._come[:end]
            self._taken = 0
        return found
