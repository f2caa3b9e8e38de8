import threading
import time

import anyio
import pytest

from tests.web.asgi_calls import finished
from web.api.errors import BusyError
from web.api.turns import Turns, in_turn


def test_no_more_run_at_once_than_may_and_all_come_back():
    turns, running, most = Turns(2, 50, 20.0), 0, 0
    lock = threading.Lock()

    def work(n):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1
        return n

    async def ask(n):
        found.append(await turns.run(work, n))

    async def main():
        async with anyio.create_task_group() as group:
            for n in range(12):
                group.start_soon(ask, n)

    found = []
    finished(main())
    assert sorted(found) == list(range(12))
    assert most == 2


def test_beyond_those_that_may_wait_a_request_is_refused_at_once_and_after_a_while_those_that_waited():
    turns, free = Turns(1, 1, 0.2), threading.Event()

    async def refused():
        with pytest.raises(BusyError, match=r"wait already"):
            await turns.run(int)

    async def waited():
        with pytest.raises(BusyError, match=r"waited for a turn"):
            await turns.run(int)

    async def main():
        async with anyio.create_task_group() as group:
            group.start_soon(turns.run, free.wait)
            await anyio.sleep(0.02)
            group.start_soon(waited)
            await anyio.sleep(0.02)
            await refused()
            await anyio.sleep(0.3)
            free.set()
        assert await turns.run(int) == 0, "the turns came back"

    finished(main())


def test_an_error_gives_its_turn_back():
    turns = Turns(1, 5, 1.0)

    def fail():
        raise ValueError("no")

    async def main():
        for _ in range(3):
            with pytest.raises(ValueError, match="no"):
                await turns.run(fail)

    finished(main())


def test_the_pool_of_the_pages_is_left_alone():
    async def main():
        before = anyio.to_thread.current_default_thread_limiter().borrowed_tokens
        seen = []

        def look():
            seen.append(
                anyio.from_thread.run_sync(lambda: anyio.to_thread.current_default_thread_limiter().borrowed_tokens)
            )

        await in_turn(look)()
        assert seen == [before]

    finished(main())


def test_an_endpoint_keeps_the_name_and_parameters_of_its_function():
    import inspect

    def named(key: str, limit: int = 5) -> str:
        """Say."""
        return key * limit

    endpoint = in_turn(named)
    assert inspect.signature(endpoint) == inspect.signature(named)
    assert (endpoint.__name__, endpoint.__doc__) == ("named", "Say.")
