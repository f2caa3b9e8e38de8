import pytest
from joserfc.jwk import RSAKey

from core.people.providers import read_providers
from data.errors import AccountError
from tests.web.sign_in.conftest import refusal
from web.sign_in.provider_talk import ProviderTalk
from web.sign_in.underway import begin


@pytest.fixture
def talk(table):
    """Return what talks with the provider, with a patience of its own."""
    return lambda **patience: ProviderTalk(read_providers(table())["fab"], "http://localhost/back", **patience)


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": 1_000_000_000, "iat": 999_999_000},
        {"exp": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": ["waferscope", "another"]},
        {"azp": "another"},
        {"iss": "http://127.0.0.1:1"},
        {"nonce": "another"},
        {"nonce": None},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"sub": None},
        {"sub": 7},
        {"sub": ""},
        {"exp": "never"},
        {"at_hash": "AAAA"},
        {"at_hash": 7},
        {"iat": "never"},
        {"aud": {"waferscope": True}},
    ],
)
def test_what_does_not_hold_lets_nobody_in(browser, member, provider, trail, changed):
    member()
    provider.changed = changed
    ana = browser()
    assert "what it says of you does not hold" in refusal(ana.sign_in())
    assert not ana.is_in
    assert trail("sign-in")[0][1] == "sign-in.refused"


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_signature_that_anybody_could_make_counts_for_nothing(browser, member, provider, algorithm):
    member()
    provider.algorithm = algorithm
    assert "does not hold" in refusal(browser().sign_in())


def test_a_signature_by_another_key_of_the_same_name_counts_for_nothing(browser, member, provider):
    member()
    provider.stolen_key = RSAKey.generate_key(2048)
    assert "does not hold" in refusal(browser().sign_in())
    assert provider.asked.count("/keys") == 2


def test_keys_that_were_changed_are_asked_for_once_more(browser, member, provider):
    member()
    ana = browser()
    assert ana.sign_in().status == 303
    assert ana.sign_in().status == 303
    assert provider.asked.count("/keys") == 1
    provider.rotate()
    assert ana.sign_in().status == 303
    assert provider.asked.count("/keys") == 2


def test_a_provider_that_is_not_there_is_one_sentence(browser, trail):
    refused = refusal(browser(issuer="http://127.0.0.1:9").get("/login/oidc/fab"))
    assert (
        refused
        == "Fab account: it cannot be reached, or does not answer in time. Try again later, or sign in another way."
    )
    assert trail("sign-in.refused")[0][3]["by"] == "oidc:fab"


def test_a_provider_that_does_not_answer_in_time_is_one_sentence(talk, provider):
    hasty = talk(seconds=0.2)
    journey = begin("t" * 43, "fab", "/")
    hasty.address(journey)
    provider.slow = 1.0
    with pytest.raises(AccountError, match="does not answer in time"):
        hasty.claims(journey, "code")


@pytest.mark.parametrize(
    "about",
    [
        {"token_endpoint": "http://127.0.0.1:9/token"},
        {"jwks_uri": "https://evil.example/keys"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"issuer": "http://127.0.0.1:9"},
    ],
)
def test_nothing_is_asked_but_what_the_file_names(browser, provider, about):
    provider.about = about
    refused = refusal(browser().get("/login/oidc/fab"))
    assert "not named in hosts" in refused or "by another address" in refused
    assert provider.asked == ["/.well-known/openid-configuration"]


def test_a_redirect_is_not_followed(browser, provider):
    provider.about = {"jwks_uri": f"{provider.issuer}/moved"}
    assert "it answered 302" in refusal(browser().get("/login/oidc/fab"))
    assert provider.asked[-1] == "/moved"


def test_what_is_said_of_a_person_elsewhere_counts_if_it_is_the_same_person(browser, member, provider):
    member()
    provider.userinfo = {"sub": "u-1", "email": provider.person.pop("email"), "email_verified": True}
    assert browser().sign_in().status == 303
    provider.userinfo["sub"] = "u-2"
    assert "somebody else" in refusal(browser().sign_in())


def test_one_that_could_not_be_asked_is_left_alone_for_a_moment(talk, provider):
    patient, restless = talk(), talk(failed_seconds=0.0)
    journey = begin("t" * 43, "fab", "/")
    provider.about = {"issuer": "http://127.0.0.1:9"}
    for one in (patient, restless):
        with pytest.raises(AccountError, match="by another address"):
            one.address(journey)
    provider.about = {}
    before = len(provider.asked)
    with pytest.raises(AccountError, match="by another address"):
        patient.address(journey)
    assert len(provider.asked) == before
    assert restless.address(journey).startswith(provider.issuer)


def test_no_proxy_of_the_environment_is_asked(browser, member, monkeypatch):
    member()
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert browser().sign_in().status == 303


def test_one_that_takes_the_secret_in_the_form_gets_it_there(browser, member, provider):
    member()
    provider.about = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert browser().sign_in().status == 303


def test_the_secret_is_read_anew_and_its_absence_is_a_sentence(browser, member, tmp_path):
    member()
    ana = browser()
    ana.sign_in()
    (tmp_path / "secret").unlink()
    sentence = refusal(ana.get("/login/oidc/fab"))
    assert "cannot be read" in sentence


def test_a_wrong_secret_is_said_as_that(browser, member, tmp_path):
    member()
    ana = browser()
    (tmp_path / "secret").write_text("wrong")
    assert "does not take this app" in refusal(ana.sign_in())
