import numpy as np
import pytest

from core.active_learning.results import BASELINE, Played
from core.active_learning.rounds import (
    Round,
    least_saved,
    minutes_saved,
    own_curve,
    rounds,
    share_saved,
    time_saved,
    training_words,
    wafers_of,
)
from core.annotation.items import Candidate, LabelItem, Status
from core.annotation.queue import fill, skip
from core.database import AppDatabase
from core.datasets.reading import NOW
from core.identity import Person
from core.lake import Lake
from core.settings import Settings
from core.training.config import SERVED, TrainConfig
from jobs.flags import parse
from tests.core.lake_examples import drawn
from tests.core.training.record_examples import curves, write_runs

ANA = Person("ana")


@pytest.fixture
def database(tmp_path):
    opened = AppDatabase(tmp_path / "decisions.db")
    yield opened
    opened.close()


def test_rounds_count_what_was_done_and_how_long_it_took(database, tmp_path):
    with database.writing() as session:
        fill(session, [Candidate(f"L:W{n}") for n in range(4)], ANA, iteration=1)
        fill(session, [Candidate("L:W9")], ANA, iteration=2)
        first = list(session.query(LabelItem).order_by(LabelItem.id))
        for item in first[:2]:
            item.status, item.seconds = Status.DONE, 90.0
        skip(session, first[2].id, "torn", ANA)
    write_runs(tmp_path, {"round-1": curves(0.7)})
    with database.reading() as session:
        one, two = rounds(session, Settings(home=tmp_path))
    assert (one.number, one.done, one.waiting, one.skipped, one.minutes, one.score) == (1, 2, 1, 1, 3.0, 0.7)
    assert (two.number, two.done, two.waiting, two.score) == (2, 0, 1, None)
    assert (one.ious, two.ious) == ({"synthetic": 0.7}, {})


def test_the_own_curve_sums_the_labels_of_the_rounds_before():
    ious = [{"people": 0.5, "synthetic": 0.6}, {}, {"people": 0.7}]
    found = own_curve([Round(n + 1, 10 * (n + 1), 0, 0, 1.0, None, one) for n, one in enumerate(ious)])
    assert [tuple(row) for row in found.to_numpy()] == [
        (1, 10, "people", 0.5),
        (1, 10, "synthetic", 0.6),
        (3, 60, "people", 0.7),
    ]


def played(arm: list[float]) -> Played:
    random = np.array([[0.2, 0.4, 0.6]])
    return Played("mean IoU over dies", 90, [10, 20, 30], [0.7], {BASELINE: random, "bald": np.array([arm])}, "")


def test_what_is_saved_is_what_random_choice_needed_more():
    assert share_saved(played([0.2, 0.6, 0.7]), "bald") == pytest.approx(1 / 3)
    assert share_saved(played([0.2, 0.3, 0.5]), "bald") is None
    assert share_saved(played([0.2, 0.3, 0.5]), BASELINE) == 0
    assert minutes_saved(100, 0) == 0
    good, better, bad = played([0.2, 0.6, 0.7]), played([0.6, 0.6, 0.7]), played([0.2, 0.3, 0.5])
    assert least_saved({"a": good, "b": better}, "bald") == share_saved(good, "bald")
    assert least_saved({"a": good, "b": bad}, "bald") is None
    assert least_saved({}, "bald") is None
    assert 100 + minutes_saved(100, 1 / 3) == pytest.approx(150)


def test_time_saved_goes_by_the_strategy_that_chose_the_wafers():
    """By hand: of 30 labels of random choice bald needs 20, so its 40 minutes saved 20; margin needs 30, none saved."""
    random = np.array([[0.2, 0.4, 0.6]])
    arms = {BASELINE: random, "bald": np.array([[0.2, 0.6, 0.7]]), "margin": random, "entropy": random - 0.1}
    results = {"real": Played("f1", 90, [10, 20, 30], [0.7], arms, "")}
    first = Round(1, 9, 0, 0, 60.0, None, by_strategy={"bald": 30.0, "margin": 12.0})
    second = Round(2, 9, 0, 0, 60.0, None, by_strategy={"bald": 10.0, "entropy": 25.0, "never played": 3.0})
    found = time_saved([first, second], results)
    assert (found.minutes, found.of) == pytest.approx((20.0, 52.0))
    by_hand = time_saved([Round(1, 9, 0, 0, 60.0, None)], results)
    assert (by_hand.minutes, by_hand.of) == (0, 0)
    assert time_saved([first], {}).of == 0


def test_a_round_keeps_its_minutes_by_the_strategy_of_each_wafer(database, tmp_path):
    chosen = [Candidate("L:W0", strategy="bald"), Candidate("L:W1", strategy="coreset"), Candidate("L:W2")]
    with database.writing() as session:
        fill(session, chosen, ANA, iteration=1)
        for item, seconds in zip(session.query(LabelItem).order_by(LabelItem.id), (60, 90, 300), strict=True):
            item.status, item.seconds = Status.DONE, float(seconds)
    with database.reading() as session:
        (one,) = rounds(session, Settings(home=tmp_path))
    assert (one.minutes, one.by_strategy) == (7.5, {"bald": 1.0, "coreset": 1.5})


@pytest.mark.parametrize(("labelled", "few"), [(40, True), (400, False)])
def test_the_words_of_the_next_training_are_read_by_its_job(labelled, few):
    config = parse(TrainConfig, training_words(3, labelled))
    assert (config.name, config.from_, config.labels, config.few_shot) == ("round-3", SERVED, NOW, few)


def test_rows_come_in_the_order_asked(tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.append_wafers(drawn(n) for n in range(3))
    keys = [drawn(n).key for n in (2, 0)]
    assert list(wafers_of(lake, [keys[0], "gone:W1", keys[1]])["key"]) == keys
