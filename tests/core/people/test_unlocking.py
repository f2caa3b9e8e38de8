import pytest

from core.database.audit import entries
from core.people.lockout import FAILURES, count_failure, locked_for
from core.people.roles import Role
from core.people.unlocking import unlock_account
from data.errors import NotAllowedError
from tests.core.people.conftest import SYSTEM

EMAIL = "ana@fab.example"


@pytest.fixture
def locked(database, member):
    """Somebody who typed too many wrong passwords."""
    ana = member()
    with database.writing() as session:
        for _ in range(FAILURES):
            count_failure(session, EMAIL)
        assert locked_for(session, EMAIL)
    return ana


def test_an_admin_unlocks_an_account_and_the_trail_says_so(database, locked):
    with database.writing() as session:
        unlock_account(session, SYSTEM, locked.id)
    with database.reading() as session:
        assert locked_for(session, EMAIL) is None
        assert entries(session, limit=1)[0].action == "account.unlock"


def test_nobody_else_unlocks_it(database, locked, member):
    bo = member("Bo Li", Role.ML_ENGINEER)
    with database.writing() as session, pytest.raises(NotAllowedError, match="change accounts"):
        unlock_account(session, bo, locked.id)
