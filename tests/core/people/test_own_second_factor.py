from datetime import timedelta

import pyotp
import pytest

from core.database.schema import now
from core.people.lockout import FAILURES
from core.people.own_second_factor import remove_own, renew_codes
from core.people.second_factor import STEP_SECONDS, codes_left, confirm, enrol, has_second_factor
from data.errors import AccountError, PasswordError


@pytest.fixture
def enrolled(database, member):
    """Somebody with a second factor, what computes its codes, and the recovery codes."""
    ana = member()
    with database.writing() as session:
        totp = pyotp.TOTP(enrol(session, ana).secret)
        return ana, totp, confirm(session, ana, totp.at(now()))


def has_one(database, person):
    with database.reading() as session:
        return has_second_factor(session, person.id)


def test_a_right_code_takes_it_away(database, enrolled):
    ana, totp, _ = enrolled
    remove_own(database, ana, totp.at(now() + timedelta(seconds=STEP_SECONDS)))
    assert not has_one(database, ana)


def test_a_recovery_code_makes_ten_new_ones_and_those_before_are_worth_nothing(database, enrolled):
    ana, _, codes = enrolled
    renewed = renew_codes(database, ana, codes[0])
    assert len(renewed) == 10
    assert set(renewed).isdisjoint(codes)
    with database.reading() as session:
        assert codes_left(session, ana.id) == 10
    with pytest.raises(PasswordError, match="not right"):
        remove_own(database, ana, codes[1])


def test_wrong_codes_change_nothing_and_lock(database, enrolled):
    ana, _, codes = enrolled
    for _ in range(FAILURES):
        with pytest.raises(PasswordError, match="not right"):
            remove_own(database, ana, "000000")
    with pytest.raises(AccountError, match="too many"):
        remove_own(database, ana, codes[0])
    assert has_one(database, ana)
