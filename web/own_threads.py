"""Threads for work that blocks: few, with a bounded line before them, so that pages and files never wait for it."""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

Result = TypeVar("Result")


class BusyError(Exception):
    """All threads are at work, and as many wait for one as may."""


class OwnThreads:
    """Runs functions that block in threads of its own.

    Args:
        threads: at work at once.
        waiting: for one of them at once; who comes beyond these is told so at once.
    """

    def __init__(self, threads: int, waiting: int) -> None:
        self._threads, self._most = threads, threads + waiting
        self._here = 0
        self._limiter: CapacityLimiter | None = None

    async def run(self, function: Callable[[], Result]) -> Result:
        """Return what a function returns.

        Raises:
            BusyError: too many wait already.
        """
        if self._here >= self._most:
            raise BusyError
        if self._limiter is None:  # which belongs to the loop that serves
            self._limiter = CapacityLimiter(self._threads)
        self._here += 1
        try:
            return await to_thread.run_sync(function, limiter=self._limiter)
        finally:
            self._here -= 1
