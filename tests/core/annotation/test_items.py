from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import select

from core.annotation.items import (
    AVAILABLE,
    OPEN,
    LabelItem,
    Status,
    first_priority,
    item_by_id,
    items_in_hand,
    newest_iteration,
)
from core.identity import Person
from data.errors import AppDatabaseError

START = datetime(2026, 3, 1, tzinfo=UTC)


def item(wafer_key, *, copy=1, iteration=1, priority=0.0, **fields):
    return LabelItem(
        wafer_key=wafer_key,
        iteration=iteration,
        copy=copy,
        priority=priority,
        reason="",
        added_by="eve",
        added_at=START,
        **fields,
    )


def waits_for(one: LabelItem, every: list[LabelItem], person: str) -> bool:
    """What AVAILABLE promises, item by item."""
    had = any(
        other is not one
        and (other.wafer_key, other.iteration, other.assignee) == (one.wafer_key, one.iteration, person)
        and other.status in (Status.IN_PROGRESS, Status.DONE, Status.SKIPPED)
        for other in every
    )
    return one.status is Status.PENDING and one.assignee in (None, person) and not had


@pytest.mark.slow
def test_what_waits_for_whom_is_what_one_would_find_by_hand(database):
    """Every pair of a status and an assignee, of two copies of one wafer, in the same round and in two."""
    kinds = list(product(Status, (None, "ana", "ben")))
    every = [
        item(f"L:{first:02d}{second:02d}{later}", copy=copy, iteration=1 + copy * later, status=status, assignee=who)
        for (first, one), (second, other) in product(enumerate(kinds), enumerate(kinds))
        for later in (0, 1)
        for copy, (status, who) in enumerate((one, other))
    ]
    with database.writing() as session:
        session.add_all(every)
        session.flush()
        for person in ("ana", "ben", "eve"):
            found = set(session.scalars(select(LabelItem.id).where(AVAILABLE), {"person": person}))
            assert found == {one.id for one in every if waits_for(one, every, person)}
            assert found


def test_what_somebody_has_in_hand_is_listed_from_the_longest(database):
    with database.writing() as session:
        for key, who, status, hours in (
            ("L:1", "ana", Status.IN_PROGRESS, 3),
            ("L:2", "ana", Status.IN_PROGRESS, 1),
            ("L:3", "ana", Status.DONE, 0),
            ("L:4", "ben", Status.IN_PROGRESS, 0),
            ("L:5", "ana", Status.PENDING, 0),
            ("L:6", "ana", Status.IN_PROGRESS, 1),
        ):
            session.add(item(key, status=status, assignee=who, taken_at=START + timedelta(hours=hours)))
            session.flush()
        assert [one.wafer_key for one in items_in_hand(session, Person("ana"))] == ["L:2", "L:6", "L:1"]
        assert items_in_hand(session, Person("eve")) == []


def test_the_newest_round_is_the_highest_and_one_before_there_is_any(database):
    with database.writing() as session:
        assert newest_iteration(session) == 1
        session.add_all([item("L:1", iteration=4), item("L:2", iteration=7), item("L:3", iteration=2)])
        assert newest_iteration(session) == 7


@pytest.mark.parametrize("priorities", [(), (0.4, 7.5, -2.0), (-3.0, -8.0)])
def test_the_first_priority_is_above_all_that_is_open_and_looks_at_nothing_else(database, priorities):
    ended = [status for status in Status if status not in OPEN]
    with database.writing() as session:
        for n, priority in enumerate(priorities):
            session.add(item(f"L:{n}", priority=priority, status=OPEN[n % 2]))
        for n, status in enumerate(ended):
            session.add(item(f"M:{n}", priority=100.0, status=status))
        session.flush()
        assert first_priority(session) == 1.0 + max(priorities, default=0.0)


def test_an_item_is_found_by_its_number_or_refused(database):
    with database.writing() as session:
        one = item("L:1")
        session.add(one)
        session.flush()
        assert item_by_id(session, one.id) is one
        with pytest.raises(AppDatabaseError, match=rf"queue item {one.id + 1}: there is no such queue item"):
            item_by_id(session, one.id + 1)
