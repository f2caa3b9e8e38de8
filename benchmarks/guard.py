"""What the guard costs a request: the same app asked with it and without, in turns."""

import asyncio
import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from benchmarks.timing import Row, at_most
from core.identity import Person
from core.people.sessions import Visit
from web.guard import Guard
from web.open_sockets import OpenSockets
from web.remembered import Remembered
from web.security_headers import SecurityHeaders

TOKEN = "t" * 43
GUARD_MICROSECONDS = 50.0
BATCH = 2000
HEADERS = (
    (b"host", b"fab.example"),
    (
        b"user-agent",
        b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
    ),
    (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"accept-language", b"en-GB,en;q=0.9"),
    (b"sec-fetch-site", b"same-origin"),
    (b"sec-fetch-mode", b"cors"),
    (b"cookie", f"_streamlit_xsrf=2|1|2|3; waferscope_form={'f' * 43}; waferscope={TOKEN}".encode()),
)


def guarding(rounds: int) -> list[Row]:
    """Time requests of somebody who has signed in, with the guard and the security headers, and without.

    Args:
        rounds: of 2,000 requests each.
    """
    return asyncio.run(_guarding(rounds))


async def _guarding(rounds: int) -> list[Row]:
    now = datetime.now(UTC)
    ana = Person("ana", "account", id=1)
    visit = Visit(1, ana, started_at=now, seen_at=now, ends_at=now + timedelta(days=7), address="", browser="")

    def look_up(tokens: Collection[str]) -> dict[str, Visit]:
        return dict.fromkeys(tokens, visit)

    visits = Remembered(look_up)
    guarded = Guard(_answer, visits, Remembered(lambda _: {}), OpenSockets(visits.standing, b""))
    apps: dict[str, ASGIApp] = {"bare": _answer, "guard": guarded, "both": SecurityHeaders(guarded)}
    spent: dict[str, list[float]] = {name: [] for name in apps}
    for _ in range(rounds):
        for name, app in apps.items():
            spent[name].append(await _each(app))
    least = {name: min(times) for name, times in spent.items()}
    row = partial(at_most, limit=GUARD_MICROSECONDS, unit="µs")
    return [
        row("the guard, of each request of somebody who has signed in", least["guard"] - least["bare"]),
        row("the same with the security headers", least["both"] - least["bare"]),
    ]


async def _each(app: ASGIApp) -> float:
    """Microseconds of a request, on average over a batch."""
    started = time.perf_counter()
    for _ in range(BATCH):
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/static/js/index.js",
            "query_string": b"",
            "headers": list(HEADERS),
            "scheme": "http",
        }
        await app(scope, _receive, _send)
    return (time.perf_counter() - started) / BATCH * 1e6


async def _answer(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b""})


async def _receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(_message: Message) -> None:
    pass
