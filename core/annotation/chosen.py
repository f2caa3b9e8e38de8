"""What a strategy chose for a round of labelling, as long as nobody has begun with it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.annotation.items import UNTOUCHED, LabelItem
from core.database import audit
from core.identity import Person
from core.people.roles import Permission, permit
from data.errors import AppDatabaseError


def choice_of(session: Session, iteration: int) -> list[LabelItem]:
    """Return what a strategy chose for a round, as long as nobody has begun with any of it.

    Raises:
        AppDatabaseError: somebody has, or nothing was chosen.
    """
    chosen = list(
        session.scalars(select(LabelItem).where(LabelItem.iteration == iteration, LabelItem.strategy.is_not(None)))
    )
    if not chosen:
        raise AppDatabaseError(
            f"round {iteration}", "no strategy chose wafers for it", "Choose wafers for a new round."
        )
    begun = next((item for item in chosen if item.status not in UNTOUCHED), None)
    if begun is not None:
        raise AppDatabaseError(
            f"round {iteration}",
            f"{begun.wafer_key} is {begun.status.replace('_', ' ')} already",
            "Choose wafers for a new round.",
        )
    return chosen


def take_back(session: Session, iteration: int, person: Person) -> int:
    """Take what a strategy chose for a round out of the queue; what people put there by hand stays.

    Args:
        session: of a writing transaction.
        iteration: round of labelling.
        person: who does this.

    Returns:
        How many items.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: somebody has begun with one of them, or nothing was chosen.
    """
    permit(person, Permission.ACTIVE_LEARNING_WRITE)
    chosen = choice_of(session, iteration)
    for item in chosen:
        session.delete(item)
    session.flush()
    audit.record(session, person, "queue.take_back", f"iteration {iteration}", {"items": len(chosen)})
    return len(chosen)
