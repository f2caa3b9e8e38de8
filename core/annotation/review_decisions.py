"""What is decided of a review: a label is accepted, merged or made again, or nothing is wrong."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.annotation.items import Candidate, LabelItem, first_priority, newest_iteration
from core.annotation.queue import fill, put_back
from core.annotation.reviews import Review, ReviewOutcome
from core.database import audit
from core.database.schema import now, row_by_id
from core.identity import Person
from core.labels.annotations import (
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
