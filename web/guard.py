"""Lets in who has signed in: whatever else asks for a page is led to the sign-in, and everything else is refused.

It stands before pages, websocket, uploads, media, component files, downloads and the API, so what is added behind it is
closed until it is named here.
"""

import json
from dataclasses import replace
from urllib.parse import quote

from starlette.types import ASGIApp, Receive, Scope, Send

from core.identity import CALLER, Person
from core.people.sessions import Visit
from data.errors import AppDatabaseError
from web.cookies import session_token
from web.open_sockets import POLICY_VIOLATION, OpenSockets
from web.proxy_identity import EMAIL
from web.remembered import Remembered
from web.security_headers import REQUEST_ID

SIGN_IN = "/login"
OPEN_TO_ALL = frozenset(
    (SIGN_IN, "/login/code", "/login/style.css", "/login/logo.svg", "/login/icon.svg", "/set-password", "/healthz")
)
"""Paths that answer without a session."""
NOT_PAGES = ("/api/", "/_stcore/", "/media/", "/component/", "/static/")
STREAM = "/_stcore/stream"
ASKED_FIRST = ("/_stcore/health", "/_stcore/host-config")
"""What an open page asks for before it connects again. Led to the sign-in too, it goes on, and then shows it."""
OWN = b"x-waferscope-"
"""What a header's name begins with that the guard alone may set."""
PERSON, SESSION, REQUEST = b"x-waferscope-person", b"x-waferscope-session", b"x-waferscope-request"
VISIT = "waferscope.visit"
"""Under which the session stands in a request's scope."""
API = "/api/"
BEARER = b"bearer "
LONGEST_KEY = 100
READING = frozenset(("GET", "HEAD", "OPTIONS"))
SAME_SITE = (b"same-origin", b"none")
LONGEST_WAY_BACK = 2000


class Guard:
    """An ASGI app that lets another answer only who has signed in.

    Args:
        app: what is guarded.
        visits: looks sessions up by their token.
        keys: looks the accounts of keys up, by the key and the address that it comes from with a blank between.
        sockets: serves websockets for as long as their session stands.
        tls: whether browsers reach the app by https alone.
        more_open: further paths that answer without a session, each in full.
    """

    def __init__(
        self,
        app: ASGIApp,
        visits: Remembered[Visit],
        keys: Remembered[Person],
        sockets: OpenSockets,
        *,
        tls: bool = False,
        more_open: frozenset[str] = frozenset(),
    ) -> None:
        self._app = app
        self._visits = visits
        self._keys = keys
        self._sockets = sockets
        self._tls = tls
        self._open = OPEN_TO_ALL | more_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or connection, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        scope = {**scope, "headers": [pair for pair in scope["headers"] if not _is_own(pair[0])]}
        if scope["type"] == "http" and scope["method"] not in READING and _is_of_another_site(scope):
            await _refuse(send, 403, "Another website may not change anything here.")
            return
        if scope["path"].startswith(API) and (key := _key_of(scope)):
            await self._meet_machine(key, scope, receive, send)
            return
        token = session_token(scope, tls=self._tls)
        try:
            visit = (self._visits.known(token) or await self._visits.ask(token)) if token else None
        except AppDatabaseError as error:
            await self._fail(scope, send, error)
            return
        if visit is None or (visit.proxied and visit.proxied != scope.get(EMAIL)):  # the proxy may know somebody else
            await self._meet_stranger(scope, receive, send)
            return
        scope[VISIT] = visit
        scope[CALLER] = replace(visit.person, address=_address_of(scope), request_id=scope.get(REQUEST_ID, ""))
        scope["headers"] += _headers_of(visit, scope)
        if scope["type"] == "websocket":
            await self._sockets.serve(token, self._app, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _meet_machine(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        asked = f"{key} {_address_of(scope)}"
        try:
            person = self._keys.known(asked) or await self._keys.ask(asked)
        except AppDatabaseError as error:
            await self._fail(scope, send, error)
            return
        if person is None or scope["type"] != "http":
            await self._meet_stranger(scope, receive, send)
            return
        scope[CALLER] = replace(person, address=_address_of(scope), request_id=scope.get(REQUEST_ID, ""))
        await self._app(scope, receive, send)

    async def _meet_stranger(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["type"] == "websocket":
            if path.endswith(STREAM) and any(name == b"origin" for name, _ in scope["headers"]):
                await self._sockets.send_away(scope, receive, send)  # a page that was open when the session ended
            else:
                await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": ""})
        elif path in self._open:
            await self._app(scope, receive, send)
        elif scope["method"] in ("GET", "HEAD") and _leads_to_sign_in(path):
            await _lead_to_sign_in(scope, send)
        else:
            await _refuse(send, 401, "Sign in first, or send a key of the API.")

    async def _fail(self, scope: Scope, send: Send, error: AppDatabaseError) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1013, "reason": ""})
        else:
            await _refuse(send, 503, f"Nobody can be let in at the moment: {error.problem}.")


def _headers_of(visit: Visit, scope: Scope) -> list[tuple[bytes, bytes]]:
    request = scope.get(REQUEST_ID, "").encode()
    return [(PERSON, b"%d" % (visit.person.id or 0)), (SESSION, b"%d" % visit.id), (REQUEST, request)]


def _key_of(scope: Scope) -> str:
    """Return the key that a request shows, "" where it shows none, or more than one."""
    shown = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(shown) != 1 or shown[0][: len(BEARER)].lower() != BEARER:
        return ""
    key = shown[0][len(BEARER) :].strip().decode("latin-1")
    return key if len(key) <= LONGEST_KEY and key.replace("_", "").isalnum() else ""


def _address_of(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _is_own(name: bytes) -> bool:
    """Whether a header is one that the guard alone sets, in any spelling that an app might understand."""
    return name[:1] in b"xX" and name.lower().replace(b"_", b"-").startswith(OWN)


def _is_of_another_site(scope: Scope) -> bool:
    """Whether a browser says that a page elsewhere sends the request."""
    return any(value not in SAME_SITE for name, value in scope["headers"] if name == b"sec-fetch-site")


def _leads_to_sign_in(path: str) -> bool:
    return path.endswith(ASKED_FIRST) or not any(part in path for part in NOT_PAGES)


async def _lead_to_sign_in(scope: Scope, send: Send) -> None:
    query = scope.get("query_string", b"").decode("latin-1")
    asked = scope["path"] + (f"?{query}" if query else "")
    is_place = asked != "/" and len(asked) <= LONGEST_WAY_BACK and not scope["path"].endswith(ASKED_FIRST)
    back = f"?next={quote(asked, safe='/')}" if is_place else ""
    headers = [
        (b"location", f"{SIGN_IN}{back}".encode()),
        (b"content-length", b"0"),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


TITLES = {401: "Unauthorized", 403: "Forbidden", 503: "Service Unavailable"}


async def _refuse(send: Send, status: int, sentence: str) -> None:
    body = json.dumps({"type": "about:blank", "title": TITLES[status], "status": status, "detail": sentence}).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    headers += [(b"retry-after", b"5")] if status == 503 else []
    headers += [(b"www-authenticate", b"Bearer")] if status == 401 else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
