"""Refuses requests under names that are not the app's, and those that another website makes in a visitor's browser.

A website can give its own name the address 127.0.0.1 and then speak with an app on the visitor's machine as if it were
its own (DNS rebinding); the browser still says under which name it asks. It stands before everything: pages, websocket,
uploads, media and downloads.
"""

import ipaddress
import re
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from data.errors import SettingError

ANY = "*"
SETTING = "WAFERSCOPE_HOSTS"
SHOWN_CHARACTERS = 80
MISDIRECTED, FORBIDDEN, POLICY_VIOLATION = 421, 403, 1008

_PLACE = re.compile(r"(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9_*][a-z0-9_.*-]{0,252})(?::(?P<port>[0-9]{1,5}))?")
_ORIGIN = re.compile(r"https?://(?P<place>[^/?#@]+)")


@dataclass(frozen=True)
class Place:
    """Where a browser thinks that it is.

    Args:
        name: in lower case, without brackets and final points.
        port: None where the text names none.
    """

    name: str
    port: int | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine for whoever says so."""
        address = self.address
        return self.name == "localhost" if address is None else address.is_loopback

    @property
    def address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The name as an IP address, None where it is none."""
        try:
            return ipaddress.ip_address(self.name)
        except ValueError:
            return None


def place_of(text: str) -> Place | None:
    """Read a Host header, None where it is none.

    Example:
        >>> place_of("Fab.Example.:8501"), place_of("[::1]"), place_of("a/b")
        (Place(name='fab.example', port=8501), Place(name='::1', port=None), None)
    """
    found = _PLACE.fullmatch(text.strip().lower())
    if not found:
        return None
    return Place(found["name"].strip("[]").rstrip("."), int(found["port"]) if found["port"] else None)


def allowed_places(hosts: str) -> tuple[Place, ...]:
    """Read the setting of names.

    Args:
        hosts: names or IP addresses with commas between, each with or without a port; *.NAME for all below a name.

    Raises:
        SettingError: one of them is no name.
    """
    places = []
    for text in (part.strip() for part in hosts.split(",")):
        place = place_of(text) if text else None
        if text and (place is None or "*" in place.name.removeprefix("*.").removeprefix(ANY)):
            problem = f"expected names of hosts with commas between, found {text[:SHOWN_CHARACTERS]!r}"
            raise SettingError(SETTING, problem, "Write fab.example, *.fab.example or 10.1.2.3.")
        places += [place] if place else []
    return tuple(places)


class HostGuard:
    """An ASGI app that lets through what asks for the app under one of its names, from no other website.

    Loopback is always one of its names, and so is the address of this machine that a request came in by: nobody can
    give that to a name of his own.

    Args:
        app: what is guarded.
        hosts: further names, as the setting says them; "*" for any.

    Raises:
        SettingError: the setting holds nonsense.
    """

    def __init__(self, app: ASGIApp, hosts: str = "") -> None:
        self._app = app
        self._places = allowed_places(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or connection, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        status, sentence = self._refusal(scope)
        if status:
            await _refuse(scope, send, status, sentence)
        else:
            await self._app(_as_same_origin(scope), receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str]:
        """Status and sentence of a refusal, 0 where there is none."""
        hosts = _values(scope, b"host")
        host = place_of(hosts[0]) if len(hosts) == 1 else None
        if host is None or not self._is_ours(host, scope):
            asked = repr(hosts[0][:SHOWN_CHARACTERS]) if hosts else "no name"
            return MISDIRECTED, (
                f"Waferscope was asked for under {asked}, which is none of its names. "
                f"Open it under localhost, or name this host in {SETTING} and start it again.\n"
            )
        origins = _values(scope, b"origin")
        if origins and (len(origins) > 1 or not self._is_own_origin(origins[0], hosts[0], host)):
            return FORBIDDEN, (
                f"Another website, {origins[0][:SHOWN_CHARACTERS]!r}, may not use Waferscope in your browser. "
                f"Where it is Waferscope under another name, name that in {SETTING}.\n"
            )
        return 0, ""

    def _is_ours(self, place: Place, scope: Scope) -> bool:
        own = scope.get("server")
        arrived = Place(str(own[0])).address if own else None
        if place.is_loopback or (arrived is not None and place.address == arrived):
            return True
        return any(_fits(allowed, place) for allowed in self._places)

    def _is_own_origin(self, origin: str, host_text: str, host: Place) -> bool:
        """Whether a page of the app asks: seen under the same name and port, or through a proxy that changed these."""
        found = _ORIGIN.fullmatch(origin.strip().lower())
        if not found:
            return False
        if found["place"] == host_text.strip().lower():
            return True
        place = place_of(found["place"])
        if place is None:
            return False
        if place.port == host.port:
            both_here = place.is_loopback and host.is_loopback
            return both_here or any(one.name != ANY and _fits(one, place) for one in self._places)
        return any(one.name != ANY and _fits(one, place) and place.port in (None, one.port) for one in self._places)


def _fits(allowed: Place, place: Place) -> bool:
    if allowed.name == ANY:
        return True
    if allowed.name.startswith("*."):
        return place.name.endswith(allowed.name[1:])
    return place.name == allowed.name or (allowed.address is not None and allowed.address == place.address)


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _as_same_origin(scope: Scope) -> Scope:
    """The request with the origin of the name it was asked under: Streamlit asks a server outside about any other."""
    if scope["type"] != "websocket" or not _values(scope, b"origin"):
        return scope
    scheme = b"https://" if scope.get("scheme") == "wss" else b"http://"
    own = scheme + next(value for key, value in scope["headers"] if key == b"host")
    return {**scope, "headers": [(key, own if key == b"origin" else value) for key, value in scope["headers"]]}


async def _refuse(scope: Scope, send: Send, status: int, sentence: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": ""})
        return
    body = sentence.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body})
