"""The cookies of the app: reading the one that holds a session, and writing them so that no script reads them."""

import re

from starlette.types import Scope

from web.security_headers import is_secure

SESSION = "waferscope"
HOST_ALONE = "__Host-"
"""Before a cookie's name: a browser takes it from the host itself alone, by https, for all paths."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,128}")


def session_token(scope: Scope, *, tls: bool) -> str:
    """Return the token of the session that a request names, "" where there is none, or two that differ."""
    return token_of(scope, SESSION, secure=is_secure(scope, tls=tls))


def token_of(scope: Scope, name: str, *, secure: bool) -> str:
    """Return the token that a cookie holds, "" where there is none, or two that differ.

    Args:
        scope: of the request.
        name: of the cookie.
        secure: whether the browser speaks https.
    """
    start = f"{full_name(name, secure=secure)}=".encode()
    found = {
        part[len(start) :]
        for key, value in scope["headers"]
        if key == b"cookie" and start in value
        for part in map(bytes.strip, value.split(b";"))
        if part.startswith(start)
    }
    text = found.pop().decode("latin-1") if len(found) == 1 else ""
    return text if _TOKEN.fullmatch(text) else ""


def full_name(name: str, *, secure: bool) -> str:
    """Return the name that a cookie has where the browser speaks https, or does not.

    Example:
        >>> full_name("waferscope", secure=True)
        '__Host-waferscope'
    """
    return HOST_ALONE + name if secure else name


def cookie_header(name: str, value: str, *, secure: bool, seconds: int | None = None) -> str:
    """Write a Set-Cookie header: no script reads the cookie, and no other website's form sends it along.

    Args:
        name: of the cookie.
        value: its value; "" takes it away.
        secure: whether the browser speaks https.
        seconds: for which it is kept, None until the browser ends.

    Example:
        >>> cookie_header("waferscope", "", secure=False)
        'waferscope=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0'
    """
    parts = [f"{full_name(name, secure=secure)}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    parts += ["Secure"] if secure else []
    parts += [f"Max-Age={seconds if value else 0}"] if seconds is not None or not value else []
    return "; ".join(parts)
