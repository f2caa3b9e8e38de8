import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.database.schema import now
from core.identity import Person
from core.people.accounts import change_role
from core.people.keys import key_of, list_keys, make_key, revoke, rotate, stands, use_key
from core.people.roles import Permission, Role, may
from data.errors import AccountError, NotAllowedError
from tests.core.people.conftest import SYSTEM


@pytest.fixture
def ana(member):
    return member(products=["P1"])


def made(database, person, scopes=(Permission.EXPORT_WRITE,), ends_at=None) -> str:
    with database.writing() as session:
        return make_key(session, person, "robot", scopes, ends_at)


def holder(database, text):
    with database.reading() as session:
        found = key_of(session, text)
    return found[0] if found else None


def test_a_key_acts_as_its_owner_within_its_scopes_and_is_kept_nowhere(database, ana):
    key = made(database, ana)
    assert re.fullmatch(r"ws_[0-9a-f]{8}_[0-9a-f]{32}", key)
    person = holder(database, key)
    assert (person.name, person.id, person.products, person.scopes) == (ana.name, ana.id, ("P1",), ("export.write",))
    assert may(person, Permission.EXPORT_WRITE)
    assert not may(person, Permission.ANNOTATION_WRITE)
    with database.reading() as session:
        assert key.rpartition("_")[2] not in str(session.execute(text("SELECT * FROM api_keys")).all())


def test_a_key_loses_what_its_owner_loses(database, ana):
    key = made(database, ana)
    with database.writing() as session:
        change_role(session, SYSTEM, ana.id, Role.VIEWER)
    assert not may(holder(database, key), Permission.EXPORT_WRITE)


def test_what_is_not_a_key_leads_to_nobody(database, ana):
    key = made(database, ana)
    for other in (
        "",
        "ws_",
        key[:-1],
        key + "0",
        key.upper(),
        f"xx{key[2:]}",
        key[:12] + "0" * 32,
        "ws_\ud800",
        f" {key}",
    ):
        assert holder(database, other) is None, other


@pytest.mark.parametrize(("scopes", "error"), [((Permission.USER_WRITE,), NotAllowedError), ((), AccountError)])
def test_a_key_has_scopes_and_none_that_its_owner_has_not(database, ana, scopes, error):
    with pytest.raises(error):
        made(database, ana, scopes)


def test_a_key_has_a_name_an_owner_and_an_end_that_is_to_come(database, ana):
    with database.writing() as session:
        for person, name, ends_at, words in (
            (ana, "  ", None, "name"),
            (Person("root"), "robot", None, "belongs to an account"),
            (ana, "robot", now() - timedelta(seconds=1), "passed"),
        ):
            with pytest.raises(AccountError, match=words):
                make_key(session, person, name, [Permission.EXPORT_WRITE], ends_at)


def test_a_key_makes_no_key_that_may_more_than_itself(database, ana):
    narrow = holder(database, made(database, ana, (Permission.ACCOUNT_WRITE,)))
    with pytest.raises(NotAllowedError):
        made(database, narrow, (Permission.EXPORT_WRITE,))


def test_a_key_ends(database, ana, later):
    key = made(database, ana, ends_at=now() + timedelta(hours=2))
    assert holder(database, key)
    later(2.1)
    assert holder(database, key) is None


def test_a_revoked_key_is_worth_nothing(database, ana, member):
    key, ben = made(database, ana), member("Ben Ross")
    with database.writing() as session:
        (row,) = list_keys(session, ana.id)
        with pytest.raises(NotAllowedError):
            revoke(session, ben, row.id)
        with pytest.raises(NotAllowedError):
            rotate(session, ben, row.id)
        revoke(session, ana, row.id)
        assert not stands(row)
        with pytest.raises(AccountError, match="ended"):
            rotate(session, ana, row.id)
    assert holder(database, key) is None


def test_the_old_key_works_for_a_while_beside_the_new_one(database, ana, later):
    old = made(database, ana, ends_at=now() + timedelta(hours=100))
    with database.writing() as session:
        new = rotate(session, ana, list_keys(session, ana.id)[0].id, overlap_hours=5)
    later(4.9)
    assert holder(database, old).scopes == holder(database, new).scopes == ("export.write",)
    later(0.2)
    assert holder(database, old) is None
    assert holder(database, new)
    later(96)
    assert holder(database, new) is None


def test_when_and_from_where_a_key_was_used_is_kept(database, ana):
    key = made(database, ana)
    with database.writing() as session:
        assert list_keys(session, ana.id)[0].last_used_at is None
        use_key(session, key, address="10.0.0.9")
        use_key(session, "ws_no", address="10.0.0.9")
        (row,) = list_keys(session, ana.id)
    assert row.last_address == "10.0.0.9"
    assert now() - row.last_used_at < timedelta(minutes=1)
