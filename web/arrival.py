"""A request's body as it arrives: counted, and answered early where it is too large."""

from collections.abc import Awaitable, Callable

from starlette.types import Message, Receive, Send


class Arrival:
    """A body that is counted as it arrives; once it was refused, what the app answers goes nowhere.

    Args:
        receive: gives the pieces.
        send: takes the answer.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self.received = 0
        self._receive = receive
        self._send = send
        self._refused = False

    async def receive(self) -> Message:
        """Return the next piece."""
        message = await self._receive()
        self.received += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        """Pass an answer on."""
        if not self._refused:
            await self._send(message)

    async def refuse(self, answer: Callable[[Send], Awaitable[None]]) -> Message:
        """Answer in the app's place; return what tells the app that nobody listens any more."""
        self._refused = True
        await answer(self._send)
        return {"type": "http.disconnect"}
