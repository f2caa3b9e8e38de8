"""Reading the audit trail: rows chosen, with the names that accounts have now, as lines of JSON."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from core.database.audit import AuditEntry, Outcome
from core.identity import Person
from core.people.accounts import Account, subject_of
from core.people.roles import Permission, permit

BATCH = 1000


@dataclass(frozen=True)
class TrailFilter:
    """Which rows are wanted; without any word, all.

    Args:
        since: the first moment, aware.
        until: the moment before which rows end, aware.
        person: part of who did it, by the name that the account has now, or as it was said.
        action: what the action begins with, as "account."
        subject: part of what it was done on.
        result: what became of it.
    """

    since: datetime | None = None
    until: datetime | None = None
    person: str = ""
    action: str = ""
    subject: str = ""
    result: Outcome | None = None


@dataclass(frozen=True)
class TrailRow:
    """One row of the trail as people read it.

    Args:
        id: number of the row.
        at: when, in UTC.
        person: who, by the name that the account has now, or as it was said.
        person_id: number of the account, None without one.
        origin: who vouches for the person.
        action: what was done.
        subject: on what.
        result: what became of it.
        address: of the machine that the request came from, "" where there was none.
        request_id: of the request.
        details: what was said or changed.
        previous: hash of the row before.
        hash: of this row.
    """

    id: int
    at: datetime
    person: str
    person_id: int | None
    origin: str
    action: str
    subject: str
    result: Outcome
    address: str
    request_id: str
    details: dict[str, Any]
    previous: str
    hash: str

    def as_dict(self) -> dict[str, object]:
        """Return the row as JSON has it, in the order of the columns."""
        held = {name: getattr(self, name) for name in TrailRow.__dataclass_fields__}
        return held | {"at": self.at.isoformat(timespec="microseconds"), "result": self.result.value}

    def as_line(self) -> str:
        """Return the row as a line of JSON with its end."""
        return json.dumps(self.as_dict()) + "\n"


def newest_rows(
    session: Session, person: Person, wanted: TrailFilter | None = None, limit: int = 100
) -> list[TrailRow]:
    """List rows of the trail, newest first.

    Args:
        session: of a transaction.
        person: who asks.
        wanted: which rows, None for all.
        limit: how many at most.

    Raises:
        NotAllowedError: the acting person may not.
    """
    permit(person, Permission.USER_READ)
    found = session.execute(_chosen(wanted or TrailFilter()).order_by(AuditEntry.id.desc()).limit(limit))
    return [_row(entry, name) for entry, name in found]


def count_rows(session: Session, person: Person, wanted: TrailFilter | None = None) -> int:
    """Count rows of the trail.

    Args:
        session: of a transaction.
        person: who asks.
        wanted: which rows, None for all.

    Raises:
        NotAllowedError: the acting person may not.
    """
    permit(person, Permission.USER_READ)
    return session.scalar(select(func.count()).select_from(_chosen(wanted or TrailFilter()).subquery())) or 0


def rows_from(
    session: Session, person: Person, after: int = 0, wanted: TrailFilter | None = None, *, at_once: int = BATCH
) -> Iterator[TrailRow]:
    """Return rows of the trail, oldest first, however many there are.

    Args:
        session: of a transaction.
        person: who asks.
        after: number of the row after which they begin.
        wanted: which rows, None for all.
        at_once: rows held in memory.

    Raises:
        NotAllowedError: the acting person may not.
    """
    permit(person, Permission.USER_READ)
    chosen = _chosen(wanted or TrailFilter()).order_by(AuditEntry.id).limit(at_once)
    while found := session.execute(chosen.where(AuditEntry.id > after)).all():
        yield from (_row(entry, name) for entry, name in found)
        after = found[-1][0].id


def _chosen(wanted: TrailFilter) -> Select[AuditEntry, str | None]:
    chosen = select(AuditEntry, Account.name).outerjoin(Account, Account.id == AuditEntry.person_id)
    if wanted.since:
        chosen = chosen.where(AuditEntry.at >= wanted.since)
    if wanted.until:
        chosen = chosen.where(AuditEntry.at < wanted.until)
    if wanted.person:
        by_name = Account.name.icontains(wanted.person, autoescape=True)
        chosen = chosen.where(or_(by_name, AuditEntry.person.icontains(wanted.person, autoescape=True)))
    if wanted.action:
        chosen = chosen.where(AuditEntry.action.startswith(wanted.action, autoescape=True))
    if wanted.subject:
        chosen = chosen.where(AuditEntry.subject.icontains(wanted.subject, autoescape=True))
    return chosen if wanted.result is None else chosen.where(AuditEntry.result == wanted.result)


def _row(entry: AuditEntry, name: str | None) -> TrailRow:
    shown = entry.person if entry.person_id is None else name or subject_of(entry.person_id)
    held = {field: getattr(entry, field) for field in TrailRow.__dataclass_fields__}
    return TrailRow(**{**held, "person": shown})
