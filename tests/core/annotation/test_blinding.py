from collections import Counter

import numpy as np
import pytest

from core.annotation.bench import bench
from core.annotation.blinding import comes_blind
from core.annotation.items import Candidate, LabelItem, Status
from core.annotation.queue import fill, put_back, take_next
from core.annotation.submissions import submit
from core.database.schema import now
from core.identity import Person
from core.labels.annotations import write_annotation
from core.labels.blind import LabelMaking
from core.labels.label import Label, LabelInstance, Origin, Verdict
from core.lake import Lake
from tests.core.lake_examples import drawn, found_on

BEN = Person("ben")
FOUND, OTHER = drawn(0), drawn(1)
RESULT = found_on(FOUND, "edge", "ring")
PROPOSED = Counter(one.class_key for one in RESULT.instances)


@pytest.fixture
def lake(tmp_path) -> Lake:
    lake = Lake(tmp_path / "lake")
    lake.append_wafers([FOUND, OTHER])
    lake.append_results([RESULT])
    return lake


def some_failing(count):
    dies = np.argwhere(FOUND.failing)[:count]
    return Label(FOUND.key, FOUND.dies.shape, (LabelInstance(1, "particle", dies),))


def item(number, *, gold=False, blind=None):
    return LabelItem(
        wafer_key=f"L:{number}",
        iteration=1,
        copy=1,
        priority=0.0,
        reason="",
        added_by="ana",
        added_at=now(),
        gold=gold,
        blind=blind,
    )


@pytest.mark.parametrize(("share", "least", "most"), [("0", 0, 0), ("0.2", 160, 240), ("1", 1000, 1000)])
def test_the_share_of_the_setting_comes_blind_and_the_same_ones_again(monkeypatch, ana, share, least, most):
    monkeypatch.setenv("WAFERSCOPE_BLIND_SHARE", share)
    drawn_ones = [comes_blind(item(n), ana) for n in range(1000)]
    assert least <= sum(drawn_ones) <= most
    assert drawn_ones == [comes_blind(item(n), ana) for n in range(1000)]


def test_all_gold_comes_blind_and_what_was_decided_stays(monkeypatch, ana):
    monkeypatch.setenv("WAFERSCOPE_BLIND_SHARE", "0")
    assert comes_blind(item(1, gold=True), ana)
    assert comes_blind(item(1, blind=True), ana)
    monkeypatch.setenv("WAFERSCOPE_BLIND_SHARE", "1")
    assert not comes_blind(item(1, blind=False), ana)


def test_it_is_decided_when_a_wafer_is_given_out_and_forgotten_when_it_waits_again(monkeypatch, database, ana):
    with database.writing() as session:
        fill(session, [Candidate(FOUND.key)], ana)
    monkeypatch.setenv("WAFERSCOPE_BLIND_SHARE", "1")
    with database.writing() as session:
        taken = take_next(session, ana)
        assert taken.blind is True
        assert put_back(session, taken.id, ana).blind is None
    monkeypatch.setenv("WAFERSCOPE_BLIND_SHARE", "0")
    with database.writing() as session:
        assert take_next(session, BEN).blind is False


@pytest.mark.parametrize("gold", [True, False])
def test_a_blind_wafer_starts_from_nothing_in_hand_or_opened_by_its_link(monkeypatch, database, lake, ana, gold):
    monkeypatch.setenv("WAFERSCOPE_BLIND_SHARE", "0" if gold else "1")
    with database.writing() as session:
        fill(session, [Candidate(FOUND.key)], ana, assignee="ana", gold=gold)
    waiting = bench(database, lake, FOUND.key, ana)
    with database.writing() as session:
        take_next(session, ana)
    in_hand = bench(database, lake, FOUND.key, ana)
    for laid in (waiting, in_hand):
        assert (laid.start.instances, laid.hidden, laid.blind, laid.shown) == ((), True, True, None)
    others = bench(database, lake, FOUND.key, BEN)
    assert (others.hidden, others.blind, len(others.start.instances)) == (False, False, PROPOSED.total())


def test_a_wafer_without_a_result_is_blind_though_nothing_is_hidden(database, lake, ana):
    laid = bench(database, lake, OTHER.key, ana)
    assert (laid.hidden, laid.blind, laid.shown) == (False, True, None)


def test_how_it_was_made_is_kept_with_the_label(monkeypatch, database, lake, ana):
    monkeypatch.setenv("WAFERSCOPE_BLIND_SHARE", "1")
    own = some_failing(12)
    with database.writing() as session:
        fill(session, [Candidate(FOUND.key)], ana, copies=2)
        take_next(session, ana)
    laid = bench(database, lake, FOUND.key, ana)
    with database.writing() as session:
        done = submit(session, FOUND, own, ana, 3.0, shown=laid.shown, blind=laid.blind, note=" at the rim ")
        assert (done.item.blind, done.item.status) == (True, Status.DONE)
        assert (done.annotation.blind, done.annotation.proposals, done.annotation.note) == (True, None, "at the rim")
    monkeypatch.setenv("WAFERSCOPE_BLIND_SHARE", "0")
    with database.writing() as session:
        take_next(session, BEN)
    laid = bench(database, lake, FOUND.key, BEN)
    with database.writing() as session:
        assert [one.origin for one in laid.shown.instances] == [Origin.PROPOSAL] * PROPOSED.total()
        kept = Label(FOUND.key, laid.start.shape, tuple(_accepted(one) for one in laid.start.instances))
        done = submit(session, FOUND, kept, BEN, 3.0, shown=laid.shown, blind=laid.blind)
        assert (done.annotation.blind, done.annotation.proposals) == (False, {k: [n, n] for k, n in PROPOSED.items()})


def test_a_label_that_corrects_one_made_with_proposals_is_not_blind(database, ana):
    with database.writing() as session:
        for blind in (False, True):
            kept = write_annotation(session, FOUND, some_failing(12 + blind), ana, 3.0, making=LabelMaking(blind=blind))
        assert kept.blind is False


def test_who_does_not_say_how_a_label_was_made_makes_no_blind_one(monkeypatch, database, ana):
    monkeypatch.setenv("WAFERSCOPE_BLIND_SHARE", "1")
    with database.writing() as session:
        fill(session, [Candidate(FOUND.key)], ana)
        done = submit(session, FOUND, some_failing(12), ana, 3.0)
        assert (done.annotation.blind, done.item.blind) == (None, True)


def _accepted(one):
    return type(one)(one.number, one.class_key, one.dies, one.origin, Verdict.ACCEPTED)
