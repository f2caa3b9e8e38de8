import threading
from datetime import timedelta

import pytest

from core.annotation.chosen import choice_of, take_back
from core.annotation.items import Candidate, Status, item_by_id, items_in_hand
from core.annotation.progress import items
from core.annotation.queue import fill, go_on, put_back, release_idle, skip, take, take_next
from core.database.audit import entries
from core.database.schema import now
from core.identity import Person
from core.labels.draft_store import save_draft
from core.settings import settings
from data.errors import AppDatabaseError
from tests.core.label_examples import draft, shown

BEN = Person("ben")


def wishes(count, **fields):
    return [Candidate(f"LOT1:W{n:02d}", **fields) for n in range(count)]


def test_the_highest_priority_goes_first_and_equals_in_the_order_they_came(database, ana):
    with database.writing() as session:
        fill(session, [Candidate("A:1", 1.0), Candidate("A:2", 3.0), Candidate("A:3", 3.0)], ana)
        assert [take_next(session, ana).wafer_key for _ in range(3)] == ["A:2", "A:3", "A:1"]
        assert take_next(session, ana) is None
        assert [item.wafer_key for item in items_in_hand(session, ana)] == ["A:2", "A:3", "A:1"]


def test_the_wafer_that_a_person_is_at_does_not_come_next(database, ana):
    with database.writing() as session:
        fill(session, wishes(2), ana)
        assert take_next(session, ana, but="LOT1:W00").wafer_key == "LOT1:W01"
        assert take_next(session, ana, but="LOT1:W00") is None


def test_what_is_in_hand_goes_before_a_new_one(database, ana):
    with database.writing() as session:
        fill(session, wishes(2), ana)
        assert [go_on(session, ana).wafer_key for _ in range(2)] == ["LOT1:W00", "LOT1:W00"]
        skip(session, go_on(session, ana).id, "cut off", ana)
        assert go_on(session, ana).wafer_key == "LOT1:W01"


def test_many_people_at_once_never_get_the_same_wafer(database, ana):
    with database.writing() as session:
        fill(session, wishes(40), ana)
    taken = []

    def work(name):
        while True:
            with database.writing() as session:
                item = take_next(session, Person(name))
            if item is None:
                return
            taken.append(item.wafer_key)

    threads = [threading.Thread(target=work, args=(f"person {n}",)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [f"LOT1:W{n:02d}" for n in range(40)]


def test_a_wafer_wanted_twice_goes_to_two_people_and_never_twice_to_one(database, ana):
    with database.writing() as session:
        assert fill(session, wishes(2), ana, copies=2) == 4
        assert sorted(take_next(session, ana).wafer_key for _ in range(2)) == ["LOT1:W00", "LOT1:W01"]
        assert take_next(session, ana) is None
        assert sorted(take_next(session, BEN).wafer_key for _ in range(2)) == ["LOT1:W00", "LOT1:W01"]


def test_filling_again_adds_only_what_is_missing(database, ana):
    with database.writing() as session:
        assert fill(session, wishes(3), ana) == 3
        assert fill(session, wishes(5), ana) == 2
        assert fill(session, wishes(3), ana, copies=2) == 3
        assert fill(session, wishes(3), ana, iteration=2) == 3
        assert fill(session, [*wishes(1), *wishes(1)], ana, iteration=3) == 1


def test_what_is_meant_for_another_is_not_given_out_and_ones_own_goes_first(database, ana):
    with database.writing() as session:
        fill(session, [Candidate("A:1")], ana)
        fill(session, [Candidate("A:2")], ana, assignee="ben")
        fill(session, [Candidate("A:3")], ana, assignee="ana")
        assert [item.wafer_key for item in (take_next(session, ana), take_next(session, ana))] == ["A:3", "A:1"]
        assert take_next(session, ana) is None


def test_a_wafer_is_skipped_for_a_reason_and_not_given_out_again(database, ana):
    with database.writing() as session:
        fill(session, wishes(1), ana)
        item = take_next(session, ana)
        with pytest.raises(AppDatabaseError, match="skipped for a reason"):
            skip(session, item.id, "  ", ana)
        assert skip(session, item.id, "map is cut off", ana) is None
        assert (item.status, item.skip_reason) == (Status.SKIPPED, "map is cut off")
        assert take_next(session, BEN) is None
        assert entries(session, "wafer LOT1:W00")[0].action == "queue.skip"
        with pytest.raises(AppDatabaseError, match="skipped already"):
            skip(session, item.id, "again", ana)


def test_an_ambiguous_wafer_is_replaced_by_the_best_spare_one(database, ana):
    with database.writing() as session:
        fill(session, wishes(1), ana)
        fill(session, [Candidate("S:1", 1.0), Candidate("S:2", 2.0)], ana, status=Status.SPARE)
        fill(session, [Candidate("S:9", 9.0)], ana, status=Status.SPARE, iteration=2)
        item = take_next(session, ana)
        assert take_next(session, ana) is None
        assert skip(session, item.id, "ring or edge?", ana, ambiguous=True).wafer_key == "S:2"
        assert take_next(session, ana).wafer_key == "S:2"


def test_idle_wafers_go_to_others_unless_a_draft_is_fresh(database, ana):
    idle = timedelta(minutes=settings().label_idle_minutes)
    with database.writing() as session:
        fill(session, wishes(2), ana)
        first, second = take_next(session, ana), take_next(session, ana)
        assert release_idle(session, first.taken_at + idle) == 0
        first.taken_at = second.taken_at = now() - 2 * idle
        save_draft(session, shown("W00"), draft(shown("W00"), 1), ana)
        session.flush()
        assert take_next(session, BEN).wafer_key == second.wafer_key
        assert (first.status, first.assignee) == (Status.IN_PROGRESS, "ana")
        assert release_idle(session, now() + 2 * idle) == 2
        assert (first.status, first.assignee) == (Status.PENDING, None)


def test_a_certain_wafer_can_be_taken_unless_somebody_is_at_it(database, ana):
    with database.writing() as session:
        fill(session, wishes(1), ana, assignee="ben")
        item = take_next(session, BEN)
        with pytest.raises(AppDatabaseError, match="in progress by ben"):
            take(session, item.id, ana)
        assert take(session, item.id, BEN).id == item.id
        put_back(session, item.id, BEN)
        assert take(session, item.id, ana).assignee == "ana"
        with pytest.raises(AppDatabaseError, match="no such queue item"):
            item_by_id(session, 99)


def test_what_a_strategy_chose_is_taken_back_with_its_spares_and_what_came_by_hand_stays(database, ana):
    with database.writing() as session:
        fill(session, [Candidate("A:1", 1.0, "far", "coreset", 0.4), Candidate("A:2", 0.5)], ana)
        fill(session, [Candidate("A:3", 0.2, "far", "coreset", 0.1)], ana, status=Status.SPARE)
        fill(session, [Candidate("A:4", 1.0, "far", "coreset", 0.4)], ana, iteration=2)
        assert [(item.strategy, item.score) for item in choice_of(session, 1)] == [("coreset", 0.4), ("coreset", 0.1)]
        assert take_back(session, 1, ana) == 2
        assert [item.wafer_key for item in items(session)] == ["A:4", "A:2"]
        assert entries(session, "iteration 1")[0].action == "queue.take_back"
        with pytest.raises(AppDatabaseError, match="no strategy chose wafers for it"):
            take_back(session, 1, ana)
        assert take_next(session, ana, 2).wafer_key == "A:4"
        with pytest.raises(AppDatabaseError, match="A:4 is in progress already"):
            take_back(session, 2, ana)
