"""Signing in by e-mail and password: one sentence for all that is wrong, as slow for people who do not exist."""

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from core.database import AppDatabase, audit
from core.database.schema import NAME_LENGTH, now
from core.identity import ACCOUNT, Person
from core.people.accounts import LOCAL, Account, account_of, acting, subject_of
from core.people.lockout import MINUTES, count_failure, locked_for, unlock
from core.people.passwords import hash_password, keep_password, needs_new_hash, password_of, verify
from core.people.second_factor import has_second_factor, use_code
from core.people.sessions import open_session

WRONG = "E-mail or password is not right."
WRONG_CODE = "This code is not right, or was used already."
LOCKED = f"Too many wrong attempts. Please try again in {MINUTES} minutes, or ask an admin."
NEEDS_CODE = "Please enter the code of your authenticator app, or a recovery code."
NOBODY = "nobody"
"""Name in the audit trail of whoever has not proved who they are."""


@dataclass(frozen=True)
class SignedIn:
    """Somebody is in.

    Args:
        token: of the session, for the browser's cookie alone.
        account_id: who.
    """

    token: str
    account_id: int


@dataclass(frozen=True)
class Refused:
    """Somebody is not in.

    Args:
        sentence: what to tell them; it does not say what of it was wrong.
        needs_code: whether the password is right and a code of the second factor is owed.
        retry_after: seconds until they may try again, None where they may now.
    """

    sentence: str
    needs_code: bool = False
    retry_after: int | None = None


def sign_in(
    database: AppDatabase, email: str, password: str, code: str | None = None, *, address: str, browser: str
) -> SignedIn | Refused:
    """Let somebody in who knows the password of an account, and the code of its second factor where it has one.

    The password is checked outside every transaction, so that others are not kept waiting for it.

    Args:
        database: where accounts are.
        email: as typed.
        password: as typed.
        code: of an authenticator app, or a recovery code; None where it was not asked for yet.
        address: from which.
        browser: as it calls itself.
    """
    with database.reading() as session:
        locked = locked_for(session, email)
        account = _local(account_of(session, email))
        hashed = password_of(session, account.id) if account else None
    right = verify(None if locked else hashed, password)  # as long for nobody, and for somebody who is locked out
    if locked:  # the trail tells of the try that locked, and not of the thousands after it
        return Refused(LOCKED, retry_after=locked)
    renewed = hash_password(password) if right and hashed and needs_new_hash(hashed) else None
    with database.writing() as session:
        if locked := locked_for(session, email):  # others may have tried meanwhile
            return Refused(LOCKED, retry_after=locked)
        account = _local(account_of(session, email))
        if not right or account is None or password_of(session, account.id) != hashed:
            return _refuse(session, account, email, Refused(WRONG), address, browser)
        if has_second_factor(session, account.id):
            if not code:
                return Refused(NEEDS_CODE, needs_code=True)
            if not use_code(session, account.id, code):
                return _refuse(session, account, email, Refused(WRONG_CODE, needs_code=True), address, browser)
        if renewed:
            keep_password(session, account.id, renewed)
        return _let_in(session, account, address, browser)


def let_in_known(session: Session, account: Account, *, address: str, browser: str) -> SignedIn:
    """Let somebody in for whom an identity provider or a trusted proxy vouches.

    Args:
        session: of a transaction.
        account: who; it must be active.
        address: from which.
        browser: as it calls itself.
    """
    return _let_in(session, account, address, browser)


def _let_in(session: Session, account: Account, address: str, browser: str) -> SignedIn:
    unlock(session, account.email)
    account.last_seen_at = now()
    token = open_session(session, account.id, address=address, browser=browser)
    _tell(session, account, "sign-in", address, browser)
    return SignedIn(token, account.id)


def _refuse(
    session: Session, account: Account | None, email: str, refused: Refused, address: str, browser: str
) -> Refused:
    locks = count_failure(session, email)
    _tell(session, account, "sign-in.lockout" if locks else "sign-in.refused", address, browser)
    return refused


def _tell(session: Session, account: Account | None, action: str, address: str, browser: str) -> None:
    """Record a try; what was typed is not in it, since it may be a password in the wrong place."""
    whose = subject_of(account.id) if account else "no account"
    person = acting(account) if account and action == "sign-in" else Person(NOBODY, ACCOUNT)
    said = {"browser": browser[:NAME_LENGTH]} | (
        {"by": account.sign_in} if account and account.sign_in != LOCAL else {}
    )
    audit.record(session, replace(person, address=address), action, whose, said)


def _local(account: Account | None) -> Account | None:
    return account if account and account.active and account.sign_in == LOCAL else None
