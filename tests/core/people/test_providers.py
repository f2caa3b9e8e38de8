import pytest

from core.people.providers import read_providers
from core.people.roles import Role
from data.errors import SettingError

LEAST = '[fab]\nissuer = "https://login.fab.example/realms/fab"\nclient_id = "w"\n'
FULL = """
title = "Fab account"
client_secret = "geheim"
scopes = ["openid", "email", "groups"]
hosts = ["Keys.fab.example:8443"]
email_domains = ["@Fab.example"]
sign_up = true
sign_up_role = "annotator"
[fab.roles]
claim = "groups"
of = { "eng" = "engineer" }
[other]
issuer = "http://localhost:8080"
client_id = "w"
"""


@pytest.fixture
def read(tmp_path):
    def from_text(text: str):
        path = tmp_path / "oidc.toml"
        path.write_text(text)
        return read_providers(str(path))

    return from_text


def test_without_a_file_there_are_none():
    assert read_providers("") == {}


def test_what_is_not_said_is_closed(read):
    fab = read(LEAST)["fab"]
    assert (fab.title, fab.way, fab.secret, fab.trust_email) == ("fab", "oidc:fab", "", False)
    assert (fab.rules.sign_up, fab.rules.take_over, fab.rules.role_claim) == (False, False, "")
    assert (fab.rules.sign_up_role, fab.rules.sign_up_products) == (Role.VIEWER, ())


def test_everything_that_can_be_said(read):
    fab, other = read(LEAST + FULL).values()
    assert (fab.title, fab.secret, fab.scopes) == ("Fab account", "geheim", ("openid", "email", "groups"))
    assert "geheim" not in repr(fab)
    assert fab.takes("a@fab.example")
    assert not fab.takes("a@other.example")
    assert (fab.rules.sign_up, fab.rules.sign_up_role, fab.rules.roles) == (
        True,
        Role.ANNOTATOR,
        {"eng": Role.ENGINEER},
    )
    assert other.way == "oidc:other"


def test_the_issuer_s_host_and_those_that_are_named_may_be_asked(read):
    fab = read(LEAST + FULL)["fab"]
    for place in ("https://login.fab.example/keys", "https://keys.fab.example:8443/x", "https://LOGIN.fab.example/"):
        assert fab.may_ask(place)
    for place in (
        "http://login.fab.example/keys",
        "https://login.fab.example:444/keys",
        "https://login.fab.example@evil.example/",
        "https://keys.fab.example/x",
        "https://evil.example/?https://login.fab.example",
        "//login.fab.example/",
        "https://[",
        "",
    ):
        assert not fab.may_ask(place)


@pytest.mark.parametrize(
    "text",
    [
        "x = [",
        "x = 1",
        '["A b"]\nissuer = "https://a.example"\nclient_id = "w"',
        '[fab]\nclient_id = "w"',
        '[fab]\nissuer = "http://login.fab.example"\nclient_id = "w"',
        '[fab]\nissuer = "file:///etc/passwd"\nclient_id = "w"',
        '[fab]\nissuer = "https://a:b@login.fab.example"\nclient_id = "w"',
        '[fab]\nissuer = "https://["\nclient_id = "w"',
        '[fab]\nissuer = "https://login.fab.example"\nclient_id = ""',
        LEAST + "signup = true",
        LEAST + 'sign_up = "yes"',
        LEAST + 'scopes = ["email"]',
        LEAST + "title = 7",
        LEAST + 'client_secret = "a"\nclient_secret_file = "b"',
    ],
)
def test_nonsense_is_one_sentence(read, text):
    with pytest.raises(SettingError, match=r"^WAFERSCOPE_OIDC"):
        read(text)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(SettingError, match="WAFERSCOPE_OIDC: expected a TOML file"):
        read_providers(str(tmp_path / "no.toml"))


def test_a_secret_is_read_from_its_file_each_time(read, tmp_path):
    file = tmp_path / "secret"
    fab = read(LEAST + f'client_secret_file = "{file}"')["fab"]
    with pytest.raises(SettingError, match="cannot be read"):
        _ = fab.secret
    file.write_text("one\n")
    assert fab.secret == "one"
    file.write_text("two\n")
    assert fab.secret == "two"
