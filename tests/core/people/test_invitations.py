import pytest

from core.people.accounts import account_of, acting
from core.people.invitations import accept, account_of_link, invite, invite_again, reset
from core.people.leaving import deactivate
from core.people.passwords import password_of, verify
from core.people.roles import Role
from core.people.sessions import open_session, session_of
from data.errors import AccountError, NotAllowedError, PasswordError
from tests.core.people.conftest import PASSWORD, SYSTEM

EMAIL = "ana@fab.example"


def invited(database) -> str:
    with database.writing() as session:
        return invite(session, SYSTEM, EMAIL, "Ana Novak", Role.ANNOTATOR, ["P1"])


def test_an_invitation_sets_a_password_once(database):
    token = invited(database)
    with database.writing() as session:
        assert account_of_link(session, token).email == EMAIL
        account = accept(session, token, PASSWORD)
        assert acting(account).products == ("P1",)
        assert verify(password_of(session, account.id), PASSWORD)
    with database.writing() as session:
        assert account_of_link(session, token) is None
        with pytest.raises(AccountError, match="used already"):
            accept(session, token, "another password it is")


def test_a_password_that_is_refused_leaves_the_link_as_it_was(database):
    token = invited(database)
    with pytest.raises(PasswordError), database.writing() as session:
        accept(session, token, "short")
    with database.writing() as session:
        assert accept(session, token, PASSWORD)


@pytest.mark.parametrize(("hours", "stands"), [(71.9, True), (72.1, False)])
def test_an_invitation_ends_after_three_days(database, later, hours, stands):
    token = invited(database)
    later(hours)
    with database.reading() as session:
        assert (account_of_link(session, token) is not None) is stands


def test_a_newer_link_makes_the_one_before_worth_nothing(database):
    first = invited(database)
    with database.writing() as session:
        second = invite_again(session, SYSTEM, account_of(session, EMAIL).id)
        assert account_of_link(session, first) is None
        assert account_of_link(session, second)


def test_a_reset_signs_out_everywhere_and_stands_for_an_hour(database, member, later):
    ana = member()
    with database.writing() as session:
        browser = open_session(session, ana.id, address="a", browser="b")
        token = reset(session, SYSTEM, ana.id)
    with database.writing() as session:
        assert session_of(session, browser)
        accept(session, token, "a wholly other sentence")
        assert session_of(session, browser) is None
        token = reset(session, SYSTEM, ana.id)
    later(1.1)
    with database.reading() as session:
        assert account_of_link(session, token) is None


def test_who_may_not_change_accounts_makes_no_links(database, member):
    ana = member()
    for make in (
        lambda s: invite(s, ana, "x@fab.example", "X", Role.ADMIN),
        lambda s: reset(s, ana, ana.id),
        lambda s: invite_again(s, ana, ana.id),
    ):
        with database.writing() as session, pytest.raises(NotAllowedError):
            make(session)


def test_who_is_deactivated_or_signs_in_elsewhere_gets_no_link(database, member):
    ana = member()
    with database.writing() as session:
        account_of(session, EMAIL).sign_in = "oidc:company"
        with pytest.raises(AccountError, match="oidc:company"):
            reset(session, SYSTEM, ana.id)
        account_of(session, EMAIL).sign_in = "local"
        deactivate(session, SYSTEM, ana.id)
        with pytest.raises(AccountError, match="not active"):
            reset(session, SYSTEM, ana.id)
