"""Letting somebody try again at once who typed too many wrong passwords."""

from sqlalchemy.orm import Session

from core.database import audit
from core.identity import Person
from core.people.accounts import Account, find_account, subject_of
from core.people.lockout import unlock
from core.people.roles import Permission, permit


def unlock_account(session: Session, person: Person, number: int) -> Account:
    """Forget the wrong passwords of an account.

    Args:
        session: of a transaction.
        person: who does it.
        number: of the account.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: there is no such account.
    """
    permit(person, Permission.USER_WRITE)
    account = find_account(session, number)
    unlock(session, account.email)
    audit.record(session, person, "account.unlock", subject_of(number), {})
    return account
