"""What a browser that went to an identity provider comes back with, proved by a cookie that no script reads.

State, nonce and verifier of one journey are drawn from the cookie's token, so that nothing is kept on this side, and
any replica can meet who comes back.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from web.sign_in.way_back import HOME, way_back

COOKIE = "waferscope_provider"
SECONDS = 600
LONGEST_STATE = 4000


@dataclass(frozen=True)
class Journey:
    """One way to a provider and back.

    Args:
        state: what the provider repeats.
        nonce: what its answer about the person repeats.
        verifier: what proves to it that who asks for the answer is who began (PKCE).
        way_back: where the person goes once they are in.
    """

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    way_back: str


def begin(token: str, provider: str, place: str, clock: Callable[[], float] = time.time) -> Journey:
    """Begin one.

    Args:
        token: of the browser's cookie.
        provider: name of the provider.
        place: of this app, where the person wants to go.
        clock: returns seconds.
    """
    place = way_back(place)
    start = f"{secrets.token_urlsafe(16)}.{int(clock())}.{_packed(place.encode())}"
    return _journey(token, provider, start, place)


def go_on(token: str, provider: str, state: str, clock: Callable[[], float] = time.time) -> Journey | None:
    """Return the journey that a state belongs to, None where it is too old, another browser's or another provider's.

    Args:
        token: of the browser's cookie, "" for none.
        provider: name of the provider that the person comes from.
        state: what they come with.
        clock: returns seconds.
    """
    start, _, _ = state.rpartition(".")
    parts = start.split(".")
    if not token or len(state) > LONGEST_STATE or len(parts) != 3 or not state.isascii():
        return None
    expected = _state(token, provider, start)
    if not hmac.compare_digest(expected.encode(), state.encode()):
        return None
    age = clock() - int(parts[1])
    return _journey(token, provider, start, _unpacked(parts[2])) if 0 <= age <= SECONDS else None


def _journey(token: str, provider: str, start: str, place: str) -> Journey:
    nonce, verifier = (_drawn(token, what, provider, start) for what in ("nonce", "verifier"))
    return Journey(_state(token, provider, start), nonce, verifier, place)


def _state(token: str, provider: str, start: str) -> str:
    return f"{start}.{_drawn(token, 'state', provider, start)}"


def _drawn(token: str, what: str, provider: str, start: str) -> str:
    """Draw 43 characters that nobody can who does not know the token."""
    return _packed(hmac.new(token.encode(), f"{what} {provider} {start}".encode(), hashlib.sha256).digest())


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _unpacked(text: str) -> str:
    """What was packed; it was proved before that it was packed here."""
    return way_back(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()) if text else HOME
