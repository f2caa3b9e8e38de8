"""Bounds on open pages and on files, at the guard alone and in a running app."""

import asyncio
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from benchmarks.memory import session_id, upload
from benchmarks.sessions import ask_for, stream_of
from tests.journeys.running_app import running_app
from web.visitor_limits import MB, Limits, VisitorLimits

PAGE = {"type": "http", "method": "GET", "path": "/lot", "headers": [(b"accept", b"text/html,*/*")]}
SOCKET = {"type": "websocket", "path": "/_stcore/stream", "headers": []}


def in_thread(work):
    """Run in a thread of its own: a browser test that ran before may have left its event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def put(length: int | None) -> dict:
    said = [] if length is None else [(b"content-length", str(length).encode())]
    return {"type": "http", "method": "PUT", "path": "/_stcore/upload_file/s/f", "headers": said}


class App:
    """Reads what it is sent, and answers 204 at its end; a websocket stays open until it is told to go."""

    def __init__(self) -> None:
        self.leave = asyncio.Event()
        self.read = 0

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "websocket":
            await self.leave.wait()
            return
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            self.read += len(message["body"])
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 204, "headers": []})


async def answer(guard, scope, pieces=(b"",)) -> tuple[int, str]:
    """Status, or code of a closed websocket, and what was said."""
    left, said = list(pieces), []

    async def receive():
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message):
        said.append(message)

    await guard(scope, receive, send)
    text = b"".join(message.get("body", b"") for message in said).decode()
    return next((m.get("status") or m.get("code") for m in said), 0), text


def test_a_page_beyond_the_last_is_refused_with_a_sentence_and_let_in_when_one_closes():
    async def visits():
        app = App()
        guard = VisitorLimits(app, Limits(1, 1, 2), lambda: 0)
        first = [asyncio.create_task(answer(guard, SOCKET)) for _ in range(2)]
        await asyncio.sleep(0)
        status, sentence = await answer(guard, PAGE)
        assert status == 503
        assert sentence.startswith("Waferscope has 2 pages open")
        assert (await answer(guard, SOCKET))[0] == 1013
        # What an open page needs still comes.
        assert (await answer(guard, {**PAGE, "path": "/_stcore/health"}))[0] == 204
        app.leave.set()
        await asyncio.gather(*first)
        assert (await answer(guard, PAGE))[0] == 204

    in_thread(visits())


@pytest.mark.parametrize("said", [2 * MB, None], ids=["by what it says", "by what arrives"])
def test_a_file_beyond_the_bound_is_refused_before_it_is_kept(said):
    async def visit():
        app = App()
        status, sentence = await answer(VisitorLimits(app, Limits(1, 9, 2), lambda: 0), put(said), [b"x" * MB] * 2)
        assert status == 413
        assert "larger than 1 MB" in sentence
        assert app.read <= MB

    in_thread(visit())


def test_a_body_that_says_less_than_it_brings_is_counted_as_it_arrives():
    async def visit():
        app = App()
        guard = VisitorLimits(app, Limits(1, 9, 2), lambda: 0)
        assert (await answer(guard, put(10), [b"x" * MB] * 3))[0] == 413

    in_thread(visit())


def test_files_together_are_bounded_by_those_that_are_held_and_those_on_their_way():
    async def visits():
        held = 3 * MB
        guard = VisitorLimits(App(), Limits(9, 4, 2), lambda: held)
        assert (await answer(guard, put(MB // 2), [b"x" * (MB // 2)]))[0] == 204
        assert (await answer(guard, put(MB // 2), [b"x" * (MB // 2)]))[0] == 204  # the first is on its way no more
        status, sentence = await answer(guard, put(2 * MB), [b"x"])
        assert status == 413
        assert "hold 4 MB" in sentence
        held = 0
        assert (await answer(guard, put(2 * MB), [b"x" * MB] * 2))[0] == 204

    in_thread(visits())


REFUSED = "413|Broken pipe|reset by peer"
"""urllib reads no answer that comes while it still sends."""


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    bounds = {"WAFERSCOPE_PAGES_OPEN": "2", "WAFERSCOPE_UPLOAD_MB": "2", "WAFERSCOPE_UPLOADS_MB": "3"}
    with running_app(tmp_path_factory.mktemp("bounded"), bounds) as url:
        yield int(url.rpartition(":")[2])


@pytest.mark.slow
def test_the_app_bounds_pages_and_files_and_frees_them_when_a_page_closes(port):
    async def visits():
        async with AsyncExitStack() as stack:
            pages = [await stack.enter_async_context(connected(port)) for _ in range(2)]
            with pytest.raises(InvalidStatus):
                await stack.enter_async_context(connected(port))
            with pytest.raises(urllib.error.HTTPError, match="503"):
                await asyncio.to_thread(page, port)
            session = session_id(await ask_for(pages[0], "overview"))
            with pytest.raises(urllib.error.URLError, match=REFUSED):
                await asyncio.to_thread(upload, port, session, bytes(3 * MB))
            await asyncio.to_thread(upload, port, session, bytes(3 * MB // 2))
            with pytest.raises(urllib.error.URLError, match=REFUSED):
                await asyncio.to_thread(upload, port, session, bytes(2 * MB))
        await asyncio.to_thread(page, port)

    in_thread(visits())


def connected(port: int) -> connect:
    return connect(stream_of(port), subprotocols=["streamlit"], max_size=None)


def page(port: int) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Accept": "text/html"})
    urllib.request.urlopen(request, timeout=60).close()
