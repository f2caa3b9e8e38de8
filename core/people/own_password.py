"""Changing one's own password: the old one is asked for, and every other browser is signed out."""

from core.database import AppDatabase, audit
from core.identity import Person
from core.people.accounts import find_account, subject_of
from core.people.lockout import count_failure, locked_for
from core.people.passwords import check_new, hash_password, keep_password, password_of, verify
from core.people.roles import Permission, permit
from core.people.sessions import end_all
from data.errors import AccountError, PasswordError


def change_password(database: AppDatabase, person: Person, old: str, new: str, *, session_id: int | None) -> None:
    """Put a new password in place of the acting person's old one.

    Args:
        database: where accounts are.
        person: whose.
        old: as typed; a wrong one counts like one at the sign-in.
        new: as typed.
        session_id: of the browser in which they do it, which stays signed in; all others end.

    Raises:
        PasswordError: the old one is wrong, or the new one is none to take.
        AccountError: there is no account with a password, or it is locked for a while.
    """
    permit(person, Permission.ACCOUNT_WRITE)
    if person.id is None:
        raise AccountError(person.name, "there is no account to change", "Sign in.")
    with database.reading() as session:
        account = find_account(session, person.id)
        hashed, locked = password_of(session, account.id), locked_for(session, account.email)
    if hashed is None or locked:
        said = "it signs in without a password" if hashed is None else "too many wrong passwords"
        raise AccountError(account.name, said, "Ask an admin, or wait a quarter of an hour.")
    if not verify(hashed, old):
        with database.writing() as session:
            count_failure(session, account.email)
            audit.record(session, person, "account.password-refused", subject_of(account.id), {})
        raise PasswordError("password", "the present one is not right", "Type it again.")
    check_new(new, account.email, account.name)
    renewed = hash_password(new)
    with database.writing() as session:
        keep_password(session, account.id, renewed)
        end_all(session, account.id, session_id)
        audit.record(session, person, "account.password", subject_of(account.id), {"by": "owner"})
