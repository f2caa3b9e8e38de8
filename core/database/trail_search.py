"""Looking things up in the audit trail: by who, what, on what and when."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.database.audit import AuditEntry

AT_ONCE = 1000


@dataclass(frozen=True)
class TrailFilter:
    """Which entries are wanted; what is left empty lets all through.

    Args:
        person: name of who did it.
        action: what was done, as "finding.write".
        subject: text that the subject holds, whatever its case.
        since: not before it.
        until: before it.
    """

    person: str = ""
    action: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions, all of which hold for an entry."""
        found = [
            column == value
            for column, value in ((AuditEntry.person, self.person), (AuditEntry.action, self.action))
            if value
        ]
        if self.subject:
            found.append(AuditEntry.subject.icontains(self.subject, autoescape=True))
        found += [AuditEntry.at >= self.since] if self.since else []
        return found + ([AuditEntry.at < self.until] if self.until else [])


def find(session: Session, where: TrailFilter, limit: int, offset: int = 0) -> list[AuditEntry]:
    """List entries, newest first.

    Args:
        session: of a transaction.
        where: which.
        limit: how many at most.
        offset: how many newer ones are passed over.
    """
    wanted = select(AuditEntry).where(*where.conditions()).order_by(AuditEntry.id.desc())
    return list(session.scalars(wanted.limit(limit).offset(offset)))


def count(session: Session, where: TrailFilter) -> int:
    """Return how many entries there are."""
    return session.scalar(select(func.count()).select_from(AuditEntry).where(*where.conditions())) or 0


def walk(session: Session, where: TrailFilter) -> Iterator[AuditEntry]:
    """Return all entries, newest first, read as they are asked for."""
    wanted = select(AuditEntry).where(*where.conditions()).order_by(AuditEntry.id.desc())
    yield from session.scalars(wanted.execution_options(yield_per=AT_ONCE))


def people(session: Session) -> list[str]:
    """List the names of all who did something."""
    return sorted(session.scalars(select(AuditEntry.person).distinct()), key=str.casefold)


def actions(session: Session) -> list[str]:
    """List what was done."""
    return sorted(session.scalars(select(AuditEntry.action).distinct()))


def row_of(entry: AuditEntry) -> dict[str, Any]:
    """Return all that an entry says, by the names of its columns."""
    return {name: getattr(entry, name) for name in AuditEntry.__table__.columns.keys()}  # noqa: SIM118  (no mapping)


def json_line(entry: AuditEntry) -> str:
    """Return an entry as one line of JSON, without the line's end."""
    row = row_of(entry)
    return json.dumps({**row, "at": entry.at.isoformat()}, ensure_ascii=False, default=str)


def first_moment(session: Session) -> datetime | None:
    """Return when the first entry was made, None where there is none."""
    return session.scalar(select(func.min(AuditEntry.at)))
