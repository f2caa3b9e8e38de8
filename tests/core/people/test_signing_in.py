import threading

import pyotp
import pytest

from core.database.audit import entries
from core.people import passwords, second_factor
from core.people.accounts import account_of, find_account
from core.people.lockout import FAILURES, MINUTES
from core.people.passwords import password_of
from core.people.second_factor import confirm, enrol
from core.people.sessions import session_of
from core.people.signing_in import LOCKED, WRONG, Refused, SignedIn, let_in_known, sign_in
from tests.core.people.conftest import PASSWORD

EMAIL = "ana@fab.example"


@pytest.fixture
def ana(member):
    return member()


@pytest.fixture
def attempt(database, ana):
    return lambda password=PASSWORD, code=None, email=EMAIL: sign_in(
        database, email, password, code, address="10.0.0.7", browser="Firefox"
    )


def actions(database) -> list[str]:
    with database.reading() as session:
        return [e.action for e in entries(session, limit=1000) if e.action.startswith("sign-in")]


def test_the_right_password_opens_a_session(database, ana, attempt):
    came = attempt(email=" ANA@fab.example ")
    assert isinstance(came, SignedIn)
    with database.reading() as session:
        assert session_of(session, came.token).person == ana
        assert find_account(session, ana.id).last_seen_at is not None
    assert actions(database) == ["sign-in"]


@pytest.mark.parametrize(("email", "password"), [(EMAIL, "wrong"), ("no@fab.example", PASSWORD), ("", ""), (EMAIL, "")])
def test_whatever_is_wrong_is_said_in_one_sentence(attempt, email, password):
    assert attempt(password, email=email) == Refused(WRONG)


def test_nobody_is_asked_for_as_much_work_as_somebody(attempt, monkeypatch):
    """How long an answer takes does not say whether there is an account."""
    work = []
    monkeypatch.setattr(passwords, "_HASHER", _Counting(passwords._HASHER, work))
    for email in (EMAIL, "no@fab.example", "no@fab.example"):
        work.clear()
        attempt("wrong", email=email)
        assert work.count("verify") == 1


class _Counting:
    def __init__(self, hasher, work):
        self._hasher, self._work = hasher, work

    def __getattr__(self, name):
        self._work.append(name)
        return getattr(self._hasher, name)


def test_the_fifth_failure_locks_and_the_right_password_waits_too(database, attempt, later):
    assert [attempt("wrong").retry_after for _ in range(FAILURES)] == [None] * FAILURES
    locked = attempt()
    assert (locked.sentence, locked.needs_code) == (LOCKED, False)
    assert 0 < locked.retry_after <= MINUTES * 60
    assert actions(database) == ["sign-in.lockout"] + ["sign-in.refused"] * (FAILURES - 1)
    later(MINUTES / 60 + 0.01)
    assert isinstance(attempt(), SignedIn)


def test_an_address_without_an_account_locks_alike(attempt):
    answers = [attempt("wrong", email="no@fab.example") for _ in range(FAILURES + 1)]
    assert [bool(one.retry_after) for one in answers] == [False] * FAILURES + [True]


def test_many_at_once_are_locked_like_one_after_another(attempt):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(attempt("wrong"))) for _ in range(3 * FAILURES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answer.retry_after is None for answer in answers) == FAILURES


def test_the_trail_holds_nothing_that_was_typed(database, attempt):
    attempt("wrong", email="my secret password")
    with database.reading() as session:
        newest = entries(session, limit=1)[0]
    assert "my secret password" not in f"{newest.person} {newest.subject} {newest.details}"
    assert (newest.person, newest.subject, newest.details) == ("nobody", "no account", {"browser": "Firefox"})


def test_a_second_factor_is_asked_for_after_the_password(database, ana, attempt, later):
    with database.writing() as session:
        secret = enrol(session, ana).secret
        codes = confirm(session, ana, pyotp.TOTP(secret).at(second_factor.now()))
    later(0.1)
    right = pyotp.TOTP(secret).at(second_factor.now())
    assert attempt("wrong", right) == Refused(WRONG)
    assert attempt().needs_code
    assert attempt(code="").needs_code
    assert attempt(code="x").needs_code
    assert isinstance(attempt(code=right), SignedIn)
    assert isinstance(attempt(code=right), Refused)
    assert isinstance(attempt(code=codes[0]), SignedIn)


def test_wrong_codes_lock_like_wrong_passwords(database, ana, attempt):
    with database.writing() as session:
        secret = enrol(session, ana).secret
        confirm(session, ana, pyotp.TOTP(secret).at(second_factor.now()))
    answers = [attempt(code="x") for _ in range(FAILURES + 1)]
    assert answers[-1].sentence == LOCKED


def test_a_hash_of_older_costs_is_renewed(database, ana, attempt, monkeypatch):
    with database.reading() as session:
        before = password_of(session, ana.id)
    monkeypatch.setattr(passwords, "_HASHER", passwords.PasswordHasher(time_cost=2, memory_cost=64, parallelism=1))
    assert isinstance(attempt(), SignedIn)
    with database.reading() as session:
        assert password_of(session, ana.id) != before
    assert isinstance(attempt(), SignedIn)


def test_who_signs_in_elsewhere_has_no_password_here(database, ana, attempt):
    with database.writing() as session:
        account_of(session, EMAIL).sign_in = "oidc:company"
    assert attempt() == Refused(WRONG)
    with database.writing() as session:
        came = let_in_known(session, account_of(session, EMAIL), address="a", browser="b")
        assert session_of(session, came.token).person == ana
