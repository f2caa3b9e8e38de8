"""Looking things up in the audit trail: by who, what, on what and when, with the names that accounts have now."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, Select, String, column, func, select, table
from sqlalchemy.orm import Session

from core.database.audit import AuditEntry, Outcome

AT_ONCE = 1000
_ACCOUNTS = table("accounts", column("id", Integer), column("name", String))
"""As far as the trail knows of them: what accounts are is the concern of a room above this one."""
_shown: ColumnElement[str] = func.coalesce(
    select(_ACCOUNTS.c.name).where(_ACCOUNTS.c.id == AuditEntry.person_id).scalar_subquery(),
    AuditEntry.person,
).label("shown")


@dataclass(frozen=True)
class TrailRow:
    """One entry of the trail as people read it.

    Args:
        id: its number.
        at: when, in UTC.
        person: who, by the name that the account has now, or as it was said.
        person_id: number of the account, None without one.
        origin: who vouches for the person.
        action: what was done.
        subject: on what.
        details: what was said or changed.
        result: what became of it.
        address: of the machine that the request came from, "" where there was none.
        request_id: of the request.
        previous: hash of the entry before.
        hash: of this one.
    """

    id: int
    at: datetime
    person: str
    person_id: int | None
    origin: str
    action: str
    subject: str
    details: dict[str, Any]
    result: Outcome
    address: str
    request_id: str
    previous: str
    hash: str


@dataclass(frozen=True)
class TrailFilter:
    """Which entries are wanted; what is left empty lets all through.

    Args:
        person: name of who did it, as it is shown.
        action: what was done, as "finding.write".
        subject: text that the subject holds, whatever its case.
        since: not before it.
        until: before it.
        result: what became of it.
        person_id: number of the account of who did it.
    """

    person: str = ""
    action: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None
    result: Outcome | None = None
    person_id: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions, all of which hold for an entry."""
        found: list[ColumnElement[bool]] = []
        if self.person:
            found.append(_shown == self.person)
        if self.action:
            found.append(AuditEntry.action == self.action)
        if self.subject:
            found.append(AuditEntry.subject.icontains(self.subject, autoescape=True))
        if self.result is not None:
            found.append(AuditEntry.result == self.result)
        if self.person_id is not None:
            found.append(AuditEntry.person_id == self.person_id)
        found += [AuditEntry.at >= self.since] if self.since else []
        return found + ([AuditEntry.at < self.until] if self.until else [])


def find(session: Session, where: TrailFilter, limit: int, offset: int = 0) -> list[TrailRow]:
    """List entries, newest first.

    Args:
        session: of a transaction.
        where: which.
        limit: how many at most.
        offset: how many newer ones are passed over.
    """
    wanted = _chosen(where).order_by(AuditEntry.id.desc())
    return [_read(row) for row in session.execute(wanted.limit(limit).offset(offset))]


def count(session: Session, where: TrailFilter) -> int:
    """Return how many entries there are."""
    return session.scalar(select(func.count()).select_from(AuditEntry).where(*where.conditions())) or 0


def walk(session: Session, where: TrailFilter) -> Iterator[TrailRow]:
    """Return all entries, newest first, read as they are asked for."""
    wanted = _chosen(where).order_by(AuditEntry.id.desc())
    yield from (_read(row) for row in session.execute(wanted.execution_options(yield_per=AT_ONCE)))


def follow(session: Session, where: TrailFilter, after: int = 0) -> Iterator[TrailRow]:
    """Return all entries after one, oldest first, read as they are asked for.

    Args:
        session: of a transaction.
        where: which.
        after: number of the entry after which they begin.
    """
    wanted = _chosen(where).where(AuditEntry.id > after).order_by(AuditEntry.id)
    yield from (_read(row) for row in session.execute(wanted.execution_options(yield_per=AT_ONCE)))


def people(session: Session) -> list[str]:
    """List the names of all who did something."""
    return sorted(session.scalars(select(_shown).select_from(AuditEntry).distinct()), key=str.casefold)


def actions(session: Session) -> list[str]:
    """List what was done."""
    return sorted(session.scalars(select(AuditEntry.action).distinct()))


def row_of(entry: TrailRow) -> dict[str, Any]:
    """Return all that an entry says, by the names of its columns."""
    return {field.name: getattr(entry, field.name) for field in fields(TrailRow)}


def json_line(entry: TrailRow) -> str:
    """Return an entry as one line of JSON, without the line's end."""
    row = row_of(entry)
    return json.dumps({**row, "at": entry.at.isoformat()}, ensure_ascii=False, default=str)


def first_moment(session: Session) -> datetime | None:
    """Return when the first entry was made, None where there is none."""
    return session.scalar(select(func.min(AuditEntry.at)))


def _chosen(where: TrailFilter) -> Select[AuditEntry, str]:
    return select(AuditEntry, _shown).where(*where.conditions())


def _read(row: Row[AuditEntry, str]) -> TrailRow:
    entry, name = row
    held = {field.name: getattr(entry, field.name) for field in fields(TrailRow)}
    return TrailRow(**{**held, "person": name or f"account {entry.person_id}"})
