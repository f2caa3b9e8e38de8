"""Annotations: every label that was ever submitted, by whom, on which die grid; the newest counts, none is lost."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import audit
from core.database.schema import KEYS_AT_ONCE, NAME_LENGTH, Base, Choice, now, row_by_id
from core.identity import Person
from core.labels.label import Label, decode, encode
from core.lake.rows import dies_hash
from core.people.roles import Permission, permit, permit_own
from data.errors import LabelError
from data.wafer import WaferMap

GRID_DIGITS = 16


class LabelSource(StrEnum):
    """How a version came to be."""

    SUBMITTED = "submitted"  # labelled by its annotator
    REVIEWED = "reviewed"  # decided in a review: it counts before what was submitted
    GOLD = "gold"  # known to be right: annotators are measured by it, and it counts before all others
    IMPORTED = "imported"  # read from a file


_RANK = {LabelSource.IMPORTED: 0, LabelSource.SUBMITTED: 0, LabelSource.REVIEWED: 1, LabelSource.GOLD: 2}


class Annotation(Base):
    """One version of a wafer's label; never edited but to be withdrawn or restored.

    Args:
        wafer_key: the wafer, "LOT:WAFER".
        grid: of the wafer's die grid, as `grid_of` gives it: a label never applies to another grid.
        label: its text, as `core.labels.label.encode` writes it.
        source: how it came to be.
        annotator: who labelled, or decided.
        seconds: of work, pauses left out.
        submitted_at: when.
        replaces_id: version of the same annotator that it takes the place of, None for a first one.
        withdrawn_at: when it was taken back, None while it stands.
        withdrawn_by: by whom.
    """

    __tablename__ = "annotations"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    wafer_key: Mapped[str] = mapped_column(String(NAME_LENGTH), index=True)
    grid: Mapped[str] = mapped_column(String(GRID_DIGITS))
    label: Mapped[str] = mapped_column(Text)
    source: Mapped[LabelSource] = mapped_column(Choice(LabelSource))
    annotator: Mapped[str] = mapped_column(String(NAME_LENGTH), index=True)
    seconds: Mapped[float]
    submitted_at: Mapped[datetime]
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("annotations.id"), default=None)
    withdrawn_at: Mapped[datetime | None] = mapped_column(default=None)
    withdrawn_by: Mapped[str | None] = mapped_column(String(NAME_LENGTH), default=None)

    def read(self) -> Label:
        """Return the label."""
        return decode(self.label)


_HISTORY = select(Annotation).where(Annotation.wafer_key == bindparam("wafer")).order_by(Annotation.id.desc())


def grid_of(wafer: WaferMap) -> str:
    """Name a wafer's die grid: 16 hexadecimal digits."""
    return f"{dies_hash(wafer) % 16**GRID_DIGITS:0{GRID_DIGITS}x}"


def write_annotation(
    session: Session,
    wafer: WaferMap,
    label: Label,
    person: Person,
    seconds: float,
    source: LabelSource = LabelSource.SUBMITTED,
) -> Annotation:
    """Keep a label as the newest version of its wafer and annotator.

    What the annotator said just like this already, and did not take back, is not written twice: sending again is safe.

    Args:
        session: of a writing transaction.
        wafer: the wafer that was labelled.
        label: of this wafer; whether it is fit to be submitted is for `core.annotation.submissions` to say.
        person: who labelled.
        seconds: of work, pauses left out.
        source: how the label came to be.

    Raises:
        NotAllowedError: the acting person may not.
        LabelError: the label is of another wafer or grid.
    """
    permit(person, Permission.ANNOTATION_WRITE)
    if (label.key, label.shape) != (wafer.key, wafer.dies.shape):
        raise LabelError(
            wafer.key, f"the label is of {label.key} {label.shape}, the grid is {wafer.dies.shape}", "Label it anew."
        )
    before = own_annotation(session, wafer, person)
    text = encode(label)
    if before is not None and (before.label, before.source) == (text, source):
        return before
    annotation = Annotation(
        wafer_key=wafer.key,
        grid=grid_of(wafer),
        label=text,
        source=source,
        annotator=person.name,
        seconds=seconds,
        submitted_at=now(),
        replaces_id=before.id if before else None,
    )
    session.add(annotation)
    session.flush()
    details = {"annotation": annotation.id, "source": source, "instances": len(label.kept), "seconds": round(seconds)}
    audit.record(session, person, "annotation.write", f"wafer {wafer.key}", details)
    return annotation


