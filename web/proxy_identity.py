"""Who asks, by the word of a proxy that signs people in itself: believed where it shows the secret, else taken out."""

import hmac
import re
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from core.people.accounts import EMAIL_LENGTH
from core.settings import Settings
from data.errors import SettingError

PROOF = "x-waferscope-proxy"
"""Header in which the proxy shows the secret."""
EMAIL = "waferscope.vouched_email"
"""Under which the e-mail stands in a request's scope that the proxy vouches for."""
SHORTEST_SECRET = 20
TAKEN = frozenset(("authorization", "cookie", "host", "origin", "referer", "user-agent", "x-forwarded-for", PROOF))
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{2,60}")


class ProxyIdentity:
    """An ASGI app that takes out of requests what a proxy alone may say, and believes it where it is the proxy.

    Args:
        app: that answers.
        header: in which the proxy says the e-mail of who asks.
        secret: what the proxy shows.
    """

    def __init__(self, app: ASGIApp, header: str, secret: bytes) -> None:
        self._app = app
        self._header = header.lower()
        self._secret = secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        said: dict[str, list[bytes]] = {self._header: [], PROOF: []}
        for name, value in scope["headers"]:
            if (plain := _plain(name)) in said:
                said[plain].append(value)
        scope = {**scope, "headers": [pair for pair in scope["headers"] if _plain(pair[0]) not in said]}
        scope.pop(EMAIL, None)
        if len(said[self._header]) == 1 and self._is_proxy(said[PROOF]):
            scope[EMAIL] = said[self._header][0].decode("utf-8", "replace").strip().lower()[:EMAIL_LENGTH]
        await self._app(scope, receive, send)

    def _is_proxy(self, shown: list[bytes]) -> bool:
        return len(shown) == 1 and hmac.compare_digest(shown[0].strip(), self._secret)


def proxy_secret(at: Settings) -> bytes:
    """Return the secret that the trusted proxy shows.

    Raises:
        SettingError: the header or the file cannot be used.
    """
    header, path = at.proxy_header, at.proxy_secret_file
    if not _NAME.fullmatch(header) or header.lower() in TAKEN:
        raise SettingError(
            "WAFERSCOPE_PROXY_HEADER", f"expected the name of a header of its own, found {header!r}", "Correct it."
        )
    try:
        secret = Path(path).read_bytes().strip() if path else b""
    except OSError as error:
        raise SettingError(
            "WAFERSCOPE_PROXY_SECRET_FILE", f"{path} cannot be read ({type(error).__name__})", "Correct it."
        ) from error
    if len(secret) < SHORTEST_SECRET:
        raise SettingError(
            "WAFERSCOPE_PROXY_SECRET_FILE",
            f"expected a file of a secret of {SHORTEST_SECRET} characters or more, since anybody could send the header",
            "Write one, as by `openssl rand -hex 32`, and have the proxy send it in X-Waferscope-Proxy.",
        )
    return secret


def _plain(name: bytes) -> str:
    """A header's name in the one spelling that an app might understand it in."""
    return name.decode("latin-1").lower().replace("_", "-")
