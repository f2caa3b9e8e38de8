"""A line in which writers wait, threads and processes alike: woken when it is their turn, where others would poll."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import DecisionsError


class Line:
    """Lets one at a time through. Whoever dies in the middle holds up nobody.

    Args:
        path: of an empty file that the processes share; it is made when missing and stays.

    Example:
        >>> from tempfile import mkdtemp
        >>> with Line(Path(mkdtemp()) / "line").turn():
        ...     print("mine")
        mine
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until nobody else is in the block, then hold all others back until it ends.

        Raises:
            DecisionsError: the file cannot be made.
        """
        with self._threads:
            try:
                file = self._path.open("ab")
            except OSError as error:
                raise DecisionsError(
                    str(self._path), f"the line of writers cannot be kept ({error.strerror})",
                    "Check that the folder exists and may be written.",
                ) from error  # fmt: skip
            with file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield
