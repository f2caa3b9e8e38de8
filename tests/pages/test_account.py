import json

import pytest

from core.people.accounts import find_account
from core.people.keys import key_of, list_keys
from core.people.roles import Permission, Role
from core.people.second_factor import codes_left, has_second_factor
from core.people.sessions import list_sessions, open_session
from core.people.signing_in import SignedIn
from core.people.signing_in import sign_in as come_in
from tests.pages.conftest import PASSWORD
from tests.pages.people_examples import button, code_of, field, words

NEW = "a wholly other sentence"


@pytest.fixture
def account(open_page, own_home, sign_in):
    """Open a part of one's own account."""

    def opened(view, role=Role.ENGINEER):
        opened.person = sign_in(role)
        app = open_page("account", home=own_home, show_account=view)
        assert not app.exception
        return app

    return opened


def test_without_accounts_the_page_says_that_nobody_signs_in_and_how_to_change_that(open_page):
    app = open_page("account")
    assert "Nobody signs in here" in words(app)
    assert "WAFERSCOPE_ACCOUNTS=on" in app.code[0].value
    assert not app.exception


@pytest.mark.parametrize("view", ["nonsense", "Profile"])
def test_the_profile_says_who_one_is_and_what_one_may_do(account, view):
    app = account(view)
    for said in ("Ana Novak", "ana\\@fab", "engineer", "all products", "password", "- take wafers in"):
        assert said.replace("\\", "") in words(app).replace("\\", "").replace(":gray[]", "")
    assert "Not: choose what is labelled next" in words(app)


def test_ones_data_are_offered_as_files(account):
    app = account("Profile")
    assert [one.label for one in app.get("download_button")] == ["Download JSON", "Download CSV"]


def test_a_password_is_changed_by_the_one_before(account, database):
    app = account("Sign-in")
    for old, new, again, said in (
        (PASSWORD, NEW, "another", "the two differ"),
        ("wrong", NEW, NEW, "is not right"),
        (PASSWORD, "short", "short", "12"),
    ):
        for label, text in (("Present password", old), ("New password", new), ("The same again", again)):
            field(app, label).set_value(text)
        app = button(app, "Change password").click().run()
        assert said in app.error[0].value
        assert "Second factor" in words(app)
    for label, text in (("Present password", PASSWORD), ("New password", NEW), ("The same again", NEW)):
        field(app, label).set_value(text)
    app = button(app, "Change password").click().run()
    assert "changed" in app.success[0].value
    assert isinstance(come_in(database, "ana@fab.example", NEW, address="a", browser="b"), SignedIn)


def test_a_second_factor_is_set_up_by_a_code_and_taken_away_by_a_recovery_code(account, database):
    app = account("Sign-in")
    app = button(app, "Set up a second factor").click().run()
    secret = app.code[0].value
    field(app, "Code").set_value("000000")
    app = button(app, "Turn on").click().run()
    assert "not the one that the app shows" in app.error[0].value
    field(app, "Code").set_value(code_of(secret))
    app = button(app, "Turn on").click().run()
    codes = app.code[0].value.split()
    assert len(codes) == 10
    assert secret not in words(app)
    app = button(app, "I have it").click().run()
    assert not app.code
    field(app, "Code of the app, or a recovery code").set_value(codes[0])
    app = button(app, "New recovery codes").click().run()
    renewed = app.code[0].value.split()
    assert set(renewed).isdisjoint(codes)
    field(app, "Code of the app, or a recovery code").set_value("nonsense")
    app = button(app, "Take away").click().run()
    assert "not right" in app.error[0].value
    with database.reading() as session:
        assert codes_left(session, account.person.id) == 10
    field(app, "Code of the app, or a recovery code").set_value(renewed[0])
    app = button(app, "Take away").click().run()
    with database.reading() as session:
        assert not has_second_factor(session, account.person.id)
    assert button(app, "Set up a second factor")


def test_other_browsers_are_signed_out_one_by_one_or_all_at_once(account, database):
    app = account("Sessions")
    assert [one.label for one in app.button if one.label.startswith("End")] == []
    with database.writing() as session:
        for n in range(3):
            open_session(session, account.person.id, address=f"10.0.1.{n}", browser="Chrome/140 on Windows")
    app = app.run()
    assert "this browser" in app.markdown[1].value + app.markdown[0].value
    assert words(app).count("Chrome on Windows") == 3
    app = button(app, "End").click().run()
    with database.reading() as session:
        assert len(list_sessions(session, account.person.id)) == 3
    button(app, "End all others").click().run()
    with database.reading() as session:
        [kept] = list_sessions(session, account.person.id)
    assert kept.address == "10.0.0.7"


def test_a_key_is_shown_once_put_in_place_of_another_and_taken_back(account, database):
    app = account("Keys", Role.VIEWER)
    [scopes] = app.multiselect
    assert not any("export.write" in option for option in scopes.options)
    app = button(app, "Make key").click().run()
    assert "1 to 200 characters" in app.error[0].value
    field(app, "Name of a new key").set_value("robot *bold*")
    app.multiselect[0].set_value([Permission.WAFER_READ])
    app = button(app, "Make key").click().run()
    key = app.code[0].value
    assert not app.error
    with database.reading() as session:
        assert key_of(session, key)[1] == ("wafer_map.read",)
    app = button(app, "I have it").click().run()
    assert not app.code
    app = button(app, "Make the new key").click().run()
    other = app.code[0].value
    with database.reading() as session:
        assert key_of(session, key)
        assert key_of(session, other)
    for _ in range(2):
        app = button(app, "Revoke this key").click().run()
    with database.reading() as session:
        assert key_of(session, key) is key_of(session, other) is None
        assert len(list_keys(session, account.person.id)) == 2
    assert len(app.dataframe[0].value) == 2


def test_a_secret_goes_when_the_page_is_left(account):
    app = account("Sign-in")
    app = button(app, "Set up a second factor").click().run()
    assert app.code
    app = app.switch_page("../overview.py").run().switch_page("../account.py")
    app.query_params["show_account"] = "Sign-in"
    assert not app.run().code


def test_whoever_has_been_deactivated_sees_nothing(account, database):
    app = account("Profile")
    with database.writing() as session:
        find_account(session, account.person.id).active = False
    app = app.run()
    assert "Nobody has signed in here" in app.error[0].value
    assert "ana" not in json.dumps([one.value for one in app.markdown])
