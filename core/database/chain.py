"""Verifying the audit trail: which row was changed, taken out or put between, and whether its end is there.

What is found without a seal, and what is not: `docs/security.md`, "The audit trail".
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from core.database.audit import BEGINNING, AuditEntry, hash_of
from core.database.schema import now
from data.errors import TrailError

BATCH = 1000
_COLUMNS = tuple(AuditEntry.__table__.columns)
_NO_TEXT = "Could not decode to UTF-8"
"""What SQLite's driver says of a text that is none."""


class Break(StrEnum):
    """How a trail was altered."""

    CHANGED = "changed"
    REMOVED = "removed"
    PUT_BETWEEN = "put between"


@dataclass(frozen=True)
class Link:
    """One row as its place in the chain needs it.

    Args:
        id: number of the row.
        previous: hash that it says the row before has, "" where it cannot be read.
        hash: that it says it has, "" where it cannot be read.
        counted: hash of what stands in it, "" where it cannot be read.
    """

    id: int
    previous: str
    hash: str
    counted: str

    @property
    def whole(self) -> bool:
        """Whether its hash is that of what stands in it."""
        return self.hash == self.counted != ""


@dataclass(frozen=True)
class Fault:
    """The first place at which a trail is not as it was written.

    Args:
        id: number of the first row that is wrong; of one that is gone, the number it had.
        kind: how.
        last: number of the last of several rows in sequence that are gone, else the same as `id`.
    """

    id: int
    kind: Break
    last: int

    def __str__(self) -> str:
        """Write it as a sentence without its stop."""
        if self.kind is not Break.REMOVED:
            return f"row {self.id} was {self.kind}"
        return f"row {self.id} was removed" if self.last == self.id else f"rows {self.id} to {self.last} were removed"


@dataclass(frozen=True)
class Seal:
    """How far a trail went at one moment; kept where whoever alters the trail does not come.

    Args:
        id: number of the last row, 0 in an empty trail.
        hash: of the last row.
        at: when, in ISO 8601.
    """

    id: int
    hash: str
    at: str


@dataclass(frozen=True)
class Verified:
    """What verifying a trail found.

    Args:
        rows: how many were looked at.
        fault: the first place that is wrong, None where the chain holds.
    """

    rows: int
    fault: Fault | None


def seal(session: Session) -> Seal:
    """Return how far the trail goes now."""
    last = session.execute(select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)).first()
    number, hashed = (last.id, last.hash) if last else (0, BEGINNING)
    return Seal(number, hashed, now().isoformat(timespec="seconds"))


def write_seal(sealed: Seal) -> str:
    """Return a seal as a line of JSON, for `read_seal`."""
    return json.dumps(asdict(sealed))


def read_seals(text: str, where: str) -> list[Seal]:
    """Return the seals of a file, one a line.

    Args:
        text: of the file.
        where: it was read, for errors.

    Raises:
        TrailError: a line is none, or there is none at all.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    return [read_seal(line, where) for line in lines or [""]]


def read_seal(text: str, where: str) -> Seal:
    """Return a seal that was written as JSON.

    Args:
        text: as `write_seal` wrote it.
        where: it was read, for errors.

    Raises:
        TrailError: it is none.
    """
    try:
        held = json.loads(text)
        found = Seal(int(held["id"]), str(held["hash"]), str(held["at"]))
        datetime.fromisoformat(found.at)
    except (ValueError, KeyError, TypeError) as error:
        raise TrailError(
            where, f"expected a seal of the trail, found something else ({error})", "Name the file that `seal` wrote."
        ) from error
    return found


def verify(session: Session, seals: Iterable[Seal] = (), *, at_once: int = BATCH) -> Verified:
    """Look at every row of the trail, in batches.

    Args:
        session: of a transaction that sees one moment (`AppDatabase.reading`).
        seals: taken before: the rows that they saw must still be there, and nothing else in their place.
        at_once: rows held in memory.
    """
    marks = {one.id: one.hash for one in seals if one.id}
    fault = first_fault(_as_sealed(_links(session, at_once), marks))
    newest = max(marks, default=0)
    there = session.scalar(select(func.max(AuditEntry.id)).where(AuditEntry.id <= newest)) or 0
    if fault is None and there < newest:
        fault = Fault(there + 1, Break.REMOVED, newest)
    return Verified(session.scalar(select(func.count()).select_from(AuditEntry)) or 0, fault)


def _as_sealed(links: Iterable[Link], marks: Mapping[int, str]) -> Iterator[Link]:
    """Return rows so that one which has not the hash of its seal is as good as changed, however well it is made."""
    for link in links:
        sealed = marks.get(link.id, link.hash)
        yield link if sealed == link.hash else Link(link.id, link.previous, sealed, "")


def first_fault(links: Iterable[Link]) -> Fault | None:
    """Return where a chain is broken first, None where it holds.

    Args:
        links: the rows in the order of their numbers.

    Example:
        >>> one = Link(1, BEGINNING, "a", "a")
        >>> first_fault([one, Link(2, "a", "b", "b"), Link(3, "b", "c", "x")])
        Fault(id=3, kind=<Break.CHANGED: 'changed'>, last=3)
    """
    before, last = Link(0, "", BEGINNING, BEGINNING), Link(0, "", BEGINNING, BEGINNING)
    rest = iter(links)
    for link in rest:
        if link.whole and link.previous == last.hash:
            before, last = last, link
            continue
        return _judged(before, last, link, next(rest, None))
    return None


def _judged(before: Link, last: Link, link: Link, following: Link | None) -> Fault:
    """Say what happened at the first link that does not fit: the rows around it tell."""
    if link.whole and link.previous == before.hash and last.id:
        return Fault(last.id, Break.PUT_BETWEEN, last.id)  # it goes on from the row before the last
    if following is not None and following.previous == last.hash:
        return Fault(link.id, Break.PUT_BETWEEN, link.id)  # the next one knows nothing of it
    if not link.whole:
        return Fault(link.id, Break.CHANGED, link.id)
    if link.id > last.id + 1:
        return Fault(last.id + 1, Break.REMOVED, link.id - 1)
    # No number is missing, and the row is as it was: the one before it was made anew, hash and all.
    return Fault(max(last.id, 1), Break.CHANGED, max(last.id, 1))


def _links(session: Session, at_once: int) -> Iterator[Link]:
    wanted = select(AuditEntry.id).order_by(AuditEntry.id).limit(at_once)
    last = None
    while numbers := session.scalars(wanted if last is None else wanted.where(AuditEntry.id > last)).all():
        whole = _read(session, numbers)
        for place, number in enumerate(numbers):  # where one of them cannot be read, each is read by itself
            alone = whole or _read(session, [number])
            yield alone[place if whole else 0] if alone else Link(number, "", "", "")
        last = numbers[-1]


def _read(session: Session, numbers: Sequence[int]) -> list[Link]:
    """Return rows, none where the driver cannot read a value that nobody wrote through it, such as a time that is none.

    Args:
        session: of a transaction.
        numbers: of the rows, rising, and of none between them.
    """
    wanted = select(*_COLUMNS).where(AuditEntry.id.between(numbers[0], numbers[-1])).order_by(AuditEntry.id)
    try:
        return [_link(row._asdict()) for row in session.execute(wanted)]
    except (ValueError, TypeError):
        return []
    except OperationalError as error:
        if _NO_TEXT not in str(error.orig):
            raise
        return []


def _link(row: dict[str, Any]) -> Link:
    return Link(row["id"], row["previous"], row["hash"], hash_of(row))
