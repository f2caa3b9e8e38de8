"""A label is submitted: one transaction keeps the annotation, closes the queue's item, and opens what needs review."""

from dataclasses import dataclass

from sqlalchemy import String, bindparam, select
from sqlalchemy.orm import Session

from core.annotation.items import AVAILABLE, PERSON, LabelItem, Status
from core.annotation.reviews import Review, screen
from core.database import audit
from core.database.schema import now
from core.identity import Person
from core.labels.annotations import Annotation, write_annotation
from core.labels.checks import LabelLimits, validate
from core.labels.draft_store import drop_draft
from core.labels.label import Label
from core.people.roles import Permission, permit
from data.errors import LabelError
from data.wafer import WaferMap

_OF_WAFER = select(LabelItem).where(LabelItem.wafer_key == bindparam("wafer", type_=String)).limit(1)
_IN_HAND = _OF_WAFER.where(LabelItem.status == Status.IN_PROGRESS, LabelItem.assignee == PERSON).order_by(LabelItem.id)
_WAITING = _OF_WAFER.where(AVAILABLE).order_by(LabelItem.assignee.is_(None), LabelItem.priority.desc(), LabelItem.id)


@dataclass(frozen=True, eq=False)
class Submission:
    """What came of submitting a label.

    Args:
        annotation: the version that is kept.
        item: of the queue that it closed, None where the wafer was labelled without one.
        reviews: what it gave reason to look at.
    """

    annotation: Annotation
    item: LabelItem | None
    reviews: tuple[Review, ...]


def submit(
    session: Session,
    wafer: WaferMap,
    label: Label,
    person: Person,
    seconds: float,
    limits: LabelLimits | None = None,
) -> Submission:
    """Submit a label; submitted again as it is, it is kept once.

    The annotation, the status of the queue's item with the time spent, the removal of the draft, what is to be
    reviewed and the audit trail are written together or not at all.

    Args:
        session: of a writing transaction.
        wafer: the wafer as it is now.
        label: what the person says about it.
        person: who labelled.
        seconds: of work, pauses left out.
        limits: what a label may cover, None for the built-in limits.

    Raises:
        NotAllowedError: the acting person may not.
        LabelError: the label is of another wafer or grid, or is not fit to be submitted; it says why.

    Example:
        >>> import numpy as np
        >>> from pathlib import Path
        >>> from tempfile import mkdtemp
        >>> from core.database import AppDatabase
        >>> wafer = WaferMap(dies=np.ones((9, 9), dtype=np.uint8), lot_id="L", wafer_id="W")
        >>> database = AppDatabase(Path(mkdtemp()) / "decisions.db")
        >>> with database.writing() as session:
        ...     done = submit(session, wafer, Label("L:W", (9, 9), no_defect=True), Person("ana"), 4.0)
        >>> done.annotation.annotator, done.item
        ('ana', None)
    """
    permit(person, Permission.ANNOTATION_WRITE)
    blocking = [problem.text for problem in validate(label, wafer, limits) if problem.blocks]
    if blocking:
        raise LabelError(wafer.key, " ".join(blocking), "Then submit again; the draft is kept.")
    begun = now()
    with session.no_autoflush:  # each flush takes a millisecond, while all other writers wait
        annotation = write_annotation(session, wafer, label, person, seconds)
        item = _close_item(session, annotation, person, seconds)
        drop_draft(session, wafer, person)
        to_judge = annotation.submitted_at >= begun or (item is not None and item.gold)
        found = screen(session, annotation, item, person) if to_judge else []
    session.flush()
    return Submission(annotation, item, tuple(found))


def _close_item(session: Session, annotation: Annotation, person: Person, seconds: float) -> LabelItem | None:
    """End the item that the person has in hand, or one that waits and that the person might have taken."""
    wanted = {"person": person.name, "wafer": annotation.wafer_key}
    item = session.scalar(_IN_HAND, wanted) or session.scalar(_WAITING, wanted)
    if item is None:
        return None
    item.status, item.assignee, item.annotation_id = Status.DONE, person.name, annotation.id
    item.ended_at, item.seconds = now(), seconds
    audit.record(
        session, person, "queue.done", f"wafer {item.wafer_key}", {"item": item.id, "annotation": annotation.id}
    )
    return item
