import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from tests.web.asgi_calls import scope_of
from tests.web.visitors import TOKEN, Standing
from web.open_sockets import OpenSockets

SOCKET = scope_of("/_stcore/stream", kind="websocket")
BYE = b"farewell"


def in_thread(work):
    """Run in a thread of its own: a browser test that ran before may have left its loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class Browser:
    """The other end of a websocket."""

    def __init__(self) -> None:
        self.heard, self.says = [], asyncio.Queue()
        self.says.put_nowait({"type": "websocket.connect"})

    async def receive(self):
        return await self.says.get()

    async def send(self, message) -> None:
        self.heard.append(message)
        if message["type"] == "websocket.close":
            self.says.put_nowait({"type": "websocket.disconnect", "code": message["code"]})

    @property
    def kinds(self) -> list[str]:
        return [message["type"].removeprefix("websocket.") for message in self.heard]


class App:
    """Accepts, remembers what it hears, and answers each with an echo."""

    def __init__(self) -> None:
        self.heard = []

    async def __call__(self, _scope, receive, send) -> None:
        while (message := await receive())["type"] != "websocket.disconnect":
            self.heard.append(message["type"])
            kind = "accept" if message["type"] == "websocket.connect" else "send"
            await send({"type": f"websocket.{kind}", "bytes": b"echo"})


def sockets(standing: Standing, seconds: float = 0.02) -> OpenSockets:
    async def look(tokens):
        return standing(tokens)

    return OpenSockets(look, BYE, seconds)


def test_a_page_whose_session_ends_is_told_and_closed():
    async def work() -> None:
        standing, browser, app = Standing(), Browser(), App()
        serving = asyncio.create_task(sockets(standing).serve(TOKEN, app, SOCKET, browser.receive, browser.send))
        await asyncio.sleep(0.1)
        assert browser.kinds == ["accept"]
        standing.visits.clear()
        started = time.monotonic()
        await asyncio.wait_for(serving, 5)
        assert time.monotonic() - started < 2
        assert browser.kinds == ["accept", "send", "close"]
        assert browser.heard[1]["bytes"] == BYE
        assert browser.heard[2]["code"] == 1008

    in_thread(work())


def test_what_a_browser_says_after_its_session_ended_reaches_nobody():
    """It may leave the closing unanswered and go on."""

    async def work() -> None:
        standing, browser, app = Standing(), Browser(), App()

        async def deaf(message) -> None:
            browser.heard.append(message)

        serving = asyncio.create_task(sockets(standing).serve(TOKEN, app, SOCKET, browser.receive, deaf))
        await asyncio.sleep(0.1)
        standing.visits.clear()
        while "close" not in browser.kinds:
            await asyncio.sleep(0.01)
        browser.says.put_nowait({"type": "websocket.receive", "bytes": b"promote"})
        await asyncio.wait_for(serving, 5)
        assert app.heard == ["websocket.connect"]
        assert browser.kinds == ["accept", "send", "close"]

    in_thread(work())


def test_sessions_that_stand_stay_and_nobody_looks_when_all_pages_are_closed():
    async def work() -> None:
        standing, browser, app = Standing(), Browser(), App()
        open_pages = sockets(standing)
        serving = asyncio.create_task(open_pages.serve(TOKEN, app, SOCKET, browser.receive, browser.send))
        await asyncio.sleep(0.15)
        assert browser.kinds == ["accept"]
        browser.says.put_nowait({"type": "websocket.disconnect"})
        await serving
        await asyncio.sleep(0.1)
        asked = standing.asked
        await asyncio.sleep(0.1)
        assert 2 < asked == standing.asked

    in_thread(work())


def test_one_page_opened_after_all_were_closed_is_looked_after_too():
    async def work() -> None:
        standing, app = Standing(), App()
        open_pages = sockets(standing)
        for _ in range(2):
            standing.visits = Standing().visits
            browser = Browser()
            serving = asyncio.create_task(open_pages.serve(TOKEN, app, SOCKET, browser.receive, browser.send))
            await asyncio.sleep(0.1)
            standing.visits.clear()
            await asyncio.wait_for(serving, 5)
            assert browser.kinds[-1] == "close"

    in_thread(work())
