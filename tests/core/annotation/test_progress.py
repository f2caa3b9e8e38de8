import math

import pytest

from core.annotation.items import Candidate, Status
from core.annotation.progress import begun, items, iterations, pace_s, people, progress, statuses, trail
from core.annotation.queue import fill, skip, take_next
from core.annotation.submissions import submit
from core.identity import Person
from core.labels.draft_store import save_draft
from tests.core.label_examples import draft, rows_of, shown

BEN = Person("ben")


def test_progress_counts_what_is_labelled_by_all_and_what_is_left_for_one(database, ana):
    wafers = [shown(f"W{n:02d}") for n in range(6)]
    with database.writing() as session:
        fill(session, [Candidate(w.key) for w in wafers[:5]], ana)
        fill(session, [Candidate(wafers[5].key)], ana, assignee="ben")
        assert math.isnan(progress(session, ana).pace_s)
        assert progress(session, ana).text == "0 of 6"
        for one, person, seconds in zip(wafers[:3], (ana, ana, BEN), (100.0, 200.0, 9.0), strict=True):
            submit(session, one, rows_of(one, ("edge", 0, 2)), person, seconds)
        far = progress(session, ana)
        assert (far.done, far.total, far.mine, far.pace_s) == (3, 6, 2, 150.0)
        assert far.text == "3 of 6, about 5 min left"
        skip(session, take_next(session, ana).id, "cut off", ana)
        assert progress(session, ana).text == "3 of 5, about 2 min left"
        assert statuses(session)[Status.SKIPPED] == 1


def test_the_pace_is_of_the_newest_twenty(database, ana):
    with database.writing() as session:
        for n in range(25):
            one = shown(f"W{n:02d}")
            fill(session, [Candidate(one.key)], ana)
            submit(session, one, rows_of(one, ("edge", 0, 2)), ana, 1000.0 if n < 5 else 60.0)
    with database.reading() as session:
        assert pace_s(session, "ana") == pytest.approx(60.0, rel=1e-12)


def test_what_was_skipped_is_not_begun_until_it_is_worked_on_again(database, ana):
    wafers = [shown(f"W{n:02d}") for n in range(3)]
    with database.writing() as session:
        fill(session, [Candidate(w.key) for w in wafers[:2]], ana)
        items_taken = [take_next(session, ana) for _ in range(2)]
        for one in wafers:
            save_draft(session, one, draft(one, 1), ana)
        assert begun(session, ana) == ["LOT1:W00", "LOT1:W01", "LOT1:W02"]
        skip(session, items_taken[0].id, "cut off", ana)
        assert begun(session, ana) == ["LOT1:W01", "LOT1:W02"]
        save_draft(session, wafers[0], draft(wafers[0], 2), ana)
        assert sorted(begun(session, ana)) == ["LOT1:W00", "LOT1:W01", "LOT1:W02"]


def test_rounds_people_and_the_trail_are_listed(database, ana):
    with database.writing() as session:
        fill(session, [Candidate("A:1"), Candidate("A:2")], ana)
        fill(session, [Candidate("A:1")], ana, iteration=3)
        for _ in range(2):
            take_next(session, ana, iteration=1)
        take_next(session, BEN)
        assert iterations(session) == [3, 1]
        assert people(session) == ["ana", "ben"]
        assert trail(session, ana) == ["A:1", "A:2"]
        assert [i.iteration for i in items(session, 3)] == [3]
