import pytest

from core.people.own_sessions import end_others, end_own
from core.people.sessions import list_sessions, open_session
from data.errors import AccountError
from tests.core.people.conftest import SYSTEM


@pytest.fixture
def opened(database):
    """Open sessions of a person, and return their numbers."""

    def open_for(person, *browsers):
        with database.writing() as session:
            for browser in browsers:
                open_session(session, person.id, address="10.0.0.1", browser=browser)
        with database.reading() as session:
            return {visit.browser: visit.id for visit in list_sessions(session, person.id)}

    return open_for


def standing(database, person):
    with database.reading() as session:
        return {visit.browser for visit in list_sessions(session, person.id)}


def test_a_session_of_ones_own_ends_and_one_of_somebody_else_does_not(database, member, opened):
    ana, bo = member(), member("Bo Li")
    own, others = opened(ana, "desk", "phone"), opened(bo, "laptop")
    with database.writing() as session:
        end_own(session, ana, own["phone"])
        end_own(session, ana, others["laptop"])
    assert standing(database, ana) == {"desk"}
    assert standing(database, bo) == {"laptop"}


def test_all_sessions_end_but_the_one_that_is_kept(database, member, opened):
    ana, bo = member(), member("Bo Li")
    own = opened(ana, "desk", "phone", "tablet")
    opened(bo, "laptop")
    with database.writing() as session:
        end_others(session, ana, own["desk"])
    assert standing(database, ana) == {"desk"}
    assert standing(database, bo) == {"laptop"}


def test_whoever_has_no_account_has_no_sessions_to_end(database):
    with database.writing() as session, pytest.raises(AccountError, match="Sign in"):
        end_others(session, SYSTEM, None)
