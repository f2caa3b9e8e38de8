"""The audit trail: who did what to what, and when. Rows are added in the transaction of the change, never edited.

Each row holds the hash of the one before it, so that a row that is changed, taken out or put between breaks the chain.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import String, event, select
from sqlalchemy.orm import Mapped, Session, UOWTransaction, mapped_column

from core.database.schema import NAME_LENGTH, Base, Choice, now
from core.identity import Person

HASH_LENGTH = 64
BEGINNING = "0" * HASH_LENGTH
"""What the first row has in place of the hash of a row before it."""


class Outcome(StrEnum):
    """What became of what somebody wanted to do."""

    DONE = "done"
    REFUSED = "refused"


class AuditEntry(Base):
    """One thing that somebody did. The database itself refuses to change or delete a row.

    Args:
        at: when.
        person: who, by name; "" for an account, whose name is looked up by its number, so that it can be erased.
        origin: who vouches for the person.
        action: what was done, as "finding.write".
        subject: on what, as "wafer LOT1:W01".
        details: what was said or changed, as JSON.
        person_id: number of the account, None without one.
        address: of the machine that the request came from, "" where there was none.
        request_id: of the request, by which logs name it.
        result: whether it was done or refused.
        previous: hash of the row before.
        hash: SHA-256 of all the other columns.
    """

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    person: Mapped[str] = mapped_column(String(NAME_LENGTH))
    origin: Mapped[str] = mapped_column(String(NAME_LENGTH))
    action: Mapped[str] = mapped_column(String(NAME_LENGTH))
    subject: Mapped[str] = mapped_column(String(NAME_LENGTH), index=True)
    details: Mapped[dict[str, Any]]
    person_id: Mapped[int | None] = mapped_column(default=None, index=True)
    address: Mapped[str] = mapped_column(String(NAME_LENGTH), default="")
    request_id: Mapped[str] = mapped_column(String(NAME_LENGTH), default="")
    result: Mapped[Outcome] = mapped_column(Choice(Outcome), default=Outcome.DONE)
    previous: Mapped[str] = mapped_column(String(HASH_LENGTH), init=False, unique=True)
    hash: Mapped[str] = mapped_column(String(HASH_LENGTH), init=False)


HASHED = tuple(column.key for column in AuditEntry.__table__.columns if column.key != "hash")
"""Columns that a row's hash covers."""


def record(
    session: Session,
    person: Person,
    action: str,
    subject: str,
    details: Mapping[str, Any],
    *,
    result: Outcome = Outcome.DONE,
) -> None:
    """Add what somebody does in this transaction to the trail.

    Args:
        session: of the transaction that makes the change.
        person: who.
        action: area and verb, as "finding.write".
        subject: on what, as "wafer LOT1:W01".
        details: what was said or changed, as JSON knows it; no secrets, and people by the numbers of their accounts.
        result: what became of it.
    """
    session.add(
        AuditEntry(
            at=now(),
            person=person.name if person.id is None else "",
            origin=person.origin,
            action=action,
            subject=subject,
            details=dict(details),
            person_id=person.id,
            address=person.address[:NAME_LENGTH],
            request_id=person.request_id[:NAME_LENGTH],
            result=result,
        )
    )


def entries(session: Session, subject: str | None = None, limit: int = 100) -> list[AuditEntry]:
    """List the newest entries, newest first.

    Args:
        session: of a transaction.
        subject: only those on this, None for all.
        limit: how many at most.
    """
    wanted = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    return list(session.scalars(wanted if subject is None else wanted.where(AuditEntry.subject == subject)))


def hash_of(row: Mapping[str, object]) -> str:
    """Return the hash of a row of the trail, in lower-case hexadecimal.

    Args:
        row: its columns by name; a column that is not hashed is left out.

    Example:
        >>> hash_of({"id": 1, "details": {"b": 1, "a": 2}}) == hash_of({"details": {"a": 2, "b": 1}, "id": 1})
        True
    """
    hashed = {name: _canonical(row[name]) for name in HASHED if name in row}
    return hashlib.sha256(json.dumps(hashed, sort_keys=True, default=repr).encode()).hexdigest()


def _canonical(value: object) -> object:
    """Return a value as it comes back from each database: times in UTC, the keys of JSON as texts."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return json.loads(json.dumps(value)) if isinstance(value, dict) else value


@event.listens_for(Session, "before_flush")
def _chain(session: Session, _context: UOWTransaction, _instances: object) -> None:
    """Give new rows their places in the chain, in the order in which they were recorded.

    Writers take turns (`AppDatabase.writing`). Whoever does not is stopped by the database: two rows cannot follow the
    same one.
    """
    new = [entry for entry in session.new if isinstance(entry, AuditEntry)]
    if not new:
        return
    last = session.execute(select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)).first()
    newest, previous = (last.id, last.hash) if last else (0, BEGINNING)
    for number, entry in enumerate(new, newest + 1):
        entry.id, entry.previous = number, previous
        entry.hash = previous = hash_of({name: getattr(entry, name) for name in HASHED})
