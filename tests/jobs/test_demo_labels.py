from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from core.active_learning.rounds import rounds
from core.annotation.agreement_pairs import OVERALL, agreement_pairs
from core.annotation.bench import Bench
from core.annotation.items import Candidate, Status
from core.annotation.progress import items
from core.annotation.queue import fill
from core.database import AppDatabase
from core.identity import Person
from core.labels.annotations import label_that_counts, labelled_keys, standing
from core.labels.label import Label, LabelInstance, Origin, Verdict
from core.lake import Lake
from core.settings import settings
from data.classes import CLASS_COUNT
from data.synthesis.fab import demo_fab
from jobs.demo import DemoConfig
from jobs.demo import fill as fill_demo
from jobs.demo_labels import ANNOTATORS, drawn_label, label_demo
from tests.core.wafers import wafer

WAFERS, SEED = 60, 20261123


@pytest.fixture(scope="module")
def demo(tmp_path_factory, tiny_model_path):
    home = tmp_path_factory.mktemp("demo")
    fill_demo(DemoConfig(wafers=WAFERS, home=home, model=str(tiny_model_path)))
    return home


def truths():
    return {one.wafer.key: one.masks for one in demo_fab(seed=SEED, wafers=WAFERS)}


@pytest.mark.slow
def test_the_demo_has_a_finished_round_and_one_that_waits(demo):
    database = AppDatabase(demo / "decisions.db")
    with database.reading() as session:
        first, second = rounds(session, settings().at(demo))
        found = items(session)
        pairs = agreement_pairs(session)
    assert (first.waiting, second.done, second.waiting) == (0, 0, 15)
    assert first.done == 15 + 12
    assert 0 < first.minutes < 60
    assert {item.strategy for item in found} == {"typical"}
    assert {item.assignee for item in found if item.status is Status.DONE} == {one.name for one in ANNOTATORS}
    assert int((pairs["class"] == OVERALL).sum()) == 12


@pytest.mark.slow
def test_labels_of_the_demo_are_what_was_drawn(demo):
    database = AppDatabase(demo / "decisions.db")
    with database.reading() as session:
        keys = labelled_keys(session)
        held = {a.wafer_key: a.read() for a in label_that_counts(standing(session, keys)).values()}
    true = truths()
    shared, either = 0, 0
    for key, label in held.items():
        shared += int((label.masks() & true[key]).sum())
        either += int((label.masks() | true[key]).sum())
    assert len(held) == 15
    assert shared / either > 0.6  # a twenty-fifth overlooked, and clusters of a die or two that nobody may submit


@pytest.mark.slow
def test_labelling_again_changes_nothing(demo, tiny_model_path):
    database = AppDatabase(demo / "decisions.db")
    packed = {key: np.packbits(masks) for key, masks in truths().items()}
    label_demo(settings().at(demo), Lake(demo / "lake"), packed, SEED, str(tiny_model_path))
    with database.reading() as session:
        assert Counter(item.status for item in items(session)) == {Status.DONE: 27, Status.PENDING: 15}


def test_a_queue_of_people_is_left_alone(tmp_path):
    database = AppDatabase(tmp_path / "decisions.db")
    with database.writing() as session:
        fill(session, [Candidate("L:W")], Person("ana"))
    label_demo(settings().at(tmp_path), Lake(tmp_path / "lake"), {"L:W": np.zeros(1, dtype=np.uint8)}, SEED, "")
    with database.reading() as session:
        assert [item.status for item in items(session)] == [Status.PENDING]


def test_proposals_that_fit_are_accepted_others_rejected_and_the_rest_is_drawn():
    of = wafer(np.ones((20, 20), dtype=bool))
    masks = np.zeros((CLASS_COUNT, 20, 20), dtype=bool)
    masks[0, :4] = masks[2, 8:12] = True
    block = np.zeros((20, 20), dtype=bool)
    block[:4, :19] = True  # 76 of 80 dies
    fits = LabelInstance(1, "edge", np.argwhere(block), Origin.PROPOSAL, Verdict.PROPOSED)
    wrong = replace(fits, number=2, class_key="center")
    start = Label(of.key, of.dies.shape, (fits, wrong))
    found = drawn_label(Bench(of, start, None, None, (), submitted=False), masks)
    assert [(i.number, i.class_key, i.state) for i in found.instances] == [
        (1, "edge", Verdict.ACCEPTED),
        (2, "center", Verdict.REJECTED),
        (3, "ring", Verdict.ACCEPTED),
    ]
    np.testing.assert_array_equal(found.instances[0].dies, fits.dies)
    np.testing.assert_array_equal(found.instances[2].dies, np.argwhere(masks[2]))
