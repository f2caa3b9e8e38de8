"""Open websockets by their session: when it ends, they are told to show the sign-in and closed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.people.sessions import Visit
from data.errors import WaferError

POLICY_VIOLATION = 1008
LOOK_SECONDS = 1.5
_LOG = logging.getLogger(__name__)


class OpenSockets:
    """Serves websockets and looks every other second which of their sessions still stand.

    Args:
        standing: returns the sessions that stand among tokens.
        farewell: message after which a page asks for itself anew, and so meets the sign-in.
        look_seconds: between two looks.
    """

    def __init__(
        self,
        standing: Callable[[Collection[str]], Awaitable[Mapping[str, Visit]]],
        farewell: bytes,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._standing = standing
        self._farewell = farewell
        self._seconds = look_seconds
        self._open: dict[str, set[_Socket]] = {}
        self._watch: asyncio.Task[None] | None = None

    async def serve(self, token: str, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let an app serve a websocket for as long as its session stands."""
        socket = _Socket(receive, send)
        self._open.setdefault(token, set()).add(socket)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.get_running_loop().create_task(self._look())
        try:
            await app(scope, socket.receive, socket.send)
        finally:
            self._open[token].discard(socket)
            if not self._open[token]:
                del self._open[token]

    async def send_away(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Accept a websocket of a page whose session has ended meanwhile, only to have it show the sign-in."""
        await receive()
        spoken = scope.get("subprotocols", ())
        await send({"type": "websocket.accept", "subprotocol": spoken[0] if spoken else None})
        await _say_farewell(send, self._farewell)

    async def _look(self) -> None:
        while self._open:
            await asyncio.sleep(self._seconds)
            tokens = list(self._open)
            try:
                standing = await self._standing(tokens)
            except WaferError:
                _LOG.exception("sessions of open pages could not be looked up")
                continue
            ended = [socket for token in tokens if token not in standing for socket in self._open.get(token, ())]
            await asyncio.gather(*(socket.end(self._farewell) for socket in ended))


class _Socket:
    """One websocket, between server and app."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._accepted = self._ended = False

    async def receive(self) -> Message:
        """Return what the browser says; once the session has ended, that it is gone."""
        message = await self._receive()
        return {"type": "websocket.disconnect", "code": POLICY_VIOLATION} if self._ended else message

    async def send(self, message: Message) -> None:
        """Pass on what the app says; once the session has ended, nothing."""
        if not self._ended:
            self._accepted |= message["type"] == "websocket.accept"
            self._ended |= message["type"] == "websocket.close"
            await self._send(message)

    async def end(self, farewell: bytes) -> None:
        """Tell the page, and close; one whose browser has gone in the same moment needs neither."""
        if self._ended:
            return
        self._ended = True
        try:
            if self._accepted:
                await _say_farewell(self._send, farewell)
            else:
                await self._send({"type": "websocket.close", "code": POLICY_VIOLATION})
        except (OSError, RuntimeError):
            _LOG.debug("a page was gone before it could be told that its session has ended")


async def _say_farewell(send: Send, farewell: bytes) -> None:
    await send({"type": "websocket.send", "bytes": farewell})
    await send({"type": "websocket.close", "code": POLICY_VIOLATION})
