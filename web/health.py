"""Whether the app answers at all, for whatever watches over it."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def _healthz(_: Request) -> PlainTextResponse:
    return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})


HEALTH = Route("/healthz", _healthz)
