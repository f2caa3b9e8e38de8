"""Bodies of requests are bounded before they are read."""

from contextlib import suppress

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.api.envelope import failure
from web.arrival import Arrival

MB = 1024 * 1024
JSON_MB = 16


class BodyLimit:
    """An ASGI app that refuses bodies beyond a size, by what they say of their length and by what arrives.

    Args:
        app: what answers.
        most_mb: of files; anything else may take 16 MB.
    """

    def __init__(self, app: ASGIApp, most_mb: int) -> None:
        self._app = app
        self._most_mb = most_mb

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        most = self._most_mb if headers.get(b"content-type", b"").startswith(b"multipart/") else JSON_MB
        said = headers.get(b"content-length", b"0")
        if (int(said) if said.isdigit() else 0) > most * MB:
            await _too_large(most)(scope, receive, send)
            return
        arrival = Arrival(receive, send)

        async def counted() -> Message:
            message = await arrival.receive()
            if arrival.received > most * MB:
                return await arrival.refuse(lambda out: _too_large(most)(scope, receive, out))
            return message

        with suppress(ClientDisconnect):  # nobody is left to be answered
            await self._app(scope, counted, arrival.send)


def _too_large(most: int) -> ASGIApp:
    message = f"a body of at most {most:,} MB was expected, and more was sent."
    answer = failure(413, "TOO_LARGE", message, "Send less at once; files go as multipart/form-data, or as a batch.")
    answer.headers["connection"] = "close"
    return answer
