import asyncio
import threading

import pytest

from data.errors import AppDatabaseError
from tests.web.asgi_calls import finished
from tests.web.visitors import OTHER, TOKEN, Standing
from web.remembered import Remembered


def test_a_session_is_asked_for_once_in_some_seconds():
    standing = Standing()
    visits = Remembered(standing)

    async def ask() -> None:
        assert visits.known(TOKEN) is None
        for _ in range(5):
            assert (await visits.ask(TOKEN)).id == 7
        assert visits.known(TOKEN).id == 7

    finished(ask())
    assert standing.asked == 1


def test_after_that_it_is_asked_for_again():
    standing = Standing()
    visits = Remembered(standing, known_seconds=0.0)

    async def ask() -> None:
        await visits.ask(TOKEN)
        standing.visits.clear()
        assert await visits.ask(TOKEN) is None

    finished(ask())


def test_requests_that_come_at_once_ask_once():
    standing = Standing()
    visits = Remembered(standing)

    async def ask() -> list:
        return await asyncio.gather(*(visits.ask(TOKEN) for _ in range(40)))

    assert {found.id for found in finished(ask())} == {7}
    assert standing.asked == 1


def test_who_has_no_session_is_looked_for_each_time():
    standing = Standing()
    visits = Remembered(standing)

    async def ask() -> list:
        return await asyncio.gather(*(visits.ask(OTHER) for _ in range(3)))

    assert finished(ask()) == [None] * 3
    assert standing.asked == 3


def test_a_session_that_ends_while_it_is_looked_up_has_ended():
    looking, go_on, standing = threading.Event(), threading.Event(), Standing()

    def slow(tokens):
        found = standing(tokens)
        looking.set()
        go_on.wait(10)
        return found

    visits = Remembered(slow)

    async def ask() -> None:
        asked = asyncio.create_task(visits.ask(TOKEN))
        await asyncio.to_thread(looking.wait, 10)
        visits.end(TOKEN)
        go_on.set()
        assert await asked is None
        assert visits.known(TOKEN) is None
        assert await visits.ask(TOKEN) is None

    finished(ask())


def test_a_look_that_fails_holds_up_nobody_after_it():
    standing, broken = Standing(), [True]

    def look_up(tokens):
        if broken:
            broken.pop()
            raise AppDatabaseError("here", "it is gone", "Wait.")
        return standing(tokens)

    visits = Remembered(look_up)

    async def ask() -> None:
        with pytest.raises(AppDatabaseError, match="it is gone"):
            await visits.ask(TOKEN)
        assert (await visits.ask(TOKEN)).id == 7

    finished(ask())
