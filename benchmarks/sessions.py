"""Many people browsing one app at once: each is a websocket that speaks Streamlit's own protocol, as a browser does."""

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.lakes import demo_fab
from benchmarks.timing import Row, at_least, at_most, memory_peak, p95

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("overview", "wafers", "trends", "commonality", "lot", "alarms", "similar")
THINKING_SECONDS = (1.0, 5.0)
START_SECONDS, SETTLING_SECONDS, ANSWER_SECONDS = 120, 20, 60
RERUN_MS, FIRST_PAINT_MS, APP_MB = 1000.0, 2000.0, 2000.0


def browsing(wafers: int, home: Path | None, people: int, seconds: float) -> list[Row]:
    """Let people open page after page of an app, with pauses of 1 to 5 seconds, and time from click to last element.

    Args:
        wafers: in the lake they look at.
        home: workspace with such a lake, None to make one.
        people: sessions at once.
        seconds: how long.
    """
    with demo_fab(wafers, home) as place, running_app(place) as (port, process):
        time.sleep(SETTLING_SECONDS)
        first = asyncio.run(_visit(port, 0, 0.0))[0] * 1000
        warm = asyncio.run(_visit(port, 0, 0.0))[0] * 1000
        started = time.perf_counter()
        reruns = asyncio.run(_crowd(port, people, seconds))
        rate = len(reruns) / (time.perf_counter() - started)
        memory = memory_peak(process.pid)
    of = f"{people} sessions browsing for {seconds:.0f} s"
    reach = people / (sum(THINKING_SECONDS) / 2 + RERUN_MS / 1000)
    return [
        at_most(
            f"whole first page, {SETTLING_SECONDS} s after the start, {wafers:,} wafers", first, FIRST_PAINT_MS, "ms"
        ),
        at_most("the same for the second visitor", warm, FIRST_PAINT_MS, "ms"),
        at_least(f"{of}, reruns", rate, reach, "a second"),
        at_most(f"{of}, whole page, p50 of {len(reruns)}", float(np.median(reruns)) * 1000, RERUN_MS, "ms"),
        at_most(f"{of}, whole page, p95 of {len(reruns)}", p95(reruns) * 1000, RERUN_MS, "ms"),
        at_most(f"{of}, most memory of the app", memory, APP_MB, "MB"),
    ]


@contextmanager
def running_app(home: Path) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """Start the app on a free port; gives the port and the process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(ROOT / "app.py"),
        "--server.headless",
        "true",
        "--server.address",
        "127.0.0.1",
        "--server.port",
        str(port),
    ]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"WAFERSCOPE_HOME": str(home.absolute())},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield port, process
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5):
            return
        time.sleep(0.2)
    raise SystemExit(f"The app did not answer on port {port} within {START_SECONDS} s.")


async def _crowd(port: int, people: int, seconds: float) -> list[float]:
    """Seconds of every page that any of them opened."""
    visits = await asyncio.gather(*(_visit(port, number, seconds) for number in range(people)))
    return [spent for visit in visits for spent in visit]


async def _visit(port: int, number: int, seconds: float) -> list[float]:
    """Open pages for a time, the first at once; seconds that each took."""
    rng = np.random.default_rng([5, number])
    spent: list[float] = []
    until = time.perf_counter() + seconds
    async with connect(stream_of(port), subprotocols=["streamlit"], max_size=None) as session:  # type: ignore[list-item]
        while not spent or time.perf_counter() < until:
            started = time.perf_counter()
            await ask_for(session, str(rng.choice(PAGES)) if number or spent else PAGES[0])
            spent.append(time.perf_counter() - started)
            if seconds:
                await asyncio.sleep(rng.uniform(*THINKING_SECONDS))
    return spent


def stream_of(port: int) -> str:
    """Return the address of the app's websocket."""
    return f"ws://127.0.0.1:{port}/_stcore/stream"


async def ask_for(session: ClientConnection, page: str) -> list[ForwardMsg]:
    """Ask for a page and take in all it draws, the last message that of its end."""
    ask = BackMsg()
    ask.rerun_script.page_name = page
    await session.send(ask.SerializeToString())
    heard: list[ForwardMsg] = []
    async with asyncio.timeout(ANSWER_SECONDS):
        while not heard or heard[-1].WhichOneof("type") != "script_finished":
            said = ForwardMsg()
            said.ParseFromString(bytes(await session.recv(decode=False)))
            heard.append(said)
    return heard
