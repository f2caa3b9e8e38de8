"""Who labels what: assigned by hand, assigned evenly, and wafers of known label slipped in to measure people."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.annotation.items import OPEN, Candidate, LabelItem, Status, item_by_id
from core.annotation.queue import fill
from core.database import audit
from core.identity import Person
from core.labels.annotations import LabelSource, label_that_counts, standing
from core.people.accounts import in_trail
from core.people.roles import Permission, permit
from data.errors import AppDatabaseError


def assign(session: Session, numbers: Iterable[int], assignee: str | None, person: Person) -> int:
    """Return who shall do items that wait, None for whoever comes first; items that do not wait stay as they are.

    Raises:
        NotAllowedError: the acting person may not.

    Returns:
        How many changed hands.
    """
    permit(person, Permission.ACTIVE_LEARNING_WRITE)
    items = [item for item in (item_by_id(session, n) for n in numbers) if item.status is Status.PENDING]
    moved = [item for item in items if item.assignee != assignee and not item.gold]
    for item in moved:
        item.assignee = assignee
    if moved:
        told = None if assignee is None else in_trail(session, assignee)
        details = {"items": [item.id for item in moved], "assignee": told}
        audit.record(session, person, "queue.assign", "queue", details)
    return len(moved)


def balance(session: Session, names: Sequence[str], person: Person, iteration: int | None = None) -> dict[str, int]:
    """Assign what waits to people so that their open items differ by one at most; nobody gets a wafer twice.

    Raises:
        NotAllowedError: the acting person may not.

    Returns:
        How many open items each now has.
    """
    permit(person, Permission.ACTIVE_LEARNING_WRITE)
    wanted = select(LabelItem).where(LabelItem.status.in_(OPEN))
    if iteration is not None:
        wanted = wanted.where(LabelItem.iteration == iteration)
    items = list(session.scalars(wanted.order_by(LabelItem.priority.desc(), LabelItem.id)))
    assigned = [item for item in items if item.status is Status.PENDING and not item.gold]
    load = {name: sum(i.assignee == name for i in items if i not in assigned) for name in names}
    had = {name: _wafers_had(session, name) for name in names}
    for item in assigned:
        free = [name for name in names if (item.iteration, item.wafer_key) not in had[name]]
        item.assignee = min(free, key=lambda name: load[name]) if free else None
        if item.assignee:
            load[item.assignee] += 1
            had[item.assignee].add((item.iteration, item.wafer_key))
    told = [in_trail(session, name) for name in names]
    audit.record(session, person, "queue.balance", "queue", {"people": told, "items": len(assigned)})
    return load


def slip_in_gold(
    session: Session, keys: Sequence[str], names: Sequence[str], person: Person, *, iteration: int = 1
) -> int:
    """Hide wafers whose right label is known among what waits, once for each person, evenly spread.

    Args:
        session: of a writing transaction.
        keys: wafers that have a gold label.
        names: who is to be measured; whoever made a gold label is not measured by it.
        person: who does this.
        iteration: round of labelling.

    Returns:
        How many items were added.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: a wafer has no gold label.
    """
    permit(person, Permission.ACTIVE_LEARNING_WRITE)
    right = label_that_counts(standing(session, keys)).values()
    authors = {a.wafer_key: a.annotator for a in right if a.source is LabelSource.GOLD}
    missing = [key for key in keys if key not in authors]
    if missing:
        raise AppDatabaseError(missing[0], "it has no gold label", "Accept a label of it as gold first.")
    wanted = select(LabelItem.priority).where(
        LabelItem.status == Status.PENDING, LabelItem.iteration == iteration, LabelItem.gold.is_(False)
    )
    waiting = sorted(session.scalars(wanted), reverse=True) or [0.0]
    added = 0
    for n, key in enumerate(keys):
        priority = waiting[(2 * n + 1) * len(waiting) // (2 * len(keys))]
        for name in names:
            if name != authors[key] and (iteration, key) not in _wafers_had(session, name):
                added += fill(
                    session, [Candidate(key, priority)], person, iteration=iteration, assignee=name, gold=True
                )
    return added


def _wafers_had(session: Session, name: str) -> set[tuple[int, str]]:
    wanted = select(LabelItem.iteration, LabelItem.wafer_key).where(LabelItem.assignee == name)
    return {(i, key) for i, key in session.execute(wanted.where(LabelItem.status != Status.PENDING))}
