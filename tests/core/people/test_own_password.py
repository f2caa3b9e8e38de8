import pytest

from core.database.audit import entries
from core.identity import Person
from core.people.accounts import acting, add_account
from core.people.lockout import FAILURES
from core.people.own_password import change_password
from core.people.roles import Role
from core.people.sessions import open_session, session_of
from core.people.signing_in import Refused, SignedIn, sign_in
from data.errors import AccountError, PasswordError
from tests.core.people.conftest import PASSWORD

NEW = "a wholly other sentence"


def came_in(database, password) -> bool:
    return isinstance(sign_in(database, "ana@fab.example", password, address="a", browser="b"), SignedIn)


def test_a_new_password_signs_out_every_other_browser(database, member):
    ana = member()
    with database.writing() as session:
        here, there = (open_session(session, ana.id, address="a", browser=b) for b in "ht")
        kept = session_of(session, here).id
    change_password(database, ana, PASSWORD, NEW, session_id=kept)
    with database.reading() as session:
        assert session_of(session, here)
        assert session_of(session, there) is None
    assert came_in(database, NEW)
    assert not came_in(database, PASSWORD)


@pytest.mark.parametrize(("old", "new"), [("wrong", NEW), (PASSWORD, "short"), (PASSWORD, "password1234")])
def test_what_is_not_right_changes_nothing(database, member, old, new):
    ana = member()
    with pytest.raises(PasswordError):
        change_password(database, ana, old, new, session_id=None)
    assert came_in(database, PASSWORD)


def test_the_present_password_cannot_be_tried_out_here_either(database, member):
    ana = member()
    for _ in range(FAILURES):
        with pytest.raises(PasswordError, match="present one"):
            change_password(database, ana, "wrong", NEW, session_id=None)
    with pytest.raises(AccountError, match="too many"):
        change_password(database, ana, PASSWORD, NEW, session_id=None)
    assert isinstance(sign_in(database, "ana@fab.example", PASSWORD, address="a", browser="b"), Refused)
    with database.reading() as session:
        assert entries(session, f"account {ana.id}")[0].action == "account.password-refused"


def test_there_must_be_a_password_to_change(database, member):
    with pytest.raises(AccountError, match="no account"):
        change_password(database, Person("root"), PASSWORD, NEW, session_id=None)
    with database.writing() as session:
        account = add_account(session, Person("root"), "ben@fab.example", "Ben", Role.VIEWER, sign_in="proxy")
        ben = acting(account)
    with pytest.raises(AccountError, match="without a password"):
        change_password(database, ben, PASSWORD, NEW, session_id=None)
