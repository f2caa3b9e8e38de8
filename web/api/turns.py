"""Work that takes a thread, a few at a time: what is beyond waits a bounded while, and is refused beyond that.

Streamlit and static files share another pool of threads, so that pages stay quick whatever is asked of the API.
"""

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread

from web.api.errors import BusyError

AT_ONCE = 4
MOST_WAITING = 32
WAIT_SECONDS = 20.0
RETRY_SECONDS = 2

Given = ParamSpec("Given")
Got = TypeVar("Got")


class Turns:
    """Lets a few functions run at once, each in a thread.

    Args:
        at_once: that run.
        waiting: that wait at most.
        seconds: that one waits at most.
    """

    def __init__(self, at_once: int = AT_ONCE, waiting: int = MOST_WAITING, seconds: float = WAIT_SECONDS) -> None:
        self._at_once, self._most, self._seconds = at_once, waiting, seconds
        self._limiter: CapacityLimiter | None = None  # belongs to the loop that first asks
        self._waiting = 0

    async def run(self, function: Callable[Given, Got], *args: Given.args, **kwargs: Given.kwargs) -> Got:
        """Run a function when its turn comes.

        Raises:
            BusyError: too many wait, or this one waited too long.
        """
        self._limiter = self._limiter or CapacityLimiter(self._at_once)
        if self._waiting >= self._most:
            raise _busy(f"{self._most} requests wait already")
        self._waiting += 1
        try:
            with anyio.fail_after(self._seconds):
                await self._limiter.acquire_on_behalf_of(own := object())
        except TimeoutError:
            raise _busy(f"{self._seconds:g} s were waited for a turn") from None
        finally:
            self._waiting -= 1
        try:
            return await to_thread.run_sync(functools.partial(function, *args, **kwargs), limiter=CapacityLimiter(1))
        finally:
            self._limiter.release_on_behalf_of(own)


TURNS = Turns()


def in_turn(function: Callable[Given, Got]) -> Callable[Given, Awaitable[Got]]:
    """Make an endpoint of a function that blocks: it runs in a thread when its turn comes."""

    @functools.wraps(function)
    async def endpoint(*args: Given.args, **kwargs: Given.kwargs) -> Got:
        return await TURNS.run(function, *args, **kwargs)

    return endpoint


def _busy(problem: str) -> BusyError:
    return BusyError("api", f"more is asked at once than can be answered: {problem}", "Try again in some seconds.")
