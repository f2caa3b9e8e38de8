from dataclasses import replace

import numpy as np
import pytest

from core.annotation.bench import bench, proposal
from core.annotation.items import Candidate
from core.annotation.queue import fill, take_next
from core.identity import Person
from core.labels.annotations import write_annotation
from core.labels.draft_store import save_draft
from core.labels.label import Label, Verdict, encode
from core.lake import Lake
from data.errors import LakeError
from tests.core.label_examples import draft, rows_of
from tests.core.lake_examples import drawn, found_on

BEN = Person("ben")
FOUND, PLAIN = drawn(0), drawn(1)
RESULT = found_on(FOUND, "edge", "ring")


@pytest.fixture
def lake(tmp_path) -> Lake:
    lake = Lake(tmp_path / "lake")
    lake.append_wafers([FOUND, PLAIN])
    lake.append_results([RESULT])
    return lake


def test_a_proposal_holds_what_the_model_found_and_nothing_where_it_did_not_look(lake):
    label = proposal(lake, FOUND)
    assert [(one.class_key, one.state) for one in label.instances] == [
        (one.class_key, Verdict.PROPOSED) for one in RESULT.instances
    ]
    for ours, theirs in zip(label.instances, RESULT.instances, strict=True):
        np.testing.assert_array_equal(ours.dies, theirs.dies)
    assert proposal(lake, PLAIN) is None


def test_who_comes_fresh_starts_from_the_proposal(lake, database, ana):
    laid = bench(database, lake, FOUND.key, ana)
    assert encode(laid.start) == encode(proposal(lake, FOUND))
    assert (laid.wafer.key, laid.draft, laid.item, laid.others, laid.submitted) == (FOUND.key, None, None, (), False)


def test_who_labelled_it_before_starts_from_that_and_nobody_else_does(lake, database, ana):
    own = rows_of(FOUND, ("scratch", 2, 4))
    with database.writing() as session:
        write_annotation(session, FOUND, own, ana, 3.0)
    laid = bench(database, lake, FOUND.key, ana)
    assert (encode(laid.start), laid.submitted) == (encode(own), True)
    other = bench(database, lake, FOUND.key, BEN)
    assert (encode(other.start), other.submitted) == (encode(proposal(lake, FOUND)), False)


def test_a_label_of_the_grid_before_is_no_start_for_the_grid_now(lake, database, ana):
    with database.writing() as session:
        write_annotation(session, PLAIN, rows_of(PLAIN, ("scratch", 2, 4)), ana, 3.0)
    dies = PLAIN.dies.copy()
    dies[dies > 0] = 3 - dies[dies > 0]
    lake.append_wafers([replace(PLAIN, dies=dies)])
    laid = bench(database, lake, PLAIN.key, ana)
    np.testing.assert_array_equal(laid.wafer.dies, dies)
    assert (encode(laid.start), laid.submitted) == (encode(Label(PLAIN.key, PLAIN.dies.shape)), False)


def test_a_draft_is_its_writer_s_and_others_are_told_of_it(lake, database, ana):
    kept = draft(PLAIN, 1)
    with database.writing() as session:
        save_draft(session, PLAIN, kept, ana)
        save_draft(session, FOUND, draft(FOUND, 1), BEN)
    mine, theirs = bench(database, lake, PLAIN.key, ana), bench(database, lake, PLAIN.key, BEN)
    assert (mine.draft, mine.others) == (kept.text, ())
    assert (theirs.draft, [other.person for other in theirs.others]) == (None, ["ana"])


def test_the_item_is_the_one_in_the_person_s_hand_of_this_wafer(lake, database, ana):
    with database.writing() as session:
        fill(session, [Candidate(FOUND.key, 2.0), Candidate(PLAIN.key, 1.0)], ana, copies=2)
        taken = [take_next(session, person) for person in (ana, ana, BEN)]
        assert [one.wafer_key for one in taken] == [FOUND.key, PLAIN.key, FOUND.key]
        numbers = [one.id for one in taken]
    laid = [bench(database, lake, key, who) for key, who in ((FOUND.key, ana), (PLAIN.key, ana), (FOUND.key, BEN))]
    assert [one.item.id for one in laid] == numbers
    assert bench(database, lake, PLAIN.key, BEN).item is None


def test_a_wafer_that_the_lake_does_not_hold_is_refused(lake, database, ana):
    with pytest.raises(LakeError, match="NO:SUCH"):
        bench(database, lake, "NO:SUCH", ana)
