"""Forms that only a page of our own can have sent: each holds a token that a cookie of the same browser repeats."""

import hmac
import secrets
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from web.cookies import cookie_header, token_of
from web.security_headers import is_secure

COOKIE = "waferscope_form"
TOKEN = "form"
MOST_BYTES, MOST_FIELDS = 16 * 1024, 20
TOO_OLD = "This page was open for too long, or your browser takes no cookies. Please try again."


class Forms:
    """Gives forms their token and reads what was sent.

    Args:
        tls: whether browsers reach the app by https alone.
    """

    def __init__(self, *, tls: bool) -> None:
        self._tls = tls

    def token(self, request: Request) -> str:
        """Return the token for a form of an answer: that of the browser's cookie, else a new one."""
        return token_of(request.scope, COOKIE, secure=self.is_secure(request)) or secrets.token_urlsafe(32)

    def keep(self, request: Request, response: Response, token: str) -> None:
        """Have the browser keep a form's token."""
        response.headers.append("set-cookie", cookie_header(COOKIE, token, secure=self.is_secure(request)))

    def is_secure(self, request: Request) -> bool:
        """Whether the browser speaks https."""
        return is_secure(request.scope, tls=self._tls)

    async def read(self, request: Request) -> dict[str, str] | None:
        """Return what a form of ours sent, by name; None where it is none, or not one of this browser's."""
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return None
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BYTES:
                return None
        try:
            fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))
        except ValueError:
            return None
        kept = token_of(request.scope, COOKIE, secure=self.is_secure(request))
        return fields if kept and hmac.compare_digest(kept.encode(), fields.get(TOKEN, "").encode()) else None
