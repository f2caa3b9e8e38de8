"""The audit trail: who did what to what, and when. Rows are added in the transaction of the change, never edited."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database.schema import NAME_LENGTH, Base, now
from core.identity import Person


class AuditEntry(Base):
    """One thing that somebody did. The database itself refuses to change or delete a row.

    Args:
        at: when.
        person: who, by name.
        origin: who vouches for the name.
        action: what was done, as "finding.write".
        subject: on what, as "wafer LOT1:W01".
        details: what was said or changed, as JSON.
    """

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    person: Mapped[str] = mapped_column(String(NAME_LENGTH))
    origin: Mapped[str] = mapped_column(String(NAME_LENGTH))
    action: Mapped[str] = mapped_column(String(NAME_LENGTH))
    subject: Mapped[str] = mapped_column(String(NAME_LENGTH), index=True)
    details: Mapped[dict[str, Any]]


def record(session: Session, person: Person, action: str, subject: str, details: Mapping[str, Any]) -> None:
    """Add what somebody does in this transaction to the trail.

    Args:
        session: of the transaction that makes the change.
        person: who.
        action: area and verb, as "finding.write".
        subject: on what, as "wafer LOT1:W01".
        details: what was said or changed, as JSON knows it; no secrets.
    """
    session.add(
        AuditEntry(
            at=now(), person=person.name, origin=person.origin, action=action, subject=subject, details=dict(details)
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
