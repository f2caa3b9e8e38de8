"""Reviews: labels and predictions that somebody else should look at, why, and what was decided."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.annotation.agreement_pairs import keep_agreement
from core.annotation.items import LabelItem
from core.database import audit
from core.database.schema import NAME_LENGTH, Base, Choice, now
from core.identity import Person
from core.labels.agreement import LEAST_AGREEMENT
from core.labels.annotations import (
    Annotation,
    LabelSource,
    label_that_counts,
    standing,
)
from core.people.roles import Permission, permit
from data.classes import CLASS_INDEX
from data.errors import AppDatabaseError
from data.splits import held_out

EXPERT_SHARE = 0.1
EXPERT_SEED = 4
LONGEST_COMMENT = 4000


class ReviewKind(StrEnum):
    """Why something is to be reviewed."""

    DISAGREEMENT = "disagreement"  # two people's labels of one wafer differ
    SAMPLE = "sample"  # one of the ten percent that experts look at
    GOLD = "gold"  # a label differs from the one known to be right
    FLAG = "flag"  # somebody says that the model is wrong here


class ReviewOutcome(StrEnum):
    """What a review came to."""

    ACCEPTED = "accepted"  # one label, or the model, stands as it is
    MERGED = "merged"  # the reviewer made a label of what there was
    REDO = "redo"  # the labels are taken back and the wafer is labelled again
    DISMISSED = "dismissed"  # nothing is wrong


class Review(Base):
    """Something to be looked at.

    Args:
        wafer_key: the wafer, "LOT:WAFER".
        kind: why.
        opened_by: whose label or flag led to it.
        opened_at: when.
        first_id: the annotation in question, None for a flag.
        second_id: the annotation that it is held against, None where there is none.
        overall_iou: of the two, None where there is one.
        class_key: class that a flag is about, "" for none.
        comment: what was said with a flag.
        model: model that a flag is about, "" for none.
        verdict: what it came to, None while it is open.
        decided_by: by whom.
        decided_at: when.
        note: what the reviewer said.
        outcome_id: annotation that the decision wrote, None where it wrote none.
    """

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    wafer_key: Mapped[str] = mapped_column(String(NAME_LENGTH), index=True)
    kind: Mapped[ReviewKind] = mapped_column(Choice(ReviewKind))
    opened_by: Mapped[str] = mapped_column(String(NAME_LENGTH))
    opened_at: Mapped[datetime]
    first_id: Mapped[int | None] = mapped_column(ForeignKey("annotations.id"), default=None)
    second_id: Mapped[int | None] = mapped_column(ForeignKey("annotations.id"), default=None)
    overall_iou: Mapped[float | None] = mapped_column(default=None)
    class_key: Mapped[str] = mapped_column(String(NAME_LENGTH), default="")
    comment: Mapped[str] = mapped_column(Text, default="")
    model: Mapped[str] = mapped_column(String(NAME_LENGTH), default="")
    verdict: Mapped[ReviewOutcome | None] = mapped_column(Choice(ReviewOutcome), index=True, default=None)
    decided_by: Mapped[str | None] = mapped_column(String(NAME_LENGTH), default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    note: Mapped[str] = mapped_column(Text, default="")
    outcome_id: Mapped[int | None] = mapped_column(ForeignKey("annotations.id"), default=None)


def screen(session: Session, annotation: Annotation, item: LabelItem | None, person: Person) -> list[Review]:
    """Open what a new label gives reason to review: a gold label missed, a colleague's label, the experts' sample.

    How far it agrees with every other label of the wafer is kept, whether it gives a reason or not.

    Args:
        session: of the transaction that wrote the annotation.
        annotation: the new version.
        item: of the queue that it was made for, None for none; a gold one keeps how far the label agrees.
        person: the annotator.

    Raises:
        NotAllowedError: the acting person may not.
    """
    permit(person, Permission.ANNOTATION_WRITE)
    others = [
        a
        for a in standing(session, [annotation.wafer_key])
        if a.grid == annotation.grid and a.annotator != annotation.annotator
    ]
    found: list[Review] = []
    agreed = keep_agreement(session, annotation, others, person)
    gold = label_that_counts(a for a in others if a.source is LabelSource.GOLD)
    if item is not None and item.gold:
        for right in gold.values():
            item.gold_iou = iou = agreed[right.id]
            found += [_opened(annotation, right, ReviewKind.GOLD, person, iou)] if iou < LEAST_AGREEMENT else []
    else:
        for other in (a for a in others if a.source in (LabelSource.SUBMITTED, LabelSource.REVIEWED)):
            if agreed[other.id] < LEAST_AGREEMENT:
                found.append(_opened(annotation, other, ReviewKind.DISAGREEMENT, person, agreed[other.id]))
        if is_sampled(annotation.wafer_key, annotation.annotator):
            found.append(_opened(annotation, None, ReviewKind.SAMPLE, person))
    session.add_all(found)
    return found


def is_sampled(wafer_key: str, annotator: str) -> bool:
    """Return whether experts look at an annotator's label of a wafer: one in ten, the same ones whoever asks when."""
    return bool(held_out([f"{annotator} {wafer_key}"], EXPERT_SHARE, EXPERT_SEED)[0])


def flag_prediction(
    session: Session, wafer_key: str, model: str, class_key: str, comment: str, person: Person
) -> Review:
    """Record that the model is wrong about a wafer.

    Args:
        session: of a writing transaction.
        wafer_key: the wafer.
        model: name of the model that said so, "" where the wafer is not segmented.
        class_key: class that it is wrong about, "" for the wafer as a whole.
        comment: what is wrong, up to 4,000 characters.
        person: who says so.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: the class does not exist, or the comment is empty or too long.
    """
    permit(person, Permission.ANNOTATION_WRITE)
    text = comment.strip()
    if class_key and class_key not in CLASS_INDEX:
        raise AppDatabaseError(
            wafer_key, f"the class '{class_key}' does not exist", f"Use one of {', '.join(CLASS_INDEX)}."
        )
    if not 0 < len(text) <= LONGEST_COMMENT:
        raise AppDatabaseError(
            wafer_key, f"a comment has 1 to {LONGEST_COMMENT:,} characters, found {len(text):,}", "Say what is wrong."
        )
    review = Review(
        wafer_key=wafer_key,
        kind=ReviewKind.FLAG,
        opened_by=person.name,
        opened_at=now(),
        class_key=class_key,
        comment=text,
        model=model,
    )
    session.add(review)
    details = {"class": class_key, "comment": text, "model": model}
    audit.record(session, person, "prediction.flag", f"wafer {wafer_key}", details)
    return review


def open_reviews(session: Session, kinds: Sequence[ReviewKind] = tuple(ReviewKind), limit: int = 500) -> list[Review]:
    """List what waits for a decision: the lowest agreement first, then the oldest."""
    wanted = select(Review).where(Review.verdict.is_(None), Review.kind.in_(kinds))
    return list(session.scalars(wanted.order_by(Review.overall_iou.asc().nulls_last(), Review.id).limit(limit)))


def reviews_of(session: Session, wafer_key: str) -> list[Review]:
    """List every review of a wafer, newest first."""
    return list(session.scalars(select(Review).where(Review.wafer_key == wafer_key).order_by(Review.id.desc())))


def _opened(
    first: Annotation, second: Annotation | None, kind: ReviewKind, person: Person, iou: float | None = None
) -> Review:
    return Review(
        wafer_key=first.wafer_key,
        kind=kind,
        opened_by=person.name,
        opened_at=now(),
        first_id=first.id,
        second_id=second.id if second else None,
        overall_iou=iou,
    )
