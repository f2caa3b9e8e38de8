"""Adds to every answer what tells a browser to be careful with it, and the id by which a request is found again."""

import re
import secrets

from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID = "waferscope.request_id"
"""Under which the id stands in a request's scope."""
_FIT = re.compile(r"[A-Za-z0-9._-]{1,64}")
STREAMLIT_SCRIPT = "'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='"
"""Of the one script that stands in Streamlit's own page."""
PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        f"script-src 'self' blob: {STREAMLIT_SCRIPT}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "object-src 'none'",
    )
)
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
"""Of what people handed in or took out, in case a browser shows it as a page."""
FILES = ("/media/", "/batches/")
ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
YEAR_SECONDS = 365 * 24 * 3600
STRICT_TRANSPORT = (b"strict-transport-security", f"max-age={YEAR_SECONDS}".encode())


class SecurityHeaders:
    """An ASGI app that adds headers to the answers of another; what an answer says itself stays as it is.

    Args:
        app: whose answers.
        tls: whether browsers reach the app by https alone, through a proxy; where a request itself came by https, that
            is known without it.
    """

    def __init__(self, app: ASGIApp, *, tls: bool = False) -> None:
        self._app = app
        self._tls = tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        scope[REQUEST_ID] = name = request_id(scope)
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        policy = FILE_POLICY if scope["path"].startswith(FILES) else PAGE_POLICY
        own = [*ALWAYS, (b"content-security-policy", policy.encode()), (b"x-request-id", name.encode())]
        if is_secure(scope, tls=self._tls):
            own.append(STRICT_TRANSPORT)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = [(name.lower(), value) for name, value in message.get("headers", ())]
                names = {name for name, _ in said}
                message = {**message, "headers": said + [pair for pair in own if pair[0] not in names]}
            await send(message)

        await self._app(scope, receive, with_headers)


def request_id(scope: Scope) -> str:
    """Return the id of a request: that which it comes with, if that is a plain word, or one by chance."""
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
    return given if _FIT.fullmatch(given) else f"req_{secrets.token_hex(8)}"


def is_secure(scope: Scope, *, tls: bool) -> bool:
    """Whether the browser of a request speaks https, by what the setting or the request says."""
    return tls or scope.get("scheme") in ("https", "wss")
