import pytest

from tests.web.asgi_calls import scope_of
from web.cookies import SESSION, cookie_header, session_token

TOKEN = "a" * 43


def token(cookie: str, scheme: str = "http", *, tls: bool = False) -> str:
    return session_token(scope_of(headers={"cookie": cookie}, scheme=scheme), tls=tls)


def test_a_session_is_read_from_among_other_cookies():
    assert token(f"a=1; {SESSION}={TOKEN}; b=2") == TOKEN
    assert token(f"a=1;{SESSION}={TOKEN}") == TOKEN
    assert token("a=1") == token("") == ""


@pytest.mark.parametrize("value", ["", "short", "a" * 200, f"{TOKEN}'--", f"{TOKEN} ", '"' + TOKEN + '"', "é" * 43])
def test_what_is_no_token_is_none(value):
    assert token(f"{SESSION}={value}").strip() in ("", TOKEN if value == f"{TOKEN} " else "")


def test_two_sessions_that_differ_are_none():
    """Another host of the same site can set a cookie beside ours, but not in its place."""
    assert token(f"{SESSION}={TOKEN}; {SESSION}={'b' * 43}") == ""
    assert token(f"{SESSION}={TOKEN}; {SESSION}={TOKEN}") == TOKEN


def test_where_https_is_spoken_only_the_host_s_own_cookie_counts():
    assert token(f"{SESSION}={TOKEN}", "https") == token(f"{SESSION}={TOKEN}", tls=True) == ""
    assert token(f"__Host-{SESSION}={TOKEN}", "https") == token(f"__Host-{SESSION}={TOKEN}", tls=True) == TOKEN
    assert token(f"__Host-{SESSION}={TOKEN}") == ""


def test_no_script_and_no_other_site_gets_at_a_cookie():
    assert cookie_header("a", "1", secure=True) == "__Host-a=1; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert cookie_header("a", "1", secure=False, seconds=9) == "a=1; Path=/; HttpOnly; SameSite=Lax; Max-Age=9"
    assert "Max-Age=0" in cookie_header("a", "", secure=False, seconds=9)
