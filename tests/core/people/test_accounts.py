import pytest

from core.database.audit import entries
from core.people.accounts import (
    account_of,
    activate,
    add_account,
    change_role,
    email_of,
    find_account,
    list_accounts,
    set_products,
)
from core.people.leaving import deactivate
from core.people.roles import Role
from data.errors import AccountError, AppDatabaseError, NotAllowedError
from tests.core.people.conftest import SYSTEM


def test_an_account_is_found_by_its_address_however_it_is_written(database):
    with database.writing() as session:
        made = add_account(session, SYSTEM, " Ana@Fab.Example ", "Ana  Novak", Role.VIEWER, ["B", "A", "A ", ""])
    with database.reading() as session:
        found = account_of(session, "ANA@fab.example")
        assert found.id == made.id
        assert (found.name, found.email, found.products) == ("Ana Novak", "ana@fab.example", ["A", "B"])
        assert [account.id for account in list_accounts(session)] == [made.id]
        assert account_of(session, "ben@fab.example") is None


@pytest.mark.parametrize(
    "text", ["", "ana", "@fab", "ana@", "a na@fab", "ana@fab\n.example", f"{'a' * 250}@fab.example"]
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(AccountError, match="e-mail"):
        email_of(text)


@pytest.mark.parametrize("name", ["", "   ", "a\x00b", "x" * 201])
def test_a_name_that_nobody_can_see_is_refused(database, name):
    with database.writing() as session, pytest.raises(AccountError, match="name"):
        add_account(session, SYSTEM, "ana@fab.example", name, Role.VIEWER)


@pytest.mark.parametrize(
    ("email", "name", "words"), [("ANA@fab.example", "Other", "e-mail"), ("b@fab.example", "ANA NOVAK", "name")]
)
def test_addresses_and_names_are_had_once(database, member, email, name, words):
    member("Ana Novak")
    with database.writing() as session, pytest.raises(AccountError, match=f"this {words} already"):
        add_account(session, SYSTEM, email, name, Role.VIEWER)


def test_only_an_admin_changes_accounts_and_the_trail_names_them_by_number(database, member):
    admin, ana = member("Eve", Role.ADMIN), member()
    for change in (
        lambda s, p: add_account(s, p, "x@fab.example", "X", Role.VIEWER),
        lambda s, p: change_role(s, p, ana.id, Role.ADMIN),
        lambda s, p: set_products(s, p, ana.id, None),
        lambda s, p: activate(s, p, ana.id),
        lambda s, p: deactivate(s, p, ana.id),
    ):
        with database.writing() as session, pytest.raises(NotAllowedError):
            change(session, ana)
    with database.writing() as session:
        change_role(session, admin, ana.id, Role.VIEWER)
        set_products(session, admin, ana.id, ["A"])
    with database.reading() as session:
        found = find_account(session, ana.id)
        assert (found.role, found.products) == (Role.VIEWER, ["A"])
        newest = entries(session, f"account {ana.id}", limit=2)
        assert [(e.action, e.details) for e in newest] == [
            ("account.products", {"from": None, "to": ["A"]}),
            ("account.role", {"from": "engineer", "to": "viewer"}),
        ]


def test_the_last_active_admin_stays_one(database, member):
    first = member("Eve", Role.ADMIN)
    for take_away in (lambda s: change_role(s, first, first.id, Role.VIEWER), lambda s: deactivate(s, first, first.id)):
        with database.writing() as session, pytest.raises(AccountError, match="only active admin"):
            take_away(session)
    second = member("Ben", Role.ADMIN)
    with database.writing() as session:
        deactivate(session, second, first.id)
        activate(session, second, first.id)
        change_role(session, second, first.id, Role.VIEWER)


def test_an_account_that_is_not_there_is_said(database):
    with database.reading() as session, pytest.raises(AppDatabaseError, match="no such account"):
        find_account(session, 9)
