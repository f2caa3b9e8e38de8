import pytest

from core.people.accounts import account_of, list_accounts
from core.people.leaving import deactivate
from core.people.roles import Role
from core.people.vouched import INACTIVE, NO_ROLE, OTHER_PERSON, OTHER_WAY, UNKNOWN
from tests.web.sign_in.conftest import ROOT, Browser, refusal
from web.cookies import SESSION
from web.sign_in.company import CANCELLED, MOST_TOLD, NO_EMAIL, NOT_BEGUN, OTHER_DOMAIN, UNVERIFIED

ROLES = """
[fab.roles]
claim = "groups"
of = { "wafer-eng" = "engineer", "wafer-label" = "annotator", "it" = "admin" }
[fab.products]
claim = "groups"
of = { "line-a" = ["A1", "A2"], "line-b" = "B1", "all-lines" = "*" }
"""


def account(database, email: str = "ana@fab.example"):
    with database.reading() as session:
        return account_of(session, email)


def test_somebody_with_an_account_comes_in_and_goes_where_they_wanted(browser, member, trail):
    number, ana = member(), browser()
    shown = ana.get("/login?next=/wafer%3Fkey%3DL1:W01")
    assert 'href="/login/oidc/fab?next=/wafer%3Fkey%3DL1%3AW01" autofocus>Sign in with Fab account</a>' in shown.body
    assert shown.body.count("autofocus") == 1
    came = ana.sign_in("/login/oidc/fab?next=/wafer%3Fkey%3DL1:W01")
    assert (came.status, came.headers["location"]) == (303, "/wafer?key=L1:W01")
    assert "HttpOnly" in came.cookies[SESSION]
    assert ana.get("/wafers").body == "inside as Ana"
    [(who, _, whose, said)] = trail("sign-in")
    assert (who, whose, said["by"]) == ("", f"account {number}", "oidc:fab")


def test_the_sign_in_page_leads_nowhere_where_no_provider_is_named(browser):
    assert "oidc" not in browser(oidc="").get("/login").body
    assert browser(oidc="").get("/login/oidc/fab").headers["location"] == "/login?next=/login/oidc/fab"


