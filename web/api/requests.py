"""Every request has a name, which its answer and the logs carry."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.api.envelope import REQUEST_ID
from web.security_headers import REQUEST_ID as NAME
from web.security_headers import request_id

HEADER = "x-request-id"


class Named:
    """An ASGI app that names requests: as the headers of security do, or by chance where nothing stands before the API.

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
        name = scope.get(NAME) or request_id(scope)
        before = REQUEST_ID.set(name)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        try:
            await self._app(scope, receive, named)
        finally:
            REQUEST_ID.reset(before)
