"""How far two people's labels of one wafer agree, kept for every pair: IoU and Dice, by class, over time."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from core.database import audit
from core.database.schema import NAME_LENGTH, Base, now
from core.identity import Person
from core.labels.agreement import agreement
from core.labels.annotations import Annotation, LabelSource
from core.people.roles import Permission, permit
from data.classes import CLASS_KEYS

OVERALL = "overall"
COLUMNS = ("wafer", "first", "second", "at", "class", "iou", "dice")
_PEOPLE = (LabelSource.SUBMITTED, LabelSource.REVIEWED)


class AgreementPair(Base):
    """How far two labels of one wafer agree, whether much or little.

    Args:
        wafer_key: the wafer, "LOT:WAFER".
        first_id: the annotation that came later.
        second_id: the annotation that stood then.
        at: when they were compared.
        iou: intersection over union, over the dies of all classes pooled.
        dice: twice the intersection over the sum of both, likewise.
        by_class: IoU and Dice of each class that either label has, by its key.
    """

    __tablename__ = "label_agreements"
    __table_args__ = (UniqueConstraint("first_id", "second_id"),)

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    wafer_key: Mapped[str] = mapped_column(String(NAME_LENGTH), index=True)
    first_id: Mapped[int] = mapped_column(ForeignKey("annotations.id"))
    second_id: Mapped[int] = mapped_column(ForeignKey("annotations.id"))
    at: Mapped[datetime]
    iou: Mapped[float]
    dice: Mapped[float]
    by_class: Mapped[dict[str, Any]]


def keep_agreement(
    session: Session, annotation: Annotation, others: Iterable[Annotation], person: Person
) -> Mapping[int, float]:
    """Keep how far a label agrees with each of others of its grid; what is kept already is not kept twice.

    Args:
        session: of the transaction that wrote the label.
        annotation: the label.
        others: what other people say of the same grid.
        person: who labelled.

    Raises:
        NotAllowedError: the acting person may not.

    Returns:
        Overall IoU by the number of the other annotation.
    """
    permit(person, Permission.ANNOTATION_WRITE)
    wanted = select(AgreementPair).where(AgreementPair.first_id == annotation.id)
    known = {pair.second_id: pair.iou for pair in session.scalars(wanted)}
    found = {}
    for other in others:
        if other.id in known:
            found[other.id] = known[other.id]
            continue
        pair = _compared(annotation, other)
        session.add(pair)
        found[other.id] = pair.iou
        details = {"annotations": [annotation.id, other.id], "iou": pair.iou, "dice": pair.dice}
        audit.record(session, person, "agreement.keep", f"wafer {annotation.wafer_key}", details)
    return found


def agreement_pairs(session: Session) -> pd.DataFrame:
    """List how far people's labels agree, of each wafer and two people what they said last.

    Labels that were taken back, read from files or known to be right (gold) are left out.

    Returns:
        COLUMNS, a row a pair and class, and one with class "overall" for all classes pooled; oldest first.
    """
    first, second = aliased(Annotation), aliased(Annotation)
    wanted = (
        select(AgreementPair, first.annotator, second.annotator, first.grid)
        .join(first, first.id == AgreementPair.first_id)
        .join(second, second.id == AgreementPair.second_id)
        .where(first.withdrawn_at.is_(None), second.withdrawn_at.is_(None))
        .where(first.source.in_(_PEOPLE), second.source.in_(_PEOPLE))
        .order_by(AgreementPair.id)
    )
    newest: dict[tuple[str, str, frozenset[str]], tuple[AgreementPair, str, str]] = {}
    for pair, one, other, grid in session.execute(wanted):
        newest[pair.wafer_key, grid, frozenset((one, other))] = (pair, one, other)
    rows = [
        (pair.wafer_key, one, other, pair.at, key, iou, dice)
        for pair, one, other in sorted(newest.values(), key=lambda held: held[0].id)
        for key, (iou, dice) in {OVERALL: (pair.iou, pair.dice), **pair.by_class}.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def agreement_by(pairs: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the mean over pairs for each class, or for each value of other columns and class.

    Args:
        pairs: as `agreement_pairs` gives them; `month` may be asked for besides its columns.
        columns: what to part by, the class among them or not.

    Returns:
        The columns, then `pairs`, `iou` and `dice`; classes in their usual order behind "overall".
    """
    months = pd.to_datetime(pairs["at"], utc=True).dt.strftime("%Y-%m")
    parted = pairs.assign(month=months, order=pairs["class"].map([OVERALL, *CLASS_KEYS].index))
    found = parted.groupby([c for c in columns if c != "class"] + ["order", "class"], as_index=False).agg(
        pairs=("iou", "size"), iou=("iou", "mean"), dice=("dice", "mean")
    )
    return found.drop(columns="order")


def _compared(annotation: Annotation, other: Annotation) -> AgreementPair:
    found = agreement(annotation.read().masks(), other.read().masks())
    shown = np.flatnonzero(~np.isnan(found.iou))
    return AgreementPair(
        wafer_key=annotation.wafer_key,
        first_id=annotation.id,
        second_id=other.id,
        at=now(),
        iou=found.overall_iou,
        dice=found.overall_dice,
        by_class={CLASS_KEYS[k]: [float(found.iou[k]), float(found.dice[k])] for k in shown},
    )
