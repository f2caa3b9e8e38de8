"""How far labelling is: a person's pace and what is left, rounds of labelling, and the queue as a table."""

import math
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.annotation.items import AVAILABLE, LabelItem, Status, items_in_hand
from core.identity import Person
from core.labels.draft_store import drafts_of

RECENT = 20  # labels that a person's pace is the mean of


@dataclass(frozen=True)
class LabelProgress:
    """How far a round of labelling is, for one person.

    Args:
        done: labels that are done, by anybody.
        total: done, in progress and waiting, by anybody; what was skipped does not count.
        mine: that wait for this person or are in the person's hands.
        pace_s: the person's own mean seconds a label, of the newest 20; NaN before the first.
    """

    done: int
    total: int
    mine: int
    pace_s: float

    @property
    def seconds_left(self) -> float:
        """Seconds until nothing is left for this person; NaN while the pace is not known."""
        return self.mine * self.pace_s

    @property
    def text(self) -> str:
        """How far it is in words.

        Example:
            >>> LabelProgress(45, 100, 55, 142.0).text
            '45 of 100, about 2 h 10 min left'
        """
        said = f"{self.done:,} of {self.total:,}"
        left = self.seconds_left
        return said if math.isnan(left) or not self.mine else f"{said}, about {duration(left)} left"


def progress(session: Session, person: Person, iteration: int | None = None) -> LabelProgress:
    """Return how far a round is.

    Args:
        session: of a transaction.
        person: whose pace and rest to tell.
        iteration: the round, None for all together.
    """
    counts = statuses(session, iteration)
    waiting = select(func.count()).select_from(LabelItem).where(AVAILABLE)
    if iteration is not None:
        waiting = waiting.where(LabelItem.iteration == iteration)
    in_hand = [i for i in items_in_hand(session, person) if iteration in (None, i.iteration)]
    total = counts[Status.DONE] + counts[Status.IN_PROGRESS] + counts[Status.PENDING]
    mine = (session.scalar(waiting, {"person": person.name}) or 0) + len(in_hand)
    return LabelProgress(counts[Status.DONE], total, mine, pace_s(session, person.name))


def pace_s(session: Session, name: str) -> float:
    """Mean seconds of a person's newest 20 labels, NaN before the first."""
    wanted = select(LabelItem.seconds).where(LabelItem.assignee == name, LabelItem.status == Status.DONE)
    found = [s for s in session.scalars(wanted.order_by(LabelItem.ended_at.desc()).limit(RECENT)) if s is not None]
    return sum(found) / len(found) if found else math.nan


def statuses(session: Session, iteration: int | None = None) -> dict[Status, int]:
    """Count items by status; every status is there."""
    wanted = select(LabelItem.status, func.count()).group_by(LabelItem.status)
    if iteration is not None:
        wanted = wanted.where(LabelItem.iteration == iteration)
    found = dict(session.execute(wanted).all())
    return {status: found.get(status, 0) for status in Status}


def iterations(session: Session) -> list[int]:
    """List the rounds of labelling, newest first."""
    return list(session.scalars(select(LabelItem.iteration).distinct().order_by(LabelItem.iteration.desc())))


def items(session: Session, iteration: int | None = None, limit: int = 2000) -> list[LabelItem]:
    """List the queue: what is in progress, then what waits by priority, then what ended, newest first."""
    wanted = select(LabelItem)
    if iteration is not None:
        wanted = wanted.where(LabelItem.iteration == iteration)
    order = {Status.IN_PROGRESS: 0, Status.PENDING: 1, Status.DONE: 2, Status.SKIPPED: 3, Status.SPARE: 4}
    found = session.scalars(wanted.order_by(LabelItem.priority.desc(), LabelItem.id).limit(limit))
    return sorted(found, key=lambda item: order[item.status])


def begun(session: Session, person: Person) -> list[str]:
    """List the wafers that a person has begun: in hand, longest first, then other drafts, but none that was skipped."""
    in_hand = [item.wafer_key for item in items_in_hand(session, person)]
    wanted = select(LabelItem).where(LabelItem.assignee == person.name, LabelItem.status == Status.SKIPPED)
    skipped = [(item.wafer_key, item.ended_at) for item in session.scalars(wanted)]
    others = [draft for draft in drafts_of(session, person) if draft.wafer_key not in in_hand]
    return in_hand + [
        draft.wafer_key
        for draft in others
        if not any(key == draft.wafer_key and at is not None and at >= draft.saved_at for key, at in skipped)
    ]


def trail(session: Session, person: Person, limit: int = 100) -> list[str]:
    """List the wafers that a person has had, in the order they were taken, those still in hand among them."""
    wanted = select(LabelItem.wafer_key).where(LabelItem.assignee == person.name, LabelItem.taken_at.is_not(None))
    return list(session.scalars(wanted.order_by(LabelItem.taken_at.desc(), LabelItem.id.desc()).limit(limit)))[::-1]


def people(session: Session) -> list[str]:
    """List who has labelled or is to label, by name."""
    wanted = select(LabelItem.assignee).where(LabelItem.assignee.is_not(None)).distinct()
    return sorted(name for name in session.scalars(wanted) if name)


def duration(seconds: float) -> str:
    """Write a time as people estimate it: minutes to the minute, hours to ten minutes.

    Example:
        >>> [duration(s) for s in (20, 100, 7810, 86400)]
        ['1 min', '2 min', '2 h 10 min', '24 h']
    """
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(10 * round(minutes / 10), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
