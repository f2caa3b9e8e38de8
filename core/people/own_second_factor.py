"""Changing one's own second factor: a code of it is asked for, so that an unwatched browser is not enough."""

from core.database import AppDatabase, audit
from core.identity import Person
from core.people.accounts import find_account, subject_of
from core.people.lockout import count_failure, locked_for
from core.people.roles import Permission, permit
from core.people.second_factor import new_recovery_codes, remove, use_code
from data.errors import AccountError, PasswordError


def remove_own(database: AppDatabase, person: Person, code: str) -> None:
    """Take the acting person's second factor away.

    Args:
        database: where accounts are.
        person: whose.
        code: of the authenticator app, or a recovery code; a wrong one counts like one at the sign-in.

    Raises:
        PasswordError: the code is not right.
        AccountError: the acting person has no account, or it is locked for a while.
    """
    permit(person, Permission.ACCOUNT_WRITE)
    number = _prove(database, person, code)
    with database.writing() as session:
        remove(session, person, number)


def renew_codes(database: AppDatabase, person: Person, code: str) -> list[str]:
    """Return new recovery codes of the acting person; those before are worth nothing.

    Args:
        database: where accounts are.
        person: whose.
        code: of the authenticator app, or a recovery code; a wrong one counts like one at the sign-in.

    Raises:
        PasswordError: the code is not right.
        AccountError: the acting person has no account, or it is locked for a while.
    """
    permit(person, Permission.ACCOUNT_WRITE)
    _prove(database, person, code)
    with database.writing() as session:
        return new_recovery_codes(session, person)


def _prove(database: AppDatabase, person: Person, code: str) -> int:
    if person.id is None:
        raise AccountError(person.name, "there is no account to change", "Sign in.")
    with database.writing() as session:
        account = find_account(session, person.id)
        if locked_for(session, account.email):
            raise AccountError(account.name, "too many wrong passwords or codes", "Wait a quarter of an hour.")
        right = use_code(session, account.id, code)
        if not right:
            count_failure(session, account.email)
            audit.record(session, person, "second-factor.refused", subject_of(account.id), {})
    if not right:
        raise PasswordError("code", "it is not right, or was used already", "Wait for the next one, and type that.")
    return person.id