def test_what_is_sent_to_the_provider_holds_no_secret_of_the_browser(browser):
    ana = browser()
    answer = ana.get("/login/oidc/fab?next=//evil.example")
    place = answer.headers["location"]
    assert all(name in place for name in ("state=", "nonce=", "code_challenge=", "code_challenge_method=S256"))
    assert all(value not in place for value in ana.cookies.values())
    assert "evil" not in place
    assert "code_verifier" not in place
    cookie = answer.cookies["waferscope_provider"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Max-Age=600" in cookie


@pytest.mark.parametrize("state", ["", "x", "a.b.c.d", "a.9.c.d", "ä", "." * 3, "a" * 5000])
def test_a_foreign_state_lets_nobody_in(browser, member, trail, state):
    member()
    ana = browser()
    back = ana.begin()
    code = back.partition("code=")[2].partition("&")[0]
    assert refusal(ana.get(f"/login/oidc/fab/callback?code={code}&state={state}")) == NOT_BEGUN
    assert trail("sign-in")[0][3]["why"] == NOT_BEGUN


def test_a_state_of_another_browser_lets_nobody_in(app, member):
    member()
    served = app()
    mallory, ana = Browser(served), Browser(served)
    back = mallory.begin()
    ana.begin()  # so that there is a cookie
    assert refusal(ana.get(back)) == NOT_BEGUN
    assert not ana.is_in


def test_a_code_lets_in_once(browser, member):
    member()
    ana = browser()
    back = ana.begin()
    kept = dict(ana.cookies)
    assert ana.get(back).status == 303
    assert refusal(ana.get(back)) == NOT_BEGUN  # the browser's cookie is gone
    again = Browser(ana.app, kept)
    assert "does not take the code" in refusal(again.get(back))
    assert not again.is_in


def test_who_turns_back_at_the_provider_is_told_so(browser, trail):
    ana = browser()
    state = ana.begin().partition("state=")[2]
    sentence = refusal(ana.get(f"/login/oidc/fab/callback?error=access_denied&error_description=<b>&state={state}"))
    assert sentence == CANCELLED
    assert trail("sign-in.refused")[0][:3] == ("nobody", "sign-in.refused", "no account")


def test_somebody_unknown_stays_outside(browser, database, trail):
    assert refusal(browser().sign_in()) == UNKNOWN
    assert account(database) is None
    assert "ana@fab.example" not in str(trail())


def test_sign_up_makes_an_account_where_the_file_says_so(browser, database, trail):
    ana = browser('sign_up = true\nsign_up_role = "annotator"\nsign_up_products = ["A1"]')
    assert ana.sign_in().status == 303
    made = account(database)
    assert (made.name, made.role, made.products, made.sign_in) == ("Ana Novak", Role.ANNOTATOR, ["A1"], "oidc:fab")
    assert trail("account.add")[0][0] == "oidc:fab"


def test_of_two_people_of_one_name_the_second_is_told_apart(browser, database, member):
    member(email="other@fab.example", name="ana novak")
    assert browser("sign_up = true").sign_in().status == 303
    assert account(database).name == "Ana Novak (ana@fab.example)"


def test_an_account_with_a_password_is_not_taken_over(browser, database, member, trail):
    number = member("local")
    assert refusal(browser().sign_in()) == OTHER_WAY
    assert refusal(browser("sign_up = true").sign_in()) == OTHER_WAY
    assert account(database).sign_in == "local"
    assert trail("sign-in")[0][2] == f"account {number}"


def test_it_is_taken_over_where_the_file_says_so(browser, database, member, trail):
    member("local")
    assert browser("take_over = true").sign_in().status == 303
    assert account(database).sign_in == "oidc:fab"
    assert trail("account.sign-in")[0][3] == {"from": "local", "to": "oidc:fab"}


def test_a_person_is_known_by_their_subject_and_not_by_an_address_that_somebody_else_has_now(browser, member, provider):
    member()
    ana = browser()
    assert ana.sign_in().status == 303
    provider.person["email"] = "ana.married@fab.example"
    assert ana.sign_in().status == 303
    provider.person |= {"sub": "u-2", "email": "ana@fab.example"}
    assert refusal(Browser(ana.app).sign_in()) == OTHER_PERSON


def test_who_was_deactivated_stays_outside(browser, database, member):
    number, ana = member(), browser()
    assert ana.sign_in().status == 303
    with database.writing() as session:
        deactivate(session, ROOT, number)
    assert refusal(Browser(ana.app).sign_in()) == INACTIVE


@pytest.mark.parametrize(("said", "sentence"), [({"email_verified": False}, UNVERIFIED), ({"email": None}, NO_EMAIL)])
def test_an_address_that_nobody_vouches_for_lets_nobody_in(browser, member, provider, said, sentence):
    member()
    provider.changed = said
    provider.userinfo = {"sub": "u-1"}
    assert refusal(browser().sign_in()) == sentence.format(title="Fab account")


def test_a_provider_that_gives_addresses_itself_can_be_trusted(browser, member, provider):
    member()
    provider.person.pop("email_verified")
    assert browser("trust_email = true").sign_in().status == 303


def test_an_address_of_another_domain_lets_nobody_in(browser, provider):
    domains = 'sign_up = true\nemail_domains = ["fab.example"]'
    for email in ("ana@evil.example", "ana@fab.example.evil.example", "ana@x.fab.example", "ana@evil.example@"):
        provider.person["email"] = email
        assert refusal(browser(domains).sign_in()) == OTHER_DOMAIN
    provider.person["email"] = "Ana@FAB.example"
    assert browser(domains).sign_in().status == 303


def test_claims_decide_on_role_and_products_at_each_sign_in(browser, database, member, provider, trail):
    member()
    ana = browser(ROLES)
    provider.person["groups"] = ["wafer-label", "wafer-eng", "line-a", "line-b", "unknown"]
    assert ana.sign_in().status == 303
    assert (account(database).role, account(database).products) == (Role.ENGINEER, ["A1", "A2", "B1"])
    assert trail("account.role")[0][3] == {"from": "viewer", "to": "engineer"}
    assert trail("account.products")[0][0] == "oidc:fab"
    provider.person["groups"] = ["wafer-label", "all-lines"]
    assert ana.sign_in().status == 303
    assert (account(database).role, account(database).products) == (Role.ANNOTATOR, None)
    before = len(trail("account."))
    assert ana.sign_in().status == 303
    assert len(trail("account.")) == before
    provider.person["groups"] = ["unknown"]
    assert refusal(ana.sign_in()) == NO_ROLE
    assert account(database).role is Role.ANNOTATOR


def test_the_last_admin_stays_one(browser, database, member, provider, trail):
    member(role=Role.ADMIN)
    provider.person["groups"] = "wafer-label"
    assert browser(ROLES).sign_in().status == 303
    assert account(database).role is Role.ADMIN
    assert trail("account.role")[0][1] == "account.role-kept"


def test_who_signs_in_anew_leaves_the_session_before(browser, member):
    member()
    ana = browser()
    ana.sign_in()
    before = dict(ana.cookies)
    ana.sign_in()
    assert before[SESSION] != ana.cookies[SESSION]
    assert not Browser(ana.app, before).is_in


def test_a_name_of_a_provider_stays_a_text(browser, database, provider):
    provider.person["name"] = "<script>alert(1)</script>"
    assert browser("sign_up = true").sign_in().status == 303
    with database.reading() as session:
        assert [a.name for a in list_accounts(session)] == ["<script>alert(1)</script>"]


def test_whoever_asks_a_thousand_times_does_not_fill_the_trail(browser, trail):
    ana = browser()
    for _ in range(MOST_TOLD + 20):
        assert refusal(ana.get("/login/oidc/fab/callback?state=x")) == NOT_BEGUN
    assert len(trail("sign-in")) == MOST_TOLD
