"""What stands behind a token, a session or the account of a key: looked up in the app database, known for seconds."""

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread

KNOWN_SECONDS = 3.0
MOST_KEPT = 10_000
LOOK_UP_THREADS = 4
Found = TypeVar("Found")


class Remembered(Generic[Found]):
    """Sessions or accounts by their token. One is asked for once in some seconds, however many requests it makes.

    Args:
        look_up: returns what still stands among tokens; it may block.
        known_seconds: for which one that stood is taken to stand.
    """

    def __init__(
        self, look_up: Callable[[Collection[str]], Mapping[str, Found]], known_seconds: float = KNOWN_SECONDS
    ) -> None:
        self._look_up = look_up
        self._seconds = known_seconds
        self._known: dict[str, tuple[float, Found]] = {}
        self._asking: dict[str, anyio.Event] = {}
        self._ended: dict[str, None] = {}
        self._threads: CapacityLimiter | None = None

    def known(self, token: str) -> Found | None:
        """Return what stood a moment ago, None where it has to be looked up."""
        found = self._known.get(token)
        return found[1] if found and time.monotonic() - found[0] < self._seconds else None

    async def ask(self, token: str) -> Found | None:
        """Return what stands behind a token, None where nothing does.

        Raises:
            AppDatabaseError: the app database cannot be asked.
        """
        while (found := self.known(token)) is None and (asked := self._asking.get(token)):
            await asked.wait()  # of the many requests of a page one asks
        return (await self.standing([token])).get(token) if found is None else found

    async def standing(self, tokens: Collection[str]) -> dict[str, Found]:
        """Look tokens up, whatever is known of them, and return what stands.

        Raises:
            AppDatabaseError: the app database cannot be asked.
        """
        if self._threads is None:  # which belongs to the loop that serves
            self._threads = CapacityLimiter(LOOK_UP_THREADS)
        mine = {token: anyio.Event() for token in tokens if token not in self._asking}
        self._asking |= mine
        try:
            found = await to_thread.run_sync(self._look_up, tokens, limiter=self._threads)
            return self._keep(tokens, found)
        finally:
            for token, event in mine.items():
                self._asking.pop(token)
                event.set()

    def _keep(self, tokens: Collection[str], found: Mapping[str, Found]) -> dict[str, Found]:
        standing = {token: visit for token, visit in found.items() if token not in self._ended}
        moment = time.monotonic()
        for token in tokens:
            self._known.pop(token, None)  # so that the newest stand last
        self._known |= {token: (moment, visit) for token, visit in standing.items()}
        _bound(self._known)
        return standing

    def end(self, token: str) -> None:
        """Take a token for ended from now on, also one that is being looked up at the moment."""
        self._known.pop(token, None)
        self._ended[token] = None
        _bound(self._ended)


def _bound(kept: dict[str, Any]) -> None:
    while len(kept) > MOST_KEPT:
        kept.pop(next(iter(kept)))
