"""What memory the app holds while people come, browse, hand in files, and go again: it is to stay flat."""

import asyncio
import contextlib
import sys
import time
import urllib.request
import uuid
from collections.abc import Sequence
from http.cookiejar import CookieJar
from pathlib import Path

import numpy as np
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

from benchmarks.lakes import demo_fab
from benchmarks.sessions import PAGES, SETTLING_SECONDS, THINKING_SECONDS, ask_for, running_app, stream_of
from benchmarks.timing import Row, at_most, memory_now

STAY_SECONDS = 60.0
LOOK_SECONDS = 15.0
UPLOAD_BYTES = 4 << 20
GROWTH_MB = 100.0
WARM_SHARE = 1 / 3
"""Of the time in which the app may still fill its caches."""


def staying_flat(wafers: int, home: Path | None, people: int, seconds: float) -> list[Row]:
    """Let people come and go for a time, each with a file handed in, and print what memory the app holds meanwhile.

    Args:
        wafers: in the lake they look at.
        home: workspace with such a lake, None to make one.
        people: sessions at once; each ends after a minute, and another begins.
        seconds: how long.
    """
    with demo_fab(wafers, home) as place, running_app(place) as (port, process):
        time.sleep(SETTLING_SECONDS)
        held = asyncio.run(_crowd(port, process.pid, people, seconds))
    times, sizes = np.array(held).T
    late = times >= seconds * WARM_SHARE
    slope = float(np.polyfit(times[late], sizes[late], 1)[0]) if late.sum() > 2 else float("nan")
    grown = slope * 1800
    of = f"{people} sessions at once for {seconds / 60:.0f} min"
    return [
        at_most(f"{of}: growth of the app's memory in half an hour, from {sizes[-1]:,.0f} MB", grown, GROWTH_MB, "MB")
    ]


async def _crowd(port: int, process: int, people: int, seconds: float) -> list[tuple[float, float]]:
    """Return seconds since the start and memory in MB, every few seconds; it is printed too."""
    until = time.perf_counter() + seconds
    tasks = [asyncio.create_task(_person(port, number, until)) for number in range(people)]
    held, started = [], time.perf_counter()
    while time.perf_counter() < until:
        await asyncio.sleep(LOOK_SECONDS)
        held.append((time.perf_counter() - started, memory_now(process)))
        print(f"{held[-1][0]:6.0f} s  {held[-1][1]:8.1f} MB", file=sys.stderr, flush=True)
    await asyncio.gather(*tasks, return_exceptions=True)
    return held


async def _person(port: int, number: int, until: float) -> None:
    """Come, hand in a file, open pages for a minute, go; and again as somebody new."""
    rng = np.random.default_rng([6, number])
    while time.perf_counter() < until:
        # A busy machine may drop a session; the next one begins all the same.
        with contextlib.suppress(TimeoutError, OSError):
            await _stay(port, rng, min(until, time.perf_counter() + STAY_SECONDS))


async def _stay(port: int, rng: np.random.Generator, until: float) -> None:
    async with connect(stream_of(port), subprotocols=["streamlit"], max_size=None) as session:  # type: ignore[list-item]
        said = await ask_for(session, PAGES[0])
        await asyncio.to_thread(upload, port, session_id(said), rng.bytes(UPLOAD_BYTES))
        while time.perf_counter() < until:
            await ask_for(session, str(rng.choice(PAGES)))
            await asyncio.sleep(rng.uniform(*THINKING_SECONDS))


def session_id(said: Sequence[ForwardMsg]) -> str:
    """Return the id of the session that a page's messages begin with."""
    return next(one.new_session.initialize.session_id for one in said if one.WhichOneof("type") == "new_session")


def upload(port: int, session: str, content: bytes) -> None:
    """Hand in a file as a browser does: with the token that the server gave it as a cookie."""
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    opener.open(f"http://127.0.0.1:{port}/_stcore/health", timeout=60).close()
    token = next((cookie.value or "" for cookie in jar if cookie.name == "_streamlit_xsrf"), "")
    head, tail = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n', b"\r\n--x--\r\n"
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/_stcore/upload_file/{session}/{uuid.uuid4()}",
        data=head + content + tail,
        method="PUT",
        headers={"Content-Type": "multipart/form-data; boundary=x", "X-Xsrftoken": token},
    )
    opener.open(request, timeout=60).close()
