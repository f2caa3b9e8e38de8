"""A line in which writers wait, threads and processes alike: woken when it is their turn, where others would poll."""

import fcntl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import AppDatabaseError


class WriteQueue:
    """Lets one at a time through. Whoever dies in the middle holds up nobody.

    A lock goes to whoever asks just when it is free, mostly the process that has just let go of it. So there are two:
    whoever holds the first is next, and asks for the second alone.

    Args:
        path: of an empty file that the processes share; it and PATH.next are made when missing and stay.

    Example:
        >>> from tempfile import mkdtemp
        >>> with WriteQueue(Path(mkdtemp()) / "line").turn():
        ...     print("mine")
        mine
    """

    def __init__(self, path: Path) -> None:
        self._paths = path.with_name(f"{path.name}.next"), path
        self._threads = Threads()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until nobody else is in the block, then hold all others back until it ends.

        Raises:
            AppDatabaseError: the file cannot be made.
        """
        with self._threads.turn():
            try:
                following, mine = (path.open("ab") for path in self._paths)
            except OSError as error:
                raise AppDatabaseError(
                    str(self._paths[1]),
                    f"the line of writers cannot be kept ({error.strerror})",
                    "Check that the folder exists and may be written.",
                ) from error
            with mine:
                with following:
                    fcntl.flock(following, fcntl.LOCK_EX)
                    fcntl.flock(mine, fcntl.LOCK_EX)
                yield


class Threads:
    """Lets the threads of this process through one at a time, first come, first served, which a bare lock does not."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()  # the first of them has the turn

    @property
    def length(self) -> int:
        """How many wait or have the turn."""
        return len(self._waiting)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until all that came before are through, then hold those back that came after until the block ends."""
        mine = threading.Event()
        with self._guard:
            self._waiting.append(mine)
            self._waiting[0].set()
        try:
            mine.wait()
            yield
        finally:
            with self._guard:
                self._waiting.remove(mine)
                if self._waiting:
                    self._waiting[0].set()
