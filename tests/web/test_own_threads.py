import asyncio
import threading

import pytest

from tests.web.asgi_calls import finished
from web.own_threads import BusyError, OwnThreads


def test_so_many_work_so_many_wait_and_the_next_is_told_so():
    go_on, running, most = threading.Event(), [], []

    def work() -> int:
        running.append(1)
        most.append(len(running))
        go_on.wait(10)
        running.pop()
        return 1

    async def crowd() -> None:
        threads = OwnThreads(2, waiting=3)
        first = [asyncio.create_task(threads.run(work)) for _ in range(5)]
        await asyncio.sleep(0.1)
        with pytest.raises(BusyError):
            await threads.run(work)
        go_on.set()
        assert await asyncio.gather(*first) == [1] * 5
        assert await threads.run(work) == 1

    finished(crowd())
    assert max(most) == 2


def test_what_a_function_raises_frees_its_place():
    def fail() -> None:
        raise ValueError("no")

    async def work() -> None:
        threads = OwnThreads(1, waiting=0)
        for _ in range(3):
            with pytest.raises(ValueError, match="no"):
                await threads.run(fail)

    finished(work())
