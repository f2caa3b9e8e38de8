"""People who gave the right password and owe a code: what they wrote stays here meanwhile, and in no page."""

import secrets
import time
from dataclasses import dataclass, field

SECONDS = 300.0
MOST = 1000


@dataclass(frozen=True)
class HalfWay:
    """What somebody wrote on the first page.

    Args:
        email: as written.
        password: as written; it is in no text that is logged.
        way_back: where they go once they are in.
        until: when it is forgotten, on the clock that never goes back.
    """

    email: str
    password: str = field(repr=False)
    way_back: str
    until: float


class HalfWays:
    """Keeps them for some minutes in this process.

    Args:
        seconds: for how long.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._kept: dict[str, HalfWay] = {}

    def keep(self, email: str, password: str, way_back: str) -> str:
        """Keep one, and return the key that the next page sends."""
        self._sweep()
        key = secrets.token_urlsafe(32)
        self._kept[key] = HalfWay(email, password, way_back, time.monotonic() + self._seconds)
        return key

    def look(self, key: str) -> HalfWay | None:
        """Return the one of a key, None where there is none any more."""
        self._sweep()
        return self._kept.get(key)

    def forget(self, key: str) -> None:
        """Forget one."""
        self._kept.pop(key, None)

    def _sweep(self) -> None:
        moment = time.monotonic()
        for key in [key for key, kept in self._kept.items() if kept.until <= moment]:
            del self._kept[key]
        while len(self._kept) >= MOST:
            del self._kept[next(iter(self._kept))]
