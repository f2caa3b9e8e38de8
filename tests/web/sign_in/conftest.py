"""The entrance with accounts on, a browser that keeps cookies, and an identity provider on this machine."""

import http.client
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from core.database import AppDatabase
from core.database.audit import entries
from core.identity import Person
from core.people.accounts import add_account
from core.people.roles import Role
from core.settings import settings
from tests.web.asgi_calls import Answer, ask
from tests.web.sign_in.loopback_provider import CLIENT, SECRET, running_provider
from web.cookies import SESSION
from web.entrance import entrance

ROOT = Person("root")
"""Whoever runs a command at the machine."""


def _inside(request) -> PlainTextResponse:
    return PlainTextResponse(f"inside as {request.scope['waferscope.person'].name}")


@dataclass
class Browser:
    """One browser: keeps cookies, goes where it is led within the app, and to the provider where that is asked for."""

    app: Starlette
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        """Ask for a path."""
        cookie = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        answer = ask(self.app, path, headers={**(cookie if self.cookies else {}), **self.headers})
        for name, text in answer.cookies.items():
            value = text.partition(";")[0]
            self.cookies.pop(name, None)
            if value:
                self.cookies[name] = value
        return answer

    def begin(self, path: str = "/login/oidc/fab") -> str:
        """Go to the provider, and return where it leads back to, as a path."""
        answer = self.get(path)
        assert answer.status == 303, answer.body
        parts = urlsplit(answer.headers["location"])
        connection = http.client.HTTPConnection(parts.netloc)
        connection.request("GET", f"{parts.path}?{parts.query}")
        back = urlsplit(connection.getresponse().headers["location"])
        connection.close()
        return f"{back.path}?{back.query}"

    def sign_in(self, path: str = "/login/oidc/fab") -> Answer:
        """Go to the provider and come back."""
        return self.get(self.begin(path))

    @property
    def is_in(self) -> bool:
        """Whether it has a session that the app takes."""
        return SESSION in self.cookies and self.get("/wafers").body.startswith("inside")


def refusal(answer: Answer) -> str:
    """Return the sentence of a page that lets nobody in."""
    assert answer.status in (401, 403, 503), answer.body
    assert SESSION not in answer.cookies
    return answer.body.partition('role="alert">')[2].partition("</p>")[0]


@pytest.fixture
def database(tmp_path):
    """An open database."""
    opened = AppDatabase(str(tmp_path / "decisions.db"))
    yield opened
    opened.close()


@pytest.fixture
def provider():
    """An identity provider on this machine."""
    with running_provider() as running:
        yield running


@pytest.fixture
def table(provider, tmp_path):
    """Write the table of the provider, with more in it, and return the file's path."""

    def write(more: str = "", issuer: str = "") -> str:
        path = tmp_path / "oidc.toml"
        secret = tmp_path / "secret"
        secret.write_text(SECRET + "\n")
        path.write_text(
            f'[fab]\ntitle = "Fab account"\nissuer = "{issuer or provider.issuer}"\nclient_id = "{CLIENT}"\n'
            f'client_secret_file = "{secret}"\n{more}\n'
        )
        return str(path)

    return write


@pytest.fixture
def app(database, table):
    """Return what puts the entrance together before an app of one page; by default with the provider alone."""

    def build(more: str = "", issuer: str = "", **given) -> Starlette:
        at = replace(settings({}), accounts=True, **{"oidc": table(more, issuer), **given})
        pictures = (Path("logo.svg"), Path("icon.svg"))
        middleware, routes = entrance(at, lambda: database, lambda: 0, b"", pictures)
        return Starlette(routes=[*routes, Route("/{rest:path}", _inside)], middleware=middleware)

    return build


@pytest.fixture
def browser(app):
    """A browser at the entrance with the provider."""
    return lambda more="", **given: Browser(app(more, **given))


@pytest.fixture
def member(database):
    """Add an account that signs in by the provider."""

    def add(
        sign_in: str = "oidc:fab", role: Role = Role.VIEWER, email: str = "ana@fab.example", name: str = "Ana"
    ) -> int:
        with database.writing() as session:
            return add_account(session, ROOT, email, name, role, sign_in=sign_in).id

    return add


@pytest.fixture
def trail(database):
    """Return what the audit trail tells, the newest first: who, what, on what, and more."""

    def told(action: str = "") -> list[tuple]:
        with database.reading() as session:
            found = entries(session, limit=1000)
            return [(e.person, e.action, e.subject, e.details) for e in found if e.action.startswith(action)]

    return told
