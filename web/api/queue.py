"""`/annotations/queue`: which wafers wait for a label, and who has them."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import select

from core.annotation.items import LabelItem, Status
from core.annotation.progress import statuses
from core.annotation.queue import put_back, skip, take, take_next
from core.people.roles import Permission
from data.errors import AppDatabaseError
from web.api import stores
from web.api.acting import Acting, needs
from web.api.envelope import Answer
from web.api.errors import ConflictError, NotFoundError
from web.api.filters import Limit
from web.api.label_shapes import QueueItem, queue_item
from web.api.turns import in_turn

ROUTER = APIRouter(prefix="/annotations/queue", tags=["annotations"], dependencies=[needs(Permission.ANNOTATION_READ)])
ORDERS = {"priority": (LabelItem.priority.desc(), LabelItem.id), "queued_at": (LabelItem.added_at, LabelItem.id)}
STATUSES = {"pending": Status.PENDING, "in_progress": Status.IN_PROGRESS, "completed": Status.DONE}


class Pagination(BaseModel):
    """Which page of how many."""

    page: int
    page_size: int
    total_pages: int


class Queue(BaseModel):
    """A page of the queue, and how many items there are in all."""

    queue: list[QueueItem]
    total_pending: int
    total_in_progress: int
    total_completed: int
    pagination: Pagination


class Taken(BaseModel):
    """The item that is yours now; null when nothing waits."""

    item: QueueItem | None


class Skipped(BaseModel):
    """Why a wafer is left out."""

    reason: str = Field(min_length=1, max_length=500)
    ambiguous: bool = Field(default=False, description="Nobody could label it; another takes its place.")


@ROUTER.get("", summary="Wafers that wait for a label")
@in_turn
def list_queue(
    person: Acting,
    status: Annotated[str, Query(pattern="^(pending|in_progress|completed)$")] = "pending",
    iteration: Annotated[int | None, Query(ge=1, description="Of this round only.")] = None,
    sort_by: Annotated[str, Query(pattern="^(priority|queued_at)$")] = "priority",
    limit: Limit = 50,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Answer[Queue]:
    """Return a page of the queue."""
    wanted = select(LabelItem).where(LabelItem.status == STATUSES[status])
    wanted = wanted if iteration is None else wanted.where(LabelItem.iteration == iteration)
    with stores.database().reading() as session:
        rows = list(session.scalars(wanted.order_by(*ORDERS[sort_by]).limit(limit).offset((page - 1) * limit)))
        visible = stores.lake(person).seen(row.wafer_key for row in rows)
        items = [queue_item(row) for row in rows if row.wafer_key in visible]
        counts = statuses(session, iteration)
    total = counts.get(STATUSES[status], 0)
    found = Queue(
        queue=items,
        total_pending=counts.get(Status.PENDING, 0),
        total_in_progress=counts.get(Status.IN_PROGRESS, 0),
        total_completed=counts.get(Status.DONE, 0),
        pagination=Pagination(page=page, page_size=limit, total_pages=-(-total // limit)),
    )
    return Answer(data=found)


@ROUTER.post("/next", summary="Take the next wafer")
@in_turn
def next_item(person: Acting, iteration: Annotated[int | None, Query(ge=1)] = None) -> Answer[Taken]:
    """Assign the wafer of highest priority to who asks."""
    with stores.database().writing() as session:
        found = take_next(session, person, iteration, seen=stores.lake(person).seen)
        return Answer(data=Taken(item=queue_item(found) if found else None))


@ROUTER.post("/{number}/assign", summary="Take a certain item")
@in_turn
def assign_item(number: int, person: Acting) -> Answer[QueueItem]:
    """Assign an item to who asks, unless somebody is at it."""
    _check(number)
    with stores.database().writing() as session:
        try:
            return Answer(data=queue_item(take(session, number, person)))
        except AppDatabaseError as error:
            raise ConflictError(error.where, error.problem, error.remedy) from error


@ROUTER.post("/{number}/release", summary="Let an item go")
@in_turn
def release_item(number: int, person: Acting) -> Answer[QueueItem]:
    """Let an item wait again, for anybody."""
    _check(number)
    with stores.database().writing() as session:
        return Answer(data=queue_item(put_back(session, number, person)))


@ROUTER.post("/{number}/skip", summary="Leave an item out")
@in_turn
def skip_item(number: int, asked: Skipped, person: Acting) -> Answer[Taken]:
    """Leave an item out; one that is ambiguous is replaced, and the answer is what takes its place."""
    _check(number)
    with stores.database().writing() as session:
        spare = skip(session, number, asked.reason, person, ambiguous=asked.ambiguous)
        return Answer(data=Taken(item=queue_item(spare) if spare else None))


def _check(number: int) -> None:
    with stores.database().reading() as session:
        if session.get(LabelItem, number) is None:
            raise NotFoundError("number", f"there is no item {number} in the queue", "See /annotations/queue.")
