"""An identity provider (OpenID Connect) on this machine, which signs anybody in, and can be told to go wrong."""

import base64
import functools
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey, RSAKey

CLIENT, SECRET = "waferscope", "a secret that only the two know"


@functools.cache
def _first_key() -> Key:
    return RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)


@dataclass
class LoopbackProvider:
    """What it knows, and what it does wrong.

    Args:
        issuer: its address.
        person: claims about whoever signs in.
        changed: claims of the ID token that it says in place of the right ones; None leaves one out.
        algorithm: by which it signs.
        userinfo: what it says of the person at another address.
        about: what it says of itself in place of the right.
        stolen_key: signs in place of its own, under the same name.
        asked: paths that were asked for.
        slow: seconds for which it thinks about a code.
    """

    issuer: str = ""
    person: dict[str, Any] = field(
        default_factory=lambda: {"sub": "u-1", "email": "ana@fab.example", "email_verified": True, "name": "Ana Novak"}
    )
    changed: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    userinfo: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    stolen_key: Key | None = None
    asked: list[str] = field(default_factory=list)
    slow: float = 0.0
    key: Key = field(default_factory=_first_key)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def rotate(self, key: Key | None = None) -> None:
        """Sign by another key from now on."""
        self.key = key or ECKey.generate_key("P-256", {"use": "sig"}, auto_kid=True)
        self.algorithm = "ES256" if self.key.key_type == "EC" else "RS256"

    def description(self) -> dict[str, Any]:
        """Return what it says of itself."""
        places = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in ("authorization", "token", "userinfo")}
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **places, **self.about}

    def authorize(self, query: dict[str, str]) -> str:
        """Sign the person in; return where the browser goes with the code."""
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert (query["client_id"], "openid" in query["scope"].split()) == (CLIENT, True)
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Return what a code is worth; it is worth that once."""
        time.sleep(self.slow)
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        in_form = "client_secret_post" in self.about.get("token_endpoint_auth_methods_supported", ())
        if (form.get("client_secret") != SECRET) if in_form else (authorization != basic):
            return 401, {"error": "invalid_client"}
        asked = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}

    def id_token(self, nonce: str) -> str:
        """Sign what it says of the person."""
        moment = int(time.time())
        said = {"iss": self.issuer, "aud": CLIENT, "iat": moment, "exp": moment + 300, "nonce": nonce}
        claims = {k: v for k, v in (said | self.person | self.changed).items() if v is not None}
        if self.algorithm == "none":
            head = _packed({"alg": "none"})
            return f"{head}.{_packed(claims)}."
        header = {"alg": self.algorithm, "kid": self.key.kid}
        key = OctKey.import_key(SECRET) if self.algorithm == "HS256" else self.stolen_key or self.key
        return jwt.encode(header, claims, key, algorithms=[self.algorithm])


def _packed(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class _Handler(BaseHTTPRequestHandler):
    provider: LoopbackProvider

    def log_message(self, *_: object) -> None:
        """What is asked for stands in the provider."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.provider.asked.append(parts.path)
        if parts.path == "/.well-known/openid-configuration":
            self._answer(200, self.provider.description())
        elif parts.path == "/keys":
            self._answer(200, {"keys": [self.provider.key.as_dict(private=False)]})
        elif parts.path == "/userinfo":
            self._answer(200, self.provider.userinfo)
        elif parts.path == "/authorization":
            self._lead(self.provider.authorize({k: v[0] for k, v in parse_qs(parts.query).items()}))
        else:
            self._lead(f"{self.provider.issuer}/keys")

    def do_POST(self) -> None:
        self.provider.asked.append(self.path)
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        plain = {name: values[0] for name, values in form.items()}
        self._answer(*self.provider.token(plain, self.headers.get("authorization", "")))

    def _lead(self, place: str) -> None:
        self.send_response(302)
        self.send_header("location", place)
        self.send_header("content-length", "0")
        self.end_headers()

    def _answer(self, status: int, said: dict[str, Any]) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def running_provider() -> Iterator[LoopbackProvider]:
    """Run one on a free port of this machine."""
    provider = LoopbackProvider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"provider": provider}))
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
