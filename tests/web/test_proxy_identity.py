from dataclasses import replace

import pytest

from core.settings import settings
from data.errors import SettingError
from tests.web.asgi_calls import Behind, ask
from web.proxy_identity import EMAIL, ProxyIdentity, proxy_secret

SECRET = "a secret of the proxy alone"
PROOF = {"x-waferscope-proxy": SECRET}
ANA = {"x-remote-email": "Ana@fab.example "}


@pytest.fixture
def behind() -> Behind:
    return Behind()


@pytest.fixture
def said(behind):
    """Return what the app behind is told of who asks, and which headers it gets."""

    def of(headers, pairs=(), **more) -> tuple[str | None, set[bytes]]:
        app = ProxyIdentity(behind, "X-Remote-Email", SECRET.encode())

        async def with_pairs(scope, receive, send) -> None:
            await app({**scope, "headers": [*scope["headers"], *pairs]}, receive, send)

        ask(with_pairs, "/wafers", headers=headers, **more)
        scope = behind.asked[-1]
        return scope.get(EMAIL), {name for name, _ in scope["headers"]}

    return of


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_the_proxy_is_believed(said, kind):
    assert said(ANA | PROOF, kind=kind) == ("ana@fab.example", {b"host"})


@pytest.mark.parametrize(
    "headers",
    [
        ANA,
        ANA | {"x-waferscope-proxy": ""},
        ANA | {"x-waferscope-proxy": "wrong"},
        ANA | {"x-waferscope-proxy": SECRET + "x"},
        ANA | {"authorization": f"Bearer {SECRET}"},
        PROOF,
    ],
)
def test_nobody_else_is_and_nothing_of_it_goes_on(said, headers):
    email, names = said(headers)
    assert email is None
    assert not names & {b"x-remote-email", b"x-waferscope-proxy"}


def test_of_two_that_differ_in_spelling_neither_is_believed(said):
    assert said(ANA | PROOF, [(b"X_Remote_Email", b"bob@fab.example")]) == (None, {b"host"})
    assert said(ANA | PROOF, [(b"x-waferscope-proxy", b"guess")]) == (None, {b"host"})


def test_what_the_scope_held_before_counts_for_nothing(said):
    assert said({}, **{EMAIL: "ana@fab.example"})[0] is None


def test_its_settings_are_read(tmp_path):
    file = tmp_path / "secret"
    at = replace(settings({}), proxy_header="X-Remote-Email", proxy_secret_file=str(file))
    file.write_text(SECRET + "\n")
    assert proxy_secret(at) == SECRET.encode()
    file.write_text("short")
    for wrong in (
        at,
        replace(at, proxy_secret_file=""),
        replace(at, proxy_secret_file=str(tmp_path)),
        replace(at, proxy_header=""),
        replace(at, proxy_header="Cookie"),
        replace(at, proxy_header="X Remote"),
        replace(at, proxy_header="X-Waferscope-Proxy"),
    ):
        with pytest.raises(SettingError, match=r"^WAFERSCOPE_PROXY"):
            proxy_secret(wrong)
