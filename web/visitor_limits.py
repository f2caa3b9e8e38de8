"""Bounds what visitors take of the server's memory: open pages, and bytes of files that they hand in."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.arrival import Arrival

UPLOADS = "/_stcore/upload_file/"
STREAM = "/_stcore/stream"
BESIDE_PAGES = ("/_stcore/", "/media/", "/component/", "/static/")
TOO_LARGE, FULL, TRY_LATER = 413, 503, 1013
RETRY_SECONDS = 30
FRAMING_BYTES = 64 * 1024
"""Around a file in the body that carries it."""
MB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What all visitors together may take.

    Args:
        file_mb: MB of one file.
        total_mb: MB of all files that open pages hold.
        pages: open at once; each holds a websocket and a session.
    """

    file_mb: int
    total_mb: int
    pages: int


class VisitorLimits:
    """An ASGI app that refuses pages and files beyond the limits, with a sentence.

    Args:
        app: what is bounded.
        limits: see there.
        held: returns the bytes of all files that open pages hold now.
    """

    def __init__(self, app: ASGIApp, limits: Limits, held: Callable[[], int]) -> None:
        self._app = app
        self._limits = limits
        self._held = held
        self._open = 0
        self._arriving = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or connection, or refuse it."""
        path = scope.get("path", "")
        if scope["type"] == "websocket" and path.endswith(STREAM):
            await self._connect(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] == "PUT" and UPLOADS in path:
            await self._upload(scope, receive, send)
        elif scope["type"] == "http" and self._open >= self._limits.pages and _opens_a_page(scope):
            await _answer(send, FULL, self._full)
        else:
            await self._app(scope, receive, send)

    @property
    def _full(self) -> str:
        return (
            f"Waferscope has {self._limits.pages:,} pages open, which is all that it takes at once. "
            "Close a tab that nobody needs, or try again in a minute. "
            "Who runs it can set WAFERSCOPE_PAGES_OPEN higher.\n"
        )

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._open >= self._limits.pages:
            await send({"type": "websocket.close", "code": TRY_LATER, "reason": "all pages are in use"})
            return
        self._open += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open -= 1

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a file in as long as it fits, by what it says of its length and by what arrives."""
        said = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        length = int(said) if said.isdigit() else 0
        if sentence := self._refusal(length):
            await _answer(send, TOO_LARGE, sentence)
            return
        arrival = Arrival(receive, send)
        self._arriving += length
        reserved = length

        async def counted() -> Message:
            nonlocal reserved
            message = await arrival.receive()
            beyond = max(0, arrival.received - reserved)
            if beyond and (refused := self._refusal(arrival.received, beyond)):
                return await arrival.refuse(partial(_answer, status=TOO_LARGE, sentence=refused))
            self._arriving += beyond
            reserved += beyond
            return message

        try:
            await self._app(scope, counted, arrival.send)
        finally:
            self._arriving -= reserved

    def _refusal(self, length: int, more: int | None = None) -> str:
        """Why a file of that many bytes, of which so many are not reserved yet, is not taken; "" when it is."""
        if length > self._limits.file_mb * MB + FRAMING_BYTES:
            return (
                f"The file is larger than {self._limits.file_mb:,} MB, which is the most that a page takes "
                "(WAFERSCOPE_UPLOAD_MB). Take it in with python -m jobs.ingest, which reads from disk.\n"
            )
        if self._held() + self._arriving + (length if more is None else more) > self._limits.total_mb * MB:
            return (
                f"Open pages hold {self._limits.total_mb:,} MB of files, which is all that they take together "
                "(WAFERSCOPE_UPLOADS_MB). Close pages with files that nobody needs, or try again later.\n"
            )
        return ""


def _opens_a_page(scope: Scope) -> bool:
    """Whether a browser asks for a page, and not for something that a page needs."""
    accepted = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return b"text/html" in accepted and not any(part in scope["path"] for part in BESIDE_PAGES)


async def _answer(send: Send, status: int, sentence: str) -> None:
    body = sentence.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
        *([(b"retry-after", str(RETRY_SECONDS).encode())] if status == FULL else []),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
