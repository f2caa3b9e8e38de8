"""Erasing a person after a grace time: name and e-mail go, records stay under a number, the trail still verifies."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, column, delete, select, table, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import audit
from core.database.schema import Base, now
from core.identity import Person
from core.people.accounts import Account, find_account, keep_an_admin, subject_of
from core.people.keys import ApiKey
from core.people.leaving import deactivate
from core.people.lockout import unlock
from core.people.passwords import Password
from core.people.roles import Permission, permit
from core.people.second_factor import RecoveryCode, SecondFactor
from core.people.vouched import VouchedIdentity
from core.settings import settings
from data.errors import AccountError

NAMED_IN = (
    ("alarm_channels", "changed_by"),
    ("alarm_rules", "changed_by"),
    ("alarms", "acknowledged_by"),
    ("annotations", "annotator"),
    ("annotations", "withdrawn_by"),
    ("drafts", "person"),
    ("findings", "written_by"),
    ("frozen_sets", "frozen_by"),
    ("jobs", "cancelled_by"),
    ("jobs", "started_by"),
    ("label_queue", "added_by"),
    ("label_queue", "assignee"),
    ("reviews", "decided_by"),
    ("reviews", "opened_by"),
)
"""Tables and columns that hold people's names; the rooms whose they are lie above this one."""


class Erasure(Base):
    """A person who is to be erased.

    Args:
        account_id: who.
        asked_at: when somebody asked for it.
        due_at: from when on it is done.
    """

    __tablename__ = "erasures"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]


def erased_name(number: int) -> str:
    """Return the name under which the records of an erased account stand."""
    return f"erased person {number}"


def ask_erasure(session: Session, person: Person, number: int) -> datetime:
    """Ask that a person is erased, and return when that is done; until then it can be taken back.

    Args:
        session: of a transaction.
        person: who asks: the person themselves, or an admin.
        number: of the account.

    Raises:
        NotAllowedError: the acting person may not.
        AccountError: it is the last active admin's, or is erased already.
    """
    permit(person, Permission.ACCOUNT_WRITE if person.id == number else Permission.USER_WRITE)
    account = find_account(session, number)
    keep_an_admin(session, account)
    if account.name == erased_name(number):
        raise AccountError(account.name, "this account is erased already", "Nothing is left to do.")
    found = session.get(Erasure, number)
    if found is not None:
        return found.due_at
    due_at = now() + timedelta(days=settings().erasure_days)
    session.add(Erasure(account_id=number, asked_at=now(), due_at=due_at))
    audit.record(session, person, "account.erasure-asked", subject_of(number), {"due_at": due_at.isoformat()})
    return due_at


def keep_after_all(session: Session, person: Person, number: int) -> None:
    """Take back that a person is to be erased; nothing where nobody asked.

    Args:
        session: of a transaction.
        person: who takes it back: the person themselves, or an admin.
        number: of the account.

    Raises:
        NotAllowedError: the acting person may not.
    """
    permit(person, Permission.ACCOUNT_WRITE if person.id == number else Permission.USER_WRITE)
    found = session.get(Erasure, number)
    if found is not None:
        session.delete(found)
        session.flush()
        audit.record(session, person, "account.erasure-taken-back", subject_of(number), {})


def due_erasures(session: Session, moment: datetime) -> list[Account]:
    """List the accounts whose grace time has ended at a moment, by their numbers."""
    due = select(Account).join(Erasure, Erasure.account_id == Account.id).where(Erasure.due_at <= moment)
    return list(session.scalars(due.order_by(Account.id)))


def erase(session: Session, person: Person, number: int) -> int:
    """Erase a person: nobody can sign in by the account any more, and no column of a name holds theirs.

    Args:
        session: of a transaction.
        person: who erases.
        number: of the account.

    Returns:
        How many records stand under the number from now on.

    Raises:
        NotAllowedError: the acting person may not.
        AccountError: it is the last active admin's, or the grace time has not ended.
    """
    permit(person, Permission.USER_WRITE)
    asked = session.get(Erasure, number)
    if asked is None or asked.due_at > now():
        raise AccountError(subject_of(number), "its grace time has not ended", "Ask for the erasure, and wait.")
    account = deactivate(session, person, number)
    unlock(session, account.email)
    for kind in (Password, SecondFactor, RecoveryCode, VouchedIdentity):
        session.execute(delete(kind).where(kind.account_id == number))
    session.execute(update(ApiKey).where(ApiKey.account_id == number).values(name="erased", last_address=""))
    records = _rename(session, account.name, erased_name(number))
    account.name, account.email, account.last_seen_at = erased_name(number), f"erased-{number}@invalid", None
    session.delete(asked)
    audit.record(session, person, "account.erase", subject_of(number), {"records": records})
    return records


def _rename(session: Session, old: str, new: str) -> int:
    renamed = 0
    for name, of in NAMED_IN:
        held = table(name, column(of))
        found = session.execute(update(held).where(held.c[of] == old).values({of: new}))
        renamed += found.rowcount  # type: ignore[attr-defined]  # of every statement that changes rows
    return renamed
