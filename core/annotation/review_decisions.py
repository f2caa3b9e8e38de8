"""What is decided of a review: a label is accepted, merged or made again, or nothing is wrong."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.annotation.items import Candidate, LabelItem, first_priority, newest_iteration
from core.annotation.queue import fill, put_back
from core.annotation.reviews import Review, ReviewKind, ReviewOutcome
from core.database import audit
from core.database.schema import now, row_by_id
from core.identity import Person
from core.labels.annotations import (
    Annotation,
    LabelSource,
    annotation_by_id,
    withdraw,
    write_annotation,
)
from core.labels.label import Label
from core.people.roles import Permission, permit
from data.errors import AppDatabaseError
from data.wafer import WaferMap


def accept(
    session: Session,
    number: int,
    wafer: WaferMap,
    label: Label,
    person: Person,
    note: str = "",
    source: LabelSource = LabelSource.REVIEWED,
) -> Review:
    """Decide that a label is right as it is, one of the two or the model's; it counts from now on.

    Args:
        session: of a writing transaction.
        number: of the review.
        wafer: as it is now.
        label: what is right.
        person: who decides.
        note: for those who labelled it.
        source: gold to measure annotators by it from now on.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: there is no such review, or it is decided already.
        LabelError: the label is of another wafer or grid.
    """
    permit(person, Permission.ANNOTATION_REVIEW)
    return _decide(session, number, ReviewOutcome.ACCEPTED, person, note, (wafer, label, source))


def merge(
    session: Session,
    number: int,
    wafer: WaferMap,
    label: Label,
    person: Person,
    note: str = "",
    source: LabelSource = LabelSource.REVIEWED,
) -> Review:
    """Decide on a label that the reviewer made of what there was; it counts from now on. Arguments as `accept`.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: there is no such review, or it is decided already.
        LabelError: the label is of another wafer or grid.
    """
    permit(person, Permission.ANNOTATION_REVIEW)
    return _decide(session, number, ReviewOutcome.MERGED, person, note, (wafer, label, source))


def redo(session: Session, number: int, person: Person, note: str = "") -> Review:
    """Take the labels in question back, all but gold ones, and let the wafer be labelled again, before all others.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: there is no such review, or it is decided already.
    """
    permit(person, Permission.ANNOTATION_REVIEW)
    review = _decide(session, number, ReviewOutcome.REDO, person, note)
    for annotation_id in (review.first_id, review.second_id):
        if annotation_id is not None and annotation_by_id(session, annotation_id).source is not LabelSource.GOLD:
            withdraw(session, annotation_id, person, note)
    again = list(session.scalars(select(LabelItem).where(LabelItem.annotation_id.in_(_ids(review)))))
    for item in again:
        put_back(session, item.id, person)
        item.annotation_id = item.gold_iou = item.seconds = None
        item.priority = first_priority(session)
    if not again:
        wish = Candidate(review.wafer_key, first_priority(session), note or "asked in a review")
        fill(session, [wish], person, iteration=newest_iteration(session))
    return review


def send_back(session: Session, number: int, annotation_id: int, person: Person, note: str) -> Review:
    """Give a label back to who made it, before all other work, with what is to be looked at again.

    The label stands until its annotator submits another, and begins with what it says; whatever is submitted then is
    looked at again like a new label.

    Args:
        session: of a writing transaction.
        number: of the review.
        annotation_id: of the label, one of those in question.
        person: who decides.
        note: what is to be looked at, at least a character.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: there is no such review, it is decided already, it does not have the label, it is of a hidden
            known label, which its annotator would learn of, or the note is empty.
    """
    permit(person, Permission.ANNOTATION_REVIEW)
    review = row_by_id(session, Review, number, "review", "Look at the list of reviews.")
    if review.kind is ReviewKind.GOLD or annotation_id not in _ids(review):
        raise AppDatabaseError(
            review.wafer_key, "this review has no label that can be sent back", "Decide it, or have it labelled again."
        )
    if not note.strip():
        raise AppDatabaseError(review.wafer_key, "a label is sent back with a note", "Say what is to be looked at.")
    _decide(session, number, ReviewOutcome.SENT_BACK, person, note)
    annotation = annotation_by_id(session, annotation_id)
    item = session.scalar(select(LabelItem).where(LabelItem.annotation_id == annotation_id))
    if item is None:
        item = _one_more(session, annotation, person)
    else:
        put_back(session, item.id, person)
        item.annotation_id = item.gold_iou = item.seconds = None
    item.assignee, item.priority = annotation.annotator, first_priority(session)
    item.reason, item.sent_back = note.strip(), True
    return review


def _one_more(session: Session, annotation: Annotation, person: Person) -> LabelItem:
    """Queue a wafer once more, for a label that did not come through the queue."""
    iteration = newest_iteration(session)
    held = select(func.max(LabelItem.copy)).where(
        LabelItem.wafer_key == annotation.wafer_key, LabelItem.iteration == iteration
    )
    item = LabelItem(
        wafer_key=annotation.wafer_key,
        iteration=iteration,
        copy=(session.scalar(held) or 0) + 1,
        priority=0.0,
        reason="",
        added_by=person.name,
        added_at=now(),
    )
    session.add(item)
    session.flush()
    return item


def dismiss(session: Session, number: int, person: Person, note: str = "") -> Review:
    """Decide that nothing is to be changed.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: there is no such review, or it is decided already.
    """
    permit(person, Permission.ANNOTATION_REVIEW)
    return _decide(session, number, ReviewOutcome.DISMISSED, person, note)


def _ids(review: Review) -> list[int]:
    return [number for number in (review.first_id, review.second_id) if number is not None]


def _decide(
    session: Session,
    number: int,
    verdict: ReviewOutcome,
    person: Person,
    note: str,
    written: tuple[WaferMap, Label, LabelSource] | None = None,
) -> Review:
    review = row_by_id(session, Review, number, "review", "Look at the list of reviews.")
    if review.verdict is not None:
        raise AppDatabaseError(
            review.wafer_key, f"{review.decided_by} decided already: {review.verdict}", "Look at the next one."
        )
    if written is not None:
        wafer, label, source = written
        review.outcome_id = write_annotation(session, wafer, label, person, 0.0, source).id
    review.verdict, review.decided_by, review.decided_at, review.note = verdict, person.name, now(), note.strip()
    details = {"review": number, "kind": review.kind, "verdict": verdict, "note": review.note}
    audit.record(session, person, "review.decide", f"wafer {review.wafer_key}", details)
    return review
