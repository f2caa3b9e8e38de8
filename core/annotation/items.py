"""One label that is wanted of one wafer: the items of the queue, and which of them wait for whom."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from core.database.schema import NAME_LENGTH, Base, Choice, row_by_id
from core.identity import Person


class Status(StrEnum):
    """Where an item of the queue is."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    SKIPPED = "skipped"
    SPARE = "spare"  # takes the place of one that turns out ambiguous


OPEN = (Status.PENDING, Status.IN_PROGRESS)
UNTOUCHED = (Status.PENDING, Status.SPARE)


class LabelItem(Base):
    """One label that is wanted of one wafer; a wafer that two people shall label has two.

    Args:
        wafer_key: the wafer, "LOT:WAFER".
        iteration: round of labelling that it belongs to, from 1.
        copy: which label of the wafer in that round, from 1.
        priority: the highest is given out first.
        reason: why the wafer was chosen, "" for by hand.
        added_by: who put it here.
        added_at: when.
        status: where it is.
        assignee: who shall do it, does it, or did it; None for whoever comes first.
        gold: its right label is known and measures the annotator, who is not told.
        taken_at: when somebody began.
        ended_at: when it was done or skipped.
        seconds: of work, once done.
        skip_reason: why it was skipped.
        annotation_id: the version that it led to.
        gold_iou: agreement with the gold label, of a gold one that is done.
        strategy: of active learning that chose the wafer, None for by hand.
        score: that it gave the wafer, higher is more worth a label; comparable within one choice only.
        blind: it is labelled without proposals, decided when it was given out; None before that.
        sent_back: a reviewer sent the assignee's label back, and `reason` says why; None for not.
    """

    __tablename__ = "label_queue"
    __table_args__ = (UniqueConstraint("iteration", "wafer_key", "copy"),)

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    wafer_key: Mapped[str] = mapped_column(String(NAME_LENGTH), index=True)
    iteration: Mapped[int]
    copy: Mapped[int]
    priority: Mapped[float]
    reason: Mapped[str] = mapped_column(Text)
    added_by: Mapped[str] = mapped_column(String(NAME_LENGTH))
    added_at: Mapped[datetime]
    status: Mapped[Status] = mapped_column(Choice(Status), index=True, default=Status.PENDING)
    assignee: Mapped[str | None] = mapped_column(String(NAME_LENGTH), default=None)
    gold: Mapped[bool] = mapped_column(default=False)
    taken_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    seconds: Mapped[float | None] = mapped_column(default=None)
    skip_reason: Mapped[str] = mapped_column(Text, default="")
    annotation_id: Mapped[int | None] = mapped_column(ForeignKey("annotations.id"), default=None)
    gold_iou: Mapped[float | None] = mapped_column(default=None)
    strategy: Mapped[str | None] = mapped_column(String(NAME_LENGTH), default=None)
    score: Mapped[float | None] = mapped_column(default=None)
    blind: Mapped[bool | None] = mapped_column(default=None)
    sent_back: Mapped[bool | None] = mapped_column(default=None)


# Statements of what all annotators do all the time are made once: making one takes as long as running it, while others
# wait for their turn to write.
PERSON = bindparam("person", type_=String)
_OTHER = aliased(LabelItem)
AVAILABLE = and_(
    LabelItem.status == Status.PENDING,
    or_(LabelItem.assignee.is_(None), LabelItem.assignee == PERSON),
    ~exists().where(
        _OTHER.wafer_key == LabelItem.wafer_key,
        _OTHER.iteration == LabelItem.iteration,
        _OTHER.id != LabelItem.id,
        _OTHER.assignee == PERSON,
        _OTHER.status.not_in((Status.PENDING, Status.SPARE)),
    ),
)
"""Which items wait for PERSON: meant for the person or anybody, and of a wafer that the person has not had."""

_OF_WAFER = select(LabelItem).where(LabelItem.wafer_key == bindparam("wafer", type_=String)).limit(1)
_IN_HAND = _OF_WAFER.where(LabelItem.status == Status.IN_PROGRESS, LabelItem.assignee == PERSON).order_by(LabelItem.id)
_WAITING = _OF_WAFER.where(AVAILABLE).order_by(LabelItem.assignee.is_(None), LabelItem.priority.desc(), LabelItem.id)


@dataclass(frozen=True)
class Candidate:
    """A wafer that is to be labelled.

    Args:
        wafer_key: the wafer.
        priority: the highest is given out first.
        reason: why it was chosen, for people.
        strategy: of active learning that chose it, None for by hand.
        score: that it gave the wafer.
    """

    wafer_key: str
    priority: float = 0.0
    reason: str = ""
    strategy: str | None = None
    score: float | None = None


def item_by_id(session: Session, number: int) -> LabelItem:
    """Return an item.

    Raises:
        AppDatabaseError: there is none of that number.
    """
    return row_by_id(session, LabelItem, number, "queue item", "Look at the queue.")


def items_in_hand(session: Session, person: Person) -> list[LabelItem]:
    """List what a person has begun and not ended, longest first."""
    wanted = select(LabelItem).where(LabelItem.status == Status.IN_PROGRESS, LabelItem.assignee == person.name)
    return list(session.scalars(wanted.order_by(LabelItem.taken_at, LabelItem.id)))


def item_to_label(session: Session, wafer_key: str, person: Person) -> LabelItem | None:
    """Return the item of a wafer that a label by a person ends: in hand, else waiting for the person; None for none."""
    wanted = {"person": person.name, "wafer": wafer_key}
    return session.scalar(_IN_HAND, wanted) or session.scalar(_WAITING, wanted)


def newest_iteration(session: Session) -> int:
    """Number of the newest round of labelling, 1 before there is one."""
    return session.scalar(select(func.max(LabelItem.iteration))) or 1


def first_priority(session: Session) -> float:
    """A priority before that of every open item."""
    return 1.0 + (session.scalar(select(func.max(LabelItem.priority)).where(LabelItem.status.in_(OPEN))) or 0.0)
