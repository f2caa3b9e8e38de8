import numpy as np
import pytest

from core.datasets.suspect_dies import TEMPERATURE, LabelledWafer, rank_by_dies
from data.errors import LabelError

SIDE = 20


def wafers(count, rng, spoil=()):
    """Labels of one block each with a fair model's probabilities; spoilt ones lose or gain a part of a block."""
    made = []
    for n in range(count):
        truth = np.zeros((8, SIDE, SIDE), dtype=bool)
        row = int(rng.integers(0, SIDE - 6))
        truth[n % 8, row : row + 6, 4:10] = True
        p = np.where(truth, rng.uniform(0.7, 0.99, truth.shape), rng.uniform(0.01, 0.3, truth.shape))
        label = truth.copy()
        if n in spoil:
            label[n % 8] = np.roll(truth[n % 8], 10, axis=1)
        failing = np.ones((SIDE, SIDE), dtype=bool)
        made.append(LabelledWafer(f"L:{n:03d}", label, p.astype(np.float32), failing))
    return made


def test_spoilt_labels_come_first():
    spoilt = {3, 17, 40}
    ranked = rank_by_dies(wafers(60, np.random.default_rng(1), spoilt))
    assert {s.key for s in ranked[:3]} == {f"L:{n:03d}" for n in spoilt}


def test_a_spoilt_label_says_what_it_missed_and_what_is_too_much():
    ranked = rank_by_dies(wafers(60, np.random.default_rng(1), {3}))
    worst = ranked[0]
    assert set(worst.missed) == {"scratch"}
    assert 0 < worst.missed["scratch"] <= 36
    assert worst.excess["scratch"] > 0


def test_suspicion_is_one_less_the_soft_minimum_of_self_confidence():
    (one,) = wafers(1, np.random.default_rng(2))
    confidence = np.where(one.masks, one.probabilities, 1 - one.probabilities.astype(np.float64)).ravel()
    weights = np.exp(-confidence / TEMPERATURE)
    expected = 1 - (weights * confidence).sum() / weights.sum()
    assert rank_by_dies([one])[0].suspicion == pytest.approx(expected, abs=1e-6)


def test_passing_dies_say_nothing():
    (one,) = wafers(1, np.random.default_rng(3))
    failing = np.zeros((SIDE, SIDE), dtype=bool)
    failing[:10] = True
    wild = one.probabilities.copy()
    wild[:, 10:] = 0.5
    a = LabelledWafer("a", one.masks, one.probabilities, failing)
    b = LabelledWafer("b", one.masks, wild, failing)
    first, second = rank_by_dies([a, b])
    assert (first.key, first.suspicion) == ("a", second.suspicion)


def test_no_labels_and_no_failing_dies_are_no_suspects():
    assert rank_by_dies([]) == []
    blank = LabelledWafer("a", *np.zeros((2, 8, 2, 2), dtype=bool), np.zeros((2, 2), dtype=bool))  # type: ignore[call-arg]
    assert rank_by_dies([blank])[0].suspicion == 0.0


def test_other_shapes_are_refused():
    bad = LabelledWafer("a", np.zeros((8, 2, 2), dtype=bool), np.zeros((8, 3, 2), np.float32), np.ones((2, 2), bool))
    with pytest.raises(LabelError, match="Segment it anew"):
        rank_by_dies([bad])
