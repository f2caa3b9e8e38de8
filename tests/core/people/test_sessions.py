import pytest
from sqlalchemy import text

from core.people.accounts import change_role, find_account
from core.people.roles import Role
from core.people.sessions import (
    end_all,
    end_session,
    is_stale,
    list_sessions,
    open_session,
    session_of,
    touch,
)
from tests.core.people.conftest import SYSTEM


@pytest.fixture
def ana(member):
    return member()


def opened(database, person, address="10.0.0.1") -> str:
    with database.writing() as session:
        return open_session(session, person.id, address=address, browser="Firefox")


def visit(database, token):
    with database.reading() as session:
        return session_of(session, token)


def test_a_token_leads_to_who_has_signed_in_and_is_kept_nowhere(database, ana):
    token = opened(database, ana)
    found = visit(database, token)
    assert found.person == ana
    assert (found.address, found.browser) == ("10.0.0.1", "Firefox")
    assert len(token) >= 43
    with database.reading() as session:
        assert token not in str(session.execute(text("SELECT * FROM sessions")).all())


@pytest.mark.parametrize("token", ["", "x", "\ud800", "a" * 10_000])
def test_what_was_never_given_out_leads_nowhere(database, ana, token):
    opened(database, ana)
    assert visit(database, token) is None


def test_a_session_ends_when_nobody_uses_it(database, ana, later):
    token = opened(database, ana)
    later(11.9)
    assert is_stale(visit(database, token))
    with database.writing() as session:
        touch(session, session_of(session, token))
    later(11.9)
    assert visit(database, token)
    later(0.2)
    assert visit(database, token) is None


def test_a_session_ends_after_a_week_however_it_is_used(database, ana, later):
    token = opened(database, ana)
    for _ in range(14):
        later(11.9)
        with database.writing() as session:
            touch(session, session_of(session, token))
    later(2)
    assert visit(database, token) is None


def test_the_settings_say_how_long(database, ana, later, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_SESSION_IDLE_HOURS", "1")
    token = opened(database, ana)
    later(1.1)
    assert visit(database, token) is None


def test_use_is_kept_with_the_account_too(database, ana, later):
    token = opened(database, ana)
    later(1)
    with database.writing() as session:
        touch(session, session_of(session, token))
        assert find_account(session, ana.id).last_seen_at == session_of(session, token).seen_at
    assert not is_stale(visit(database, token))


def test_ending_one_all_or_all_others(database, ana, member):
    ben = member("Ben Ross")
    tokens, bens = [opened(database, ana) for _ in range(4)], opened(database, ben)
    with database.writing() as session:
        end_session(session, session_of(session, tokens[0]).id)
        end_session(session, 999)
        kept = session_of(session, tokens[1]).id
        end_all(session, ana.id, kept)
    assert [bool(visit(database, token)) for token in tokens] == [False, True, False, False]
    with database.writing() as session:
        assert [one.id for one in list_sessions(session, ana.id)] == [kept]
        end_all(session, ana.id)
        assert list_sessions(session, ana.id) == []
    assert visit(database, bens)


def test_the_number_of_an_ended_session_never_comes_back(database, ana):
    """Who holds a page of an ended session must not be taken for the next one who signs in."""
    first = visit(database, opened(database, ana)).id
    with database.writing() as session:
        end_session(session, first)
    assert visit(database, opened(database, ana)).id > first


def test_a_new_role_holds_from_the_next_request_on(database, ana):
    token = opened(database, ana)
    with database.writing() as session:
        change_role(session, SYSTEM, ana.id, Role.VIEWER)
    assert visit(database, token).person.role == "viewer"
