"""Talking with an identity provider (OpenID Connect): where it is, its keys, and what it says of a person.

Nothing is asked but the provider's own host and hosts that the site's file names; no redirect is followed, and no
proxy of the environment is used.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from requests import RequestException, Response

from core.people.providers import Provider
from data.errors import AccountError
from web.sign_in.underway import Journey

SECONDS = FAILED_SECONDS = 5.0
KEPT_SECONDS = 3600.0
"""For which what a provider says of itself is taken to stand."""
LEEWAY_SECONDS = 60
LARGEST_BYTES = 1024 * 1024
DISCOVERY = "/.well-known/openid-configuration"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key that the provider alone has; never none, and never by the shared secret."""
POST, BASIC, NONE = "client_secret_post", "client_secret_basic", "none"
REMEDY = "Try again later, or sign in another way."


@dataclass(frozen=True)
class _Known:
    """What a provider says of itself, and its keys."""

    about: Mapping[str, str]
    methods: tuple[str, ...]
    keys: KeySet
    at: float


class ProviderTalk:
    """Talks with one provider. What it does blocks.

    Args:
        provider: which.
        callback: address of this app where people come back.
        seconds: for which an answer is waited for, twice: for the connection and for what it says.
        failed_seconds: for which one that could not be asked is not asked again: many people may wait for it.
    """

    def __init__(
        self, provider: Provider, callback: str, seconds: float = SECONDS, failed_seconds: float = FAILED_SECONDS
    ) -> None:
        self.provider = provider
        self._callback = callback
        self._seconds, self._failed_seconds = seconds, failed_seconds
        self._known: _Known | None = None
        self._failed: tuple[float, AccountError] | None = None
        self._lock = Lock()

    def address(self, journey: Journey) -> str:
        """Return where a person goes to sign in there.

        Raises:
            AccountError: the provider cannot be asked.
            SettingError: its secret cannot be read.
        """
        known = self._know()
        with self._session(known) as session:
            address, _ = session.create_authorization_url(
                known.about["authorization_endpoint"],
                state=journey.state,
                nonce=journey.nonce,
                code_verifier=journey.verifier,
            )
        return str(address)

    def claims(self, journey: Journey, code: str) -> dict[str, Any]:
        """Return what the provider says of the person who comes back with a code.

        Raises:
            AccountError: it cannot be asked, does not take the code, or what it says does not hold.
            SettingError: its secret cannot be read.
        """
        known = self._know()
        with self._session(known) as session:
            try:
                token = session.fetch_token(
                    known.about["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=journey.verifier,
                    allow_redirects=False,
                )
            except (RequestException, AuthlibBaseError, ValueError) as error:
                raise self._refusal(_reason(error)) from None
            claims = self._checked(known, token, journey)
            if "email" not in claims and (place := known.about.get("userinfo_endpoint")):
                claims = {**self._userinfo(session, place, claims["sub"]), **claims}
        return claims

    def _checked(self, known: _Known, token: Mapping[str, Any], journey: Journey) -> dict[str, Any]:
        text, access = token.get("id_token"), token.get("access_token")
        if not isinstance(text, str):
            raise self._refusal("its answer has no ID token")
        try:
            read = self._read(known, text)
            claims = CodeIDToken(
                read.claims,
                read.header,
                {
                    "iss": {"essential": True, "value": known.about["issuer"]},
                    "aud": {"essential": True, "value": self.provider.client_id},
                },
                {"nonce": journey.nonce, "client_id": self.provider.client_id, "access_token": access},
            )
            claims.validate(leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise self._refusal(f"what it says of you does not hold ({_reason(error)})") from None
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise self._refusal("what it says of you does not hold (no subject)")
        return dict(claims)

    def _read(self, known: _Known, text: str) -> jwt.Token:
        """Read a signed text; keys that the provider has changed meanwhile are asked for once more."""
        try:
            return jwt.decode(text, known.keys, algorithms=ALGORITHMS)
        except (BadSignatureError, InvalidKeyIdError):
            return jwt.decode(text, self._know(known).keys, algorithms=ALGORITHMS)

    def _userinfo(self, session: OAuth2Session, place: str, subject: str) -> dict[str, Any]:
        said = self._json(session, place, withhold_token=False)
        if said.get("sub") != subject:
            raise self._refusal("it speaks of somebody else")
        return said

    def _know(self, outdated: _Known | None = None) -> _Known:
        """Return what is known of the provider; it is asked where that is too old, or the one that is outdated."""
        with self._lock:
            known = self._known
            if known is None or known is outdated or time.monotonic() - known.at > KEPT_SECONDS:
                if self._failed and time.monotonic() - self._failed[0] < self._failed_seconds:
                    raise self._failed[1].with_traceback(None)
                try:
                    self._known = known = self._ask()
                except AccountError as error:
                    self._failed = time.monotonic(), error
                    raise
            return known

    def _ask(self) -> _Known:
        with self._session(None) as session:
            about = self._json(session, self.provider.issuer.rstrip("/") + DISCOVERY)
            places = {name: text for name, text in about.items() if isinstance(text, str)}
            if places.get("issuer") != self.provider.issuer:
                raise self._refusal("it calls itself by another address than the one that is set")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not self.provider.may_ask(places.get(name, "")):
                    raise self._refusal(f"its {name} is on a host that is not named in hosts")
            if not self.provider.may_ask(places.get("userinfo_endpoint", "")):
                places.pop("userinfo_endpoint", None)
            keys = self._json(session, places["jwks_uri"])
        try:
            read = KeySet.import_key_set({"keys": keys["keys"]})
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            raise self._refusal("its keys cannot be read") from None
        methods = about.get("token_endpoint_auth_methods_supported")
        named = tuple(one for one in methods if isinstance(one, str)) if isinstance(methods, list) else (BASIC,)
        return _Known(places, named, read, time.monotonic())

    def _json(self, session: OAuth2Session, place: str, *, withhold_token: bool = True) -> dict[str, Any]:
        try:
            answer: Response = session.get(place, withhold_token=withhold_token, allow_redirects=False)
            said = answer.json() if answer.status_code == 200 and len(answer.content) <= LARGEST_BYTES else None
        except (RequestException, AuthlibBaseError, ValueError) as error:
            raise self._refusal(_reason(error)) from None
        if not isinstance(said, dict):
            raise self._refusal(f"it answered {answer.status_code} where it should describe itself")
        return said

    def _session(self, known: _Known | None) -> OAuth2Session:
        secret = self.provider.secret
        post = known is not None and POST in known.methods  # in which no two sides encode a secret differently
        session = OAuth2Session(
            self.provider.client_id,
            secret or None,
            token_endpoint_auth_method=(POST if post else BASIC) if secret else NONE,
            scope=" ".join(self.provider.scopes),
            redirect_uri=self._callback,
            code_challenge_method="S256",
            default_timeout=self._seconds,
        )
        session.trust_env = False
        session.proxies = {"http": self.provider.proxy, "https": self.provider.proxy} if self.provider.proxy else {}
        if self.provider.ca_file:
            session.verify = self.provider.ca_file
        return session

    def _refusal(self, problem: str) -> AccountError:
        return AccountError(self.provider.title, problem, REMEDY)


def _reason(error: Exception) -> str:
    """A few words that hold nothing of what was sent or received."""
    if isinstance(error, RequestException):
        return "it cannot be reached, or does not answer in time"
    if isinstance(error, AuthlibBaseError):
        used = error.error == "invalid_grant"
        return "it does not take the code of this sign-in any more" if used else "it does not take this app's secret"
    return str(error).partition(":")[0] if isinstance(error, JoseError) else "its answer cannot be read"