def own_annotation(session: Session, wafer: WaferMap, person: Person) -> Annotation | None:
    """Return what a person says about a wafer: the newest of the person's versions of its grid that stands."""
    versions = (a for a in annotation_history(session, wafer.key) if a.annotator == person.name)
    return next((a for a in versions if a.withdrawn_at is None and a.grid == grid_of(wafer)), None)


def annotation_by_id(session: Session, number: int) -> Annotation:
    """Return a version.

    Raises:
        AppDatabaseError: there is none of that number.
    """
    return row_by_id(session, Annotation, number, "annotation", "Look at the wafer's history.")


def annotation_history(session: Session, wafer_key: str) -> list[Annotation]:
    """List every version of a wafer's label, of all annotators and the withdrawn too, newest first."""
    return list(session.scalars(_HISTORY, {"wafer": wafer_key}))


def standing(session: Session, keys: Sequence[str]) -> list[Annotation]:
    """List what each annotator says last about each of these wafers, withdrawn versions left out; oldest first."""
    newest: dict[tuple[str, str, str], Annotation] = {}
    for start in range(0, len(keys), KEYS_AT_ONCE):
        wanted = select(Annotation).where(
            Annotation.wafer_key.in_(keys[start : start + KEYS_AT_ONCE]), Annotation.withdrawn_at.is_(None)
        )
        for a in session.scalars(wanted.order_by(Annotation.id)):
            newest[a.wafer_key, a.grid, a.annotator] = a
    return sorted(newest.values(), key=lambda a: a.id)


def label_that_counts(annotations: Iterable[Annotation]) -> dict[tuple[str, str], Annotation]:
    """Of several versions, give the one that counts for each wafer and grid.

    Gold goes before a reviewed version, that before all others; of equals the newest counts.

    Args:
        annotations: in any order; withdrawn ones are left out.

    Returns:
        By wafer key and grid.
    """
    ranked = sorted((a for a in annotations if a.withdrawn_at is None), key=lambda a: (_RANK[a.source], a.id))
    return {(a.wafer_key, a.grid): a for a in ranked}


def labelled_keys(session: Session) -> list[str]:
    """List the wafers that have a standing label, sorted."""
    wanted = select(Annotation.wafer_key).where(Annotation.withdrawn_at.is_(None)).distinct()
    return sorted(session.scalars(wanted))


def gold_keys(session: Session) -> list[str]:
    """List the wafers whose right label is known, sorted."""
    wanted = select(Annotation.wafer_key).where(
        Annotation.source == LabelSource.GOLD, Annotation.withdrawn_at.is_(None)
    )
    return sorted(session.scalars(wanted.distinct()))


def labels_of(session: Session, wafers: Sequence[WaferMap]) -> dict[str, Annotation]:
    """Return the version that counts for each wafer as it is now; a label of another grid does not."""
    counting = label_that_counts(standing(session, [wafer.key for wafer in wafers]))
    found = {wafer.key: counting.get((wafer.key, grid_of(wafer))) for wafer in wafers}
    return {key: annotation for key, annotation in found.items() if annotation is not None}


def withdraw(session: Session, number: int, person: Person, reason: str = "") -> Annotation:
    """Take a version back; it stays in the history and can be restored.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: there is no such version.
    """
    annotation = annotation_by_id(session, number)
    permit_own(person, annotation.annotator, Permission.ANNOTATION_WRITE, Permission.ANNOTATION_REVIEW)
    if annotation.withdrawn_at is None:
        annotation.withdrawn_at, annotation.withdrawn_by = now(), person.name
        details = {"annotation": number, "reason": reason}
        audit.record(session, person, "annotation.withdraw", f"wafer {annotation.wafer_key}", details)
    return annotation


def restore(session: Session, number: int, person: Person) -> Annotation:
    """Let a version that was taken back stand again.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: there is no such version.
    """
    annotation = annotation_by_id(session, number)
    permit_own(person, annotation.annotator, Permission.ANNOTATION_WRITE, Permission.ANNOTATION_REVIEW)
    if annotation.withdrawn_at is not None:
        annotation.withdrawn_at = annotation.withdrawn_by = None
        audit.record(session, person, "annotation.restore", f"wafer {annotation.wafer_key}", {"annotation": number})
    return annotation
