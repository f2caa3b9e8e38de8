"""Ending one's own sessions: in another browser, or in all of them but this one."""

from sqlalchemy.orm import Session

from core.database import audit
from core.identity import Person
from core.people.accounts import subject_of
from core.people.roles import Permission, permit
from core.people.sessions import end_all, end_session, list_sessions
from data.errors import AccountError


def end_own(session: Session, person: Person, number: int) -> None:
    """End one session of the acting person; nothing where it has ended already.

    Args:
        session: of a transaction.
        person: whose.
        number: of the session; one of somebody else's is left alone.

    Raises:
        NotAllowedError: the acting person may not.
        AccountError: the acting person has no account.
    """
    permit(person, Permission.ACCOUNT_WRITE)
    account = _account_id(person)
    if number in {visit.id for visit in list_sessions(session, account)}:
        end_session(session, number)
        audit.record(session, person, "session.end", subject_of(account), {"session": number})


def end_others(session: Session, person: Person, kept: int | None) -> None:
    """End all sessions of the acting person but one.

    Args:
        session: of a transaction.
        person: whose.
        kept: number of the session in which they ask for it, None to end all.

    Raises:
        NotAllowedError: the acting person may not.
        AccountError: the acting person has no account.
    """
    permit(person, Permission.ACCOUNT_WRITE)
    account = _account_id(person)
    end_all(session, account, kept)
    audit.record(session, person, "session.end-others", subject_of(account), {})


def _account_id(person: Person) -> int:
    if person.id is None:
        raise AccountError(person.name, "there is no account with sessions", "Sign in.")
    return person.id
