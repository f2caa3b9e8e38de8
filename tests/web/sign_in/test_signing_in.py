"""The sign-in page behind a proxy that signs people in."""

import pytest

from core.people.accounts import account_of
from core.people.roles import Role
from core.people.vouched import OTHER_WAY, UNKNOWN
from tests.web.asgi_calls import ask
from tests.web.sign_in.conftest import Browser, refusal
from web.cookies import SESSION

SECRET = "a secret of the proxy alone"


@pytest.fixture
def proxied(app, tmp_path):
    """A browser behind the proxy, as a person."""
    file = tmp_path / "proxy-secret"
    file.write_text(SECRET)
    served = app(oidc="", proxy_header="X-Remote-Email", proxy_secret_file=str(file))

    def of(email: str = "ana@fab.example", secret: str = SECRET) -> Browser:
        return Browser(served, headers={"X-Remote-Email": email, "X-Waferscope-Proxy": secret})

    return of


def test_the_proxy_s_word_lets_in_and_leads_back(proxied, member, trail):
    member("proxy")
    ana = proxied()
    assert ana.get("/wafers").headers["location"] == "/login?next=/wafers"
    came = ana.get("/login?next=/wafers")
    assert (came.status, came.headers["location"]) == (303, "/wafers")
    assert ana.get("/wafers").body == "inside as Ana"
    assert trail("sign-in")[0][3]["by"] == "proxy"


@pytest.mark.parametrize("secret", ["", "wrong"])
def test_a_header_that_anybody_could_send_lets_nobody_in(proxied, member, secret):
    member("proxy")
    forger = proxied(secret=secret)
    assert forger.get("/login").status == 200
    assert not forger.is_in


def test_without_the_setting_the_header_says_nothing(browser, member):
    member("proxy")
    forger = browser(oidc="")
    forger.headers = {"X-Remote-Email": "ana@fab.example", "X-Waferscope-Proxy": ""}
    assert forger.get("/login").status == 200


def test_accounts_that_sign_in_another_way_are_not_the_proxy_s(proxied, member, trail):
    member("local")
    member("oidc:fab", email="bob@fab.example", name="Bob")
    assert refusal(proxied().get("/login")) == OTHER_WAY
    assert refusal(proxied("bob@fab.example").get("/login")) == OTHER_WAY
    assert trail("sign-in")[0][1] == "sign-in.refused"


def test_somebody_unknown_gets_an_account_only_where_that_is_open(app, tmp_path, database):
    file = tmp_path / "proxy-secret"
    file.write_text(SECRET)
    given = {"oidc": "", "proxy_header": "X-Remote-Email", "proxy_secret_file": str(file)}
    headers = {"X-Remote-Email": "ana@fab.example", "X-Waferscope-Proxy": SECRET}
    assert refusal(Browser(app(**given), headers=headers).get("/login")) == UNKNOWN
    assert Browser(app(**given, proxy_sign_up=True), headers=headers).get("/login").status == 303
    with database.reading() as session:
        made = account_of(session, "ana@fab.example")
        assert (made.sign_in, made.role, made.products) == ("proxy", Role.VIEWER, [])


def test_a_session_stands_only_while_the_proxy_vouches_for_its_person(proxied, member):
    member("proxy")
    member("proxy", email="bob@fab.example", name="Bob")
    ana = proxied()
    ana.get("/login")
    cookie = {"cookie": f"{SESSION}={ana.cookies[SESSION]}"}
    assert ask(ana.app, "/wafers", headers=cookie).status == 303
    assert ask(ana.app, "/wafers", headers=cookie | proxied("bob@fab.example").headers).status == 303
    assert ask(ana.app, "/_stcore/stream", kind="websocket", headers=cookie).status == 1008
    bob = proxied("bob@fab.example")
    bob.cookies = dict(ana.cookies)
    bob.get("/login")
    assert bob.get("/wafers").body == "inside as Bob"


def test_who_signs_out_is_not_let_in_at_once(proxied, member):
    member("proxy")
    answer = proxied().get("/login?out=1")
    assert answer.status == 200
    assert SESSION not in answer.cookies
