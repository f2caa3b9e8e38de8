from dataclasses import replace

import pytest

from core.database.audit import entries
from core.people.accounts import account_of, add_account, find_account
from core.people.claims import ALL
from core.people.roles import Role
from core.people.sessions import list_sessions, session_of
from core.people.signing_in import Refused, SignedIn, sign_in
from core.people.vouched import (
    NO_EMAIL,
    NO_NAME,
    NO_ROLE,
    OTHER_PERSON,
    OTHER_WAY,
    UNKNOWN,
    Admission,
    Vouched,
    let_in_vouched,
)
from tests.core.people.conftest import PASSWORD, SYSTEM

ANA = Vouched("oidc:fab", "https://fab.example u-1", "ana@fab.example", "Ana Novak")
CLOSED = Admission()
OPEN = Admission(sign_up=True, products=("A1",))


@pytest.fixture
def come(database):
    return lambda vouched=ANA, admission=CLOSED: let_in_vouched(
        database, vouched, admission, address="10.0.0.7", browser="Firefox"
    )


@pytest.fixture
def account(database):
    def read(email: str = "ana@fab.example"):
        with database.reading() as session:
            return account_of(session, email)

    return read


def test_an_invited_person_comes_in_and_is_known_from_then_on(database, come, account):
    with database.writing() as session:
        number = add_account(session, SYSTEM, "Ana@fab.example", "Ana", Role.VIEWER, sign_in="oidc:fab").id
    came = come()
    assert isinstance(came, SignedIn)
    with database.reading() as session:
        assert session_of(session, came.token).person.id == number
    assert isinstance(come(replace(ANA, email="new@fab.example")), SignedIn)
    assert come(replace(ANA, subject="https://fab.example u-2")) == Refused(OTHER_PERSON)
    assert come(replace(ANA, subject="https://other.example u-1")) == Refused(OTHER_PERSON)


def test_nobody_gets_an_account_unless_that_is_open(come, account):
    assert come() == Refused(UNKNOWN)
    assert account() is None
    assert isinstance(come(admission=OPEN), SignedIn)
    assert (account().role, account().products) == (Role.VIEWER, ["A1"])
    assert isinstance(come(), SignedIn)


@pytest.mark.parametrize(
    "email", ["", "ana", "@", "a\x00@fab.example", "\ud800@fab.example", "a" * 300 + "@fab.example"]
)
def test_no_account_is_looked_for_or_made_of_what_is_no_address(come, email):
    assert come(replace(ANA, email=email), OPEN) == Refused(NO_EMAIL)


@pytest.mark.parametrize("name", ["\ud800", "a\x00b", "x" * 500])
def test_a_name_that_nobody_can_have_is_no_error(come, name):
    assert isinstance(come(replace(ANA, name=name), OPEN), Refused | SignedIn)


def test_a_name_that_is_taken_twice_is_no_error(database, come):
    with database.writing() as session:
        add_account(session, SYSTEM, "b@fab.example", "Ana Novak", Role.VIEWER)
        add_account(session, SYSTEM, "c@fab.example", "Ana Novak (ana@fab.example)", Role.VIEWER)
    assert come(admission=OPEN) == Refused(NO_NAME)


def test_an_account_with_a_password_becomes_the_provider_s_only_where_that_is_said(database, come, member, account):
    ana = member()
    signed = sign_in(database, "ana@fab.example", PASSWORD, address="", browser="")
    assert come(admission=OPEN) == Refused(OTHER_WAY)
    assert isinstance(come(admission=Admission(take_over=True)), SignedIn)
    assert account().sign_in == "oidc:fab"
    with database.reading() as session:
        assert session_of(session, signed.token) is None
        assert len(list_sessions(session, ana.id)) == 1
    assert isinstance(sign_in(database, "ana@fab.example", PASSWORD, address="", browser=""), Refused)


def test_an_account_that_was_given_another_way_since_is_not_the_provider_s(database, come, account):
    come(admission=OPEN)
    with database.writing() as session:
        find_account(session, account().id).sign_in = "local"
    assert come() == Refused(OTHER_WAY)


def test_role_and_products_are_those_that_are_said(come, account):
    come(admission=OPEN)
    come(replace(ANA, role=Role.ENGINEER, products=(ALL,)))
    assert (account().role, account().products) == (Role.ENGINEER, None)
    come(replace(ANA, products=()))
    assert (account().role, account().products) == (Role.ENGINEER, [])
    assert come(replace(ANA, without_role=True)) == Refused(NO_ROLE)


def test_the_trail_holds_no_address_of_whoever_stayed_outside(database, come):
    come()
    with database.reading() as session:
        [entry] = entries(session)
        assert (entry.action, entry.person, entry.subject) == ("sign-in.refused", "nobody", "no account")
        assert entry.details == {"by": "oidc:fab", "why": UNKNOWN, "browser": "Firefox"}
