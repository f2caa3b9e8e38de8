"""Drafts: labels in the making, one a person and wafer, so that nobody loses a stroke or overwrites another's."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import String, Text, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database.schema import NAME_LENGTH, Base, now
from core.identity import Person
from core.labels.annotations import GRID_DIGITS, grid_of
from core.labels.draft import LabelDraft, read_draft
from core.labels.label import encode
from core.people.roles import Permission, permit
from data.errors import DraftSupersededError, LabelError
from data.wafer import WaferMap


class Draft(Base):
    """A label in the making.

    Args:
        wafer_key: the wafer, "LOT:WAFER".
        grid: of its die grid, as `grid_of` gives it.
        person: who is working on it.
        revision: of the tab that wrote it, as `text` names it.
        elapsed_s: seconds of work so far, pauses left out.
        text: label and history of undo, as the editor wrote it.
        saved_at: when.
    """

    __tablename__ = "drafts"
    __table_args__ = (UniqueConstraint("wafer_key", "grid", "person"),)

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    wafer_key: Mapped[str] = mapped_column(String(NAME_LENGTH))
    grid: Mapped[str] = mapped_column(String(GRID_DIGITS))
    person: Mapped[str] = mapped_column(String(NAME_LENGTH), index=True)
    revision: Mapped[int]
    elapsed_s: Mapped[float]
    text: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime]


class OtherDraft(NamedTuple):
    """Somebody else at work on the same wafer.

    Args:
        person: who.
        saved_at: when the person's draft last changed.
    """

    person: str
    saved_at: datetime


def save_draft(session: Session, wafer: WaferMap, draft: LabelDraft, person: Person) -> Draft:
    """Keep a draft in place of the person's older one of the same wafer; nobody else's is touched.

    Args:
        session: of a writing transaction.
        wafer: the wafer that is being labelled.
        draft: what the editor sent; sent again, only its time goes on.
        person: who is working on it.

    Raises:
        NotAllowedError: the acting person may not.
        LabelError: the draft is of another wafer or grid.
        DraftSupersededError: the same person has stored something since that this draft does not go on from.
    """
    permit(person, Permission.ANNOTATION_WRITE)
    if (draft.label.key, draft.label.shape) != (wafer.key, wafer.dies.shape):
        raise LabelError(wafer.key, f"the draft is of {draft.label.key} {draft.label.shape}", "Open the wafer anew.")
    held = draft_of(session, wafer, person)
    if held is None:
        held = Draft(
            wafer_key=wafer.key,
            grid=grid_of(wafer),
            person=person.name,
            revision=draft.revision,
            elapsed_s=draft.elapsed_s,
            text=draft.text,
            saved_at=now(),
        )
        session.add(held)
        return held
    stored = read_draft(held.text)
    if (stored.tab, stored.revision) == (draft.tab, draft.revision) and encode(stored.label) == encode(draft.label):
        if draft.elapsed_s > held.elapsed_s:
            held.elapsed_s, held.text = draft.elapsed_s, draft.text
    elif draft.follows(stored) and (draft.tab, draft.revision) != (stored.tab, stored.revision):
        held.revision, held.elapsed_s, held.text, held.saved_at = draft.revision, draft.elapsed_s, draft.text, now()
    elif not (draft.tab and draft.tab == stored.tab and draft.revision < stored.revision):  # a late message of one tab
        raise DraftSupersededError(
            wafer.key,
            "you changed this wafer in another tab or browser since it was opened here; that is kept, and nothing "
            "that you draw here is stored any more",
            "Copy what you drew here (Ctrl + A, Ctrl + C), reload the page and paste it (Ctrl + V).",
        )
    return held


def draft_of(session: Session, wafer: WaferMap, person: Person) -> Draft | None:
    """Return a person's draft of a wafer as it is now, None for none."""
    return session.scalar(
        select(Draft).where(Draft.wafer_key == wafer.key, Draft.grid == grid_of(wafer), Draft.person == person.name)
    )


def drafts_of(session: Session, person: Person) -> list[Draft]:
    """List what a person has begun and not submitted, newest first."""
    wanted = select(Draft).where(Draft.person == person.name)
    return list(session.scalars(wanted.order_by(Draft.saved_at.desc(), Draft.id.desc())))


def other_drafts(session: Session, wafer_key: str, person: Person) -> list[OtherDraft]:
    """List who else has a draft of a wafer open, freshest first."""
    wanted = select(Draft.person, Draft.saved_at).where(Draft.wafer_key == wafer_key, Draft.person != person.name)
    return [OtherDraft(*row) for row in session.execute(wanted.order_by(Draft.saved_at.desc(), Draft.person))]


def drop_draft(session: Session, wafer: WaferMap, person: Person) -> None:
    """Remove a person's draft of a wafer, if there is one.

    Raises:
        NotAllowedError: the acting person may not.
    """
    permit(person, Permission.ANNOTATION_WRITE)
    own = delete(Draft).where(Draft.wafer_key == wafer.key, Draft.grid == grid_of(wafer), Draft.person == person.name)
    session.execute(own, execution_options={"synchronize_session": False})
