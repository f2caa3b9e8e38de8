"""Asking an ASGI app without a server, and a stand-in for what is behind a guard."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

Got = TypeVar("Got")


@dataclass
class Answer:
    """What an app said.

    Args:
        status: of an answer; the code of a websocket that was closed before it was accepted.
        headers: the last of each name.
        cookies: what was set, by name, with its attributes.
        body: as text.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass
class Behind:
    """An app that answers everything with 200, and remembers what it was asked."""

    asked: list[dict] = field(default_factory=list)

    async def __call__(self, scope, _receive, send) -> None:
        self.asked.append(scope)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
            await send({"type": "http.response.body", "body": b"inside"})

    def header(self, name: str) -> str | None:
        """Return a header of the last request that came through."""
        return dict(self.asked[-1]["headers"]).get(name.encode(), b"").decode() or None


def scope_of(path: str = "/", method: str = "GET", kind: str = "http", headers=(), **more) -> dict:
    """Describe a request."""
    place, _, query = path.partition("?")
    plain = [(name.lower().encode(), value.encode()) for name, value in dict(headers).items()]
    scope = {
        "type": kind,
        "path": place,
        "raw_path": place.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost:8501"), *plain],
        "scheme": "ws" if kind == "websocket" else "http",
        "server": ("127.0.0.1", 8501),
        "client": ("127.0.0.1", 5000),
        "root_path": "",
    }
    return scope | ({"method": method} if kind == "http" else {"subprotocols": ["streamlit"]}) | more


async def asked(app, scope, body: bytes = b"") -> Answer:
    """Send a request, and return the answer."""
    answer, sent = Answer(), [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        if scope["type"] == "websocket":
            return {"type": "websocket.connect"}
        return sent.pop() if sent else await asyncio.Event().wait()

    async def send(message) -> None:
        answer.body += message.get("body", message.get("bytes", b"")).decode()
        answer.status = message.get("status", message.get("code", answer.status))
        for name, value in message.get("headers", ()):
            text = value.decode()
            answer.headers[name.decode()] = text
            if name == b"set-cookie":
                answer.cookies[text.partition("=")[0]] = text.partition("=")[2]

    await app(scope, receive, send)
    return answer


def finished(work: Coroutine[Any, Any, Got]) -> Got:
    """Run to its end in a thread of its own: one that ran before may have left its loop here."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def ask(app, path: str = "/", method: str = "GET", *, body: bytes = b"", **more) -> Answer:
    """Send a request, and return the answer."""
    return finished(asked(app, scope_of(path, method, **more), body))
