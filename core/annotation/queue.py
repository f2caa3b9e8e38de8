"""What is to be labelled: filled, given out, put back, left out. A wafer goes to as many people as were asked for."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import String, bindparam, case, exists, func, select
from sqlalchemy.orm import Session

from core.annotation.blinding import comes_blind
from core.annotation.items import (
    AVAILABLE,
    OPEN,
    PERSON,
    Candidate,
    LabelItem,
    Status,
    item_by_id,
    items_in_hand,
)
from core.database import audit
from core.database.schema import KEYS_AT_ONCE, Moment, now
from core.identity import Person
from core.labels.draft_store import Draft
from core.people.roles import Permission, permit, permit_own
from core.settings import settings
from data.errors import AppDatabaseError

Seen = Callable[[Sequence[str]], Collection[str]]
LOOKED_AT = 100
_BUT = bindparam("but", type_=String)
_NEXT = (
    select(LabelItem)
    .where(AVAILABLE, LabelItem.wafer_key != _BUT)
    .order_by(LabelItem.priority.desc(), case((LabelItem.assignee == PERSON, 0), else_=1), LabelItem.id)
)
_SINCE = bindparam("since", type_=Moment)
_IDLE = select(LabelItem).where(
    LabelItem.status == Status.IN_PROGRESS,
    LabelItem.taken_at < _SINCE,
    ~exists().where(
        Draft.wafer_key == LabelItem.wafer_key, Draft.person == LabelItem.assignee, Draft.saved_at >= _SINCE
    ),
)


def fill(
    session: Session,
    candidates: Sequence[Candidate],
    person: Person,
    *,
    iteration: int = 1,
    copies: int = 1,
    status: Status = Status.PENDING,
    assignee: str | None = None,
    gold: bool = False,
) -> int:
    """Add wafers to the queue; gold apart, those that the round holds as often as asked already are left out.

    Args:
        session: of a writing transaction.
        candidates: the wafers.
        person: who adds them.
        iteration: round of labelling, from 1.
        copies: how many people shall label each, without knowing of one another.
        status: pending, or spare for those that wait to replace others.
        assignee: who shall do them, None for whoever comes first.
        gold: their right labels are known; one more copy of each is added, for the assignee.

    Raises:
        NotAllowedError: the acting person may not.

    Returns:
        How many items were added.
    """
    permit(person, Permission.ANNOTATION_REVIEW)
    held = _copies_held(session, [c.wafer_key for c in candidates], iteration)
    added = 0
    for candidate in {c.wafer_key: c for c in candidates}.values():
        first = held.get(candidate.wafer_key, 0) + 1
        for copy in range(first, first + 1 if gold else copies + 1):
            added += 1
            session.add(
                LabelItem(
                    wafer_key=candidate.wafer_key,
                    iteration=iteration,
                    copy=copy,
                    priority=candidate.priority,
                    reason=candidate.reason,
                    added_by=person.name,
                    added_at=now(),
                    status=status,
                    assignee=assignee,
                    gold=gold,
                    strategy=candidate.strategy,
                    score=candidate.score,
                )
            )
    session.flush()
    if added:
        audit.record(session, person, "queue.fill", f"iteration {iteration}", {"items": added, "status": status})
    return added


def take_next(
    session: Session,
    person: Person,
    iteration: int | None = None,
    but: str = "",
    seen: Seen = set,
) -> LabelItem | None:
    """Assign the next wafer to a person: the highest priority, of equals the person's own first, then the oldest.

    What lay idle with others for longer than WAFERSCOPE_LABEL_IDLE_MINUTES is given out again. Nobody gets a wafer that
    somebody else has, nor one that the person has had in the same round.

    Args:
        session: of a writing transaction.
        person: who asks.
        iteration: of this round only, None for all.
        but: key of a wafer that is not wanted, since the person is at it.
        seen: returns those of some keys that the person may see (`Lake.seen`).

    Raises:
        NotAllowedError: the acting person may not.

    Returns:
        The item, now in progress; None when there is nothing to do.
    """
    permit(person, Permission.ANNOTATION_WRITE)
    release_idle(session)
    wanted = _NEXT if iteration is None else _NEXT.where(LabelItem.iteration == iteration)
    for some in session.scalars(wanted, {"person": person.name, "but": but}).partitions(LOOKED_AT):
        visible = seen([item.wafer_key for item in some])
        if found := next((item for item in some if item.wafer_key in visible), None):
            return _begin(found, person)
    return None


def go_on(session: Session, person: Person, seen: Seen = set) -> LabelItem | None:
    """Return what a person has in hand longest, else the next wafer of the queue; None when there is nothing to do.

    Args:
        session: of a writing transaction.
        person: who asks.
        seen: returns those of some keys that the person may see (`Lake.seen`).

    Raises:
        NotAllowedError: the acting person may not.
    """
    permit(person, Permission.ANNOTATION_WRITE)
    held = items_in_hand(session, person)
    visible = seen([item.wafer_key for item in held])
    mine = next((item for item in held if item.wafer_key in visible), None)
    return mine or take_next(session, person, seen=seen)


def take(session: Session, number: int, person: Person) -> LabelItem:
    """Assign a certain item to a person, whoever it was meant for, unless somebody is at it.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: there is no such item, or it is not to be done, or another has it in progress.
    """
    permit(person, Permission.ANNOTATION_WRITE)
    item = item_by_id(session, number)
    if item.status is Status.IN_PROGRESS and item.assignee == person.name:
        return item
    if item.status is not Status.PENDING:
        by = f" by {item.assignee}" if item.assignee else ""
        raise AppDatabaseError(item.wafer_key, f"it is {item.status.replace('_', ' ')}{by}", "Choose another wafer.")
    return _begin(item, person)


def put_back(session: Session, number: int, person: Person) -> LabelItem:
    """Let go of an item that is in progress, done or skipped: it waits again, for anybody unless it is gold.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: there is no such item.
    """
    item = item_by_id(session, number)
    permit_own(person, item.assignee or person.name, Permission.ANNOTATION_WRITE, Permission.ANNOTATION_REVIEW)
    _free(item)
    audit.record(session, person, "queue.put_back", f"wafer {item.wafer_key}", {"item": number})
    return item


def skip(session: Session, number: int, reason: str, person: Person, *, ambiguous: bool = False) -> LabelItem | None:
    """Leave an item out.

    Args:
        session: of a writing transaction.
        number: of the item.
        reason: why, in the person's words.
        person: who leaves it out.
        ambiguous: nobody could say what the wafer shows: a spare one takes its place.

    Returns:
        The spare one that now waits instead, None when there is none or none is needed.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: there is no such item, it is closed already, or no reason is given.
    """
    item = item_by_id(session, number)
    permit_own(person, item.assignee or person.name, Permission.ANNOTATION_WRITE, Permission.ANNOTATION_REVIEW)
    if item.status not in OPEN:
        raise AppDatabaseError(item.wafer_key, f"it is {item.status} already", "There is nothing to skip.")
    if not reason.strip():
        raise AppDatabaseError(item.wafer_key, "a wafer is skipped for a reason", "Say why, in a word or two.")
    item.status, item.skip_reason, item.ended_at, item.assignee = Status.SKIPPED, reason.strip(), now(), person.name
    details = {"item": number, "reason": item.skip_reason, "ambiguous": ambiguous}
    audit.record(session, person, "queue.skip", f"wafer {item.wafer_key}", details)
    if not ambiguous:
        return None
    spare = session.scalar(
        select(LabelItem)
        .where(LabelItem.status == Status.SPARE, LabelItem.iteration == item.iteration)
        .order_by(LabelItem.priority.desc(), LabelItem.id)
        .limit(1)
    )
    if spare is not None:
        spare.status = Status.PENDING
    return spare


def release_idle(session: Session, moment: datetime | None = None) -> int:
    """Let go of items on which nothing happened for WAFERSCOPE_LABEL_IDLE_MINUTES: neither begun nor a draft saved.

    Args:
        session: of a writing transaction.
        moment: now, None for the clock's.

    Returns:
        How many wait again. Drafts stay: whoever comes back loses nothing.
    """
    since = (moment or now()) - timedelta(minutes=settings().label_idle_minutes)
    idle = list(session.scalars(_IDLE, {"since": since}))
    for item in idle:
        _free(item)
    return len(idle)


def _copies_held(session: Session, keys: Sequence[str], iteration: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(keys), KEYS_AT_ONCE):
        wanted = select(LabelItem.wafer_key, func.max(LabelItem.copy)).where(
            LabelItem.wafer_key.in_(keys[start : start + KEYS_AT_ONCE]), LabelItem.iteration == iteration
        )
        found |= {key: int(copy) for key, copy in session.execute(wanted.group_by(LabelItem.wafer_key))}
    return found


def _begin(item: LabelItem, person: Person) -> LabelItem:
    item.status, item.assignee, item.taken_at = Status.IN_PROGRESS, person.name, now()
    item.blind = comes_blind(item, person)
    return item


def _free(item: LabelItem) -> None:
    item.status, item.taken_at, item.ended_at, item.skip_reason = Status.PENDING, None, None, ""
    item.blind = None
    if not item.gold:
        item.assignee = None
