"""Datasets that were frozen: named, hashed, and kept by the database from being changed."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from sqlalchemy import String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import audit
from core.database.schema import KEYS_AT_ONCE, NAME_LENGTH, Base, now
from core.datasets.label_set import LabelSet, Member, label_sha256, read_label_set, split_by_lot
from core.identity import Person
from core.labels.annotations import Annotation, labels_of
from core.people.roles import Permission, permit
from data.classes import CLASS_KEYS
from data.errors import AppDatabaseError
from data.wafer import WaferMap


class FrozenSet(Base):
    """A dataset as it was frozen.

    Args:
        name: as people and training call it.
        sha256: of its members.
        members: `LabelSet.text`.
        note: what it is for.
        after: name of the version that it follows, "" for a first one.
        frozen_by: who froze it.
        frozen_at: when.
    """

    __tablename__ = "frozen_sets"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    members: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(String(NAME_LENGTH))
    frozen_by: Mapped[str] = mapped_column(String(NAME_LENGTH))
    frozen_at: Mapped[datetime]


def freeze(
    session: Session, name: str, wafers: Sequence[WaferMap], person: Person, *, note: str = "", after: str = ""
) -> LabelSet:
    """Freeze the labels that count now as a dataset under a new name.

    Args:
        session: of a writing transaction.
        name: of the new version, "v1.1".
        wafers: those of the lake that may be in it; the ones without a label of their grid are left out.
        person: who freezes.
        note: what it is for.
        after: version that it follows: lots known there stay on their side of the split. "" for none.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: the name is empty, too long or taken, the version that it follows does not exist, or none of
            the wafers is labelled.
    """
    permit(person, Permission.TRAINING_WRITE)
    name = name.strip()
    if not 0 < len(name) <= NAME_LENGTH:
        raise AppDatabaseError("dataset", "a dataset needs a name", "Name it, as v1.0.")
    if session.scalar(select(FrozenSet.id).where(FrozenSet.name == name)):
        raise AppDatabaseError(f"dataset {name}", "it is frozen already and stays as it is", "Choose another name.")
    known = {m.lot_id: m.split for m in frozen_set(session, after).members} if after else {}
    found = labels_of(session, wafers)
    labelled = sorted((w for w in wafers if w.key in found), key=lambda w: w.key)
    if not labelled:
        raise AppDatabaseError(f"dataset {name}", "none of these wafers is labelled", "Label some first.")
    present = np.array([found[w.key].read().masks().any(axis=(1, 2)) for w in labelled])
    sides = split_by_lot([w.lot_id for w in labelled], present, known)
    members = tuple(
        Member(
            wafer_key=w.key,
            lot_id=w.lot_id,
            grid=found[w.key].grid,
            annotation_id=found[w.key].id,
            label_sha256=label_sha256(found[w.key].label),
            classes=tuple(key for key, on in zip(CLASS_KEYS, row, strict=True) if on),
            split=side,
        )
        for w, row, side in zip(labelled, present, sides, strict=True)
    )
    frozen = LabelSet(name, members)
    session.add(
        FrozenSet(
            name=name,
            sha256=frozen.sha256,
            members=frozen.text,
            note=note,
            after=after,
            frozen_by=person.name,
            frozen_at=now(),
        )
    )
    audit.record(
        session, person, "dataset.freeze", f"dataset {name}", {"sha256": frozen.sha256, "labels": len(members)}
    )
    return frozen


def frozen_set(session: Session, name: str) -> LabelSet:
    """Return a dataset by its name.

    Raises:
        AppDatabaseError: there is none, or it is not what was frozen.
    """
    row = session.scalar(select(FrozenSet).where(FrozenSet.name == name))
    if row is None:
        raise AppDatabaseError(
            f"dataset {name}", "there is no such dataset", "python -m jobs.freeze_dataset lists them."
        )
    found = read_label_set(name, row.members)
    if found.sha256 != row.sha256:
        raise AppDatabaseError(f"dataset {name}", "its members do not fit its hash", "Restore it from a backup.")
    return found


def frozen_sets(session: Session) -> list[FrozenSet]:
    """List the datasets, newest first."""
    return list(session.scalars(select(FrozenSet).order_by(FrozenSet.id.desc())))


def labels_in(session: Session, frozen: LabelSet) -> dict[str, Annotation]:
    """Return the labels of a dataset by wafer, exactly the versions that were frozen, whatever became of them since.

    Raises:
        AppDatabaseError: a version is gone or is not what was frozen.
    """
    numbers = [m.annotation_id for m in frozen.members]
    found: dict[int, Annotation] = {}
    for start in range(0, len(numbers), KEYS_AT_ONCE):
        wanted = select(Annotation).where(Annotation.id.in_(numbers[start : start + KEYS_AT_ONCE]))
        found |= {a.id: a for a in session.scalars(wanted)}
    for member in frozen.members:
        annotation = found.get(member.annotation_id)
        if annotation is None or label_sha256(annotation.label) != member.label_sha256:
            raise AppDatabaseError(
                f"dataset {frozen.name}",
                f"the label of {member.wafer_key} is not what was frozen",
                "Restore the database from a backup.",
            )
    return {m.wafer_key: found[m.annotation_id] for m in frozen.members}
