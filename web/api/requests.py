"""Every request has a name, which its answer and the logs carry."""

import re
import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.api.envelope import REQUEST_ID

HEADER = "x-request-id"
_FIT = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Named:
    """An ASGI app that names requests: as whoever asks does, if that is a plain word, or by chance.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == HEADER.encode()), "")
        name = given if _FIT.fullmatch(given) else f"req_{secrets.token_hex(8)}"
        before = REQUEST_ID.set(name)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        try:
            await self._app(scope, receive, named)
        finally:
            REQUEST_ID.reset(before)
