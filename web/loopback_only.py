"""Refuses other machines while nobody has to sign in: who reaches an app without accounts may do everything in it."""

from starlette.types import ASGIApp, Receive, Scope, Send

from data.errors import SettingError
from web.host_guard import Place

SETTING = "WAFERSCOPE_OPEN_WITHOUT_ACCOUNTS"
REMEDY = (
    f"Set WAFERSCOPE_ACCOUNTS=on to have people sign in, or {SETTING}=on if everybody who reaches the app may do "
    "everything in it."
)
FORBIDDEN, POLICY_VIOLATION = 403, 1008


def check_address(address: str) -> None:
    """Refuse to listen where other machines can reach the app.

    Args:
        address: name or IP address of this machine; "" for all that it has.

    Raises:
        SettingError: it is not loopback.
    """
    if not address.startswith("unix://") and not Place(address.lower()).is_loopback:
        shown = f"on {address}" if address else "on all addresses of this machine"
        raise SettingError("server.address", f"the app would listen {shown}, and nobody has to sign in", REMEDY)


class LoopbackOnly:
    """An ASGI app that answers this machine alone, whatever server runs it and wherever that listens.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or connection, or refuse it."""
        arrived = scope.get("server")  # None, or a path, where it came through a socket of the file system
        if scope["type"] == "lifespan" or not arrived or arrived[1] is None or Place(str(arrived[0])).is_loopback:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": ""})
        else:
            body = f"Waferscope answers this machine alone as long as nobody has to sign in. {REMEDY}\n".encode()
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": FORBIDDEN, "headers": headers})
            await send({"type": "http.response.body", "body": body})
