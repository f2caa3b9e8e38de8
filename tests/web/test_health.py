from starlette.applications import Starlette

from tests.web.asgi_calls import ask
from web.health import HEALTH


def test_the_app_says_that_it_is_there():
    answer = ask(Starlette(routes=[HEALTH]), "/healthz")
    assert (answer.status, answer.body, answer.headers["cache-control"]) == (200, "ok\n", "no-store")
