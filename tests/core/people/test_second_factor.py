import re

import pyotp
import pytest
from sqlalchemy import text

from core.identity import Person
from core.people import second_factor
from core.people.roles import Role
from core.people.second_factor import (
    RECOVERY_CODES,
    codes_left,
    confirm,
    enrol,
    has_second_factor,
    new_recovery_codes,
    remove,
    use_code,
)
from data.errors import AccountError, NotAllowedError


def code(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(second_factor.now(), counter_offset=steps)


@pytest.fixture
def ana(member):
    return member()


@pytest.fixture
def enrolled(database, ana, later):
    """Ana's secret and recovery codes; the code that confirmed it is some minutes ago."""
    with database.writing() as session:
        secret = enrol(session, ana).secret
        codes = confirm(session, ana, code(secret))
    later(0.1)
    return secret, codes


def test_it_counts_once_its_owner_showed_a_code(database, ana):
    with database.writing() as session:
        begun = enrol(session, ana)
        assert not has_second_factor(session, ana.id)
        assert not use_code(session, ana.id, code(begun.secret))
        with pytest.raises(AccountError, match="clock"):
            confirm(session, ana, "000000" if code(begun.secret) != "000000" else "000001")
        assert len(confirm(session, ana, code(begun.secret))) == RECOVERY_CODES
        assert has_second_factor(session, ana.id)
        with pytest.raises(AccountError, match="already"):
            enrol(session, ana)
        with pytest.raises(AccountError, match="no second factor was begun"):
            confirm(session, ana, code(begun.secret))


def test_the_picture_holds_what_an_app_reads_and_the_database_no_secret(database, ana):
    with database.writing() as session:
        begun = enrol(session, ana)
    assert begun.address.startswith("otpauth://totp/Waferscope:ana%40fab.example?secret=")
    assert re.match(r"<svg .*</svg>\s*$", begun.svg, re.DOTALL)
    with database.reading() as session:
        assert begun.secret not in str(session.execute(text("SELECT * FROM second_factors")).all())


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clocks_may_differ_by_one_step(database, ana, enrolled, steps, right):
    with database.writing() as session:
        assert use_code(session, ana.id, code(enrolled[0], steps)) is right


def test_a_code_is_used_once_and_none_before_it_afterwards(database, ana, enrolled):
    secret, _ = enrolled
    with database.writing() as session:
        assert use_code(session, ana.id, f" {code(secret)[:3]} {code(secret)[3:]} ")
    with database.writing() as session:
        assert not use_code(session, ana.id, code(secret))
        assert not use_code(session, ana.id, code(secret, -1))
        assert use_code(session, ana.id, code(secret, 1))


def test_a_recovery_code_is_used_once_however_it_is_typed(database, ana, enrolled):
    _, codes = enrolled
    assert len(set(codes)) == RECOVERY_CODES
    with database.writing() as session:
        assert use_code(session, ana.id, codes[3].upper().replace("-", " "))
        assert not use_code(session, ana.id, codes[3])
        assert codes_left(session, ana.id) == RECOVERY_CODES - 1


def test_new_recovery_codes_take_the_place_of_the_old(database, ana, enrolled):
    with database.writing() as session:
        new = new_recovery_codes(session, ana)
        assert not use_code(session, ana.id, enrolled[1][0])
        assert use_code(session, ana.id, new[0])


@pytest.mark.parametrize("typed", ["", " ", "12345", "abcdef", "１２３４５６", "x" * 5000, "\ud800"])
def test_what_is_no_code_is_refused(database, ana, enrolled, typed):
    with database.writing() as session:
        assert not use_code(session, ana.id, typed)


def test_the_owner_or_an_admin_takes_it_away(database, ana, member, enrolled):
    ben, admin = member("Ben Ross"), member("Eve", Role.ADMIN)
    with database.writing() as session, pytest.raises(NotAllowedError):
        remove(session, ben, ana.id)
    with database.writing() as session:
        remove(session, admin, ana.id)
        assert not has_second_factor(session, ana.id)
        assert codes_left(session, ana.id) == 0
        with pytest.raises(AccountError, match="no second factor"):
            new_recovery_codes(session, ana)
        enrol(session, ana)


def test_nobody_has_one_without_an_account(database):
    with database.writing() as session, pytest.raises(AccountError, match="no account"):
        enrol(session, Person("root"))
