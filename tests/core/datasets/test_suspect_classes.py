import numpy as np
import pytest

from core.datasets.suspect_classes import SuspectClass, judged_classes, rank_by_class
from data.classes import CLASS_INDEX

RING, SCRATCH = CLASS_INDEX["ring"], CLASS_INDEX["scratch"]


def looks(count=100, lots=10, seed=1):
    """Wafers of two classes that look plainly different, over lots; names, lots, vectors, true labels."""
    rng = np.random.default_rng(seed)
    present = np.zeros((count, 8), dtype=bool)
    present[:, RING] = rng.random(count) < 0.5
    present[:, SCRATCH] = rng.random(count) < 0.3
    vectors = rng.normal(0, 0.05, (count, 16))
    vectors[:, 2] += 1  # what all wafers share
    vectors[:, 0] += present[:, RING]
    vectors[:, 1] += present[:, SCRATCH]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    of = [f"L{n % lots}" for n in range(count)]
    return [f"{lot}:W{n:03d}" for n, lot in enumerate(of)], of, vectors.astype(np.float32), present


def test_five_flipped_labels_of_a_hundred_come_first_and_say_why():
    keys, lots, vectors, present = looks()
    wrong = [3, 21, 48, 66, 90]
    present[wrong, SCRATCH] ^= True
    ranked = rank_by_class(keys, lots, vectors, present)
    assert {uncertainty.key for uncertainty in ranked[:5]} == {keys[n] for n in wrong}
    assert ranked[4].disagreement > 0.7
    assert all("scratch" in uncertainty.text for uncertainty in ranked[:5])


def test_a_lots_own_labels_have_no_part_in_what_is_said_of_it():
    keys, lots, vectors, present = looks()
    own = [n for n, lot in enumerate(lots) if lot == "L4"]
    turned = present.copy()
    turned[own, RING] ^= True
    before, after = ({d.key: d for d in rank_by_class(keys, lots, vectors, labels)} for labels in (present, turned))
    for n in own:
        np.testing.assert_array_equal(after[keys[n]].probabilities, before[keys[n]].probabilities)
        assert before[keys[n]].probabilities[RING] == pytest.approx(float(present[n, RING]), abs=0.4)


def test_too_few_labels_judge_nothing_and_a_rare_class_is_left_open():
    keys, lots, vectors, present = looks()
    assert judged_classes(present) == [RING, SCRATCH]
    assert judged_classes(present[:19]) == []
    present[:, SCRATCH] = np.arange(100) < 4
    assert judged_classes(present) == [RING]
    assert all(np.isnan(d.probabilities[SCRATCH]) for d in rank_by_class(keys, lots, vectors, present))
    assert rank_by_class(keys[:19], lots[:19], vectors[:19], present[:19]) == []
    assert rank_by_class(keys, ["L1"] * 100, vectors, present) == []


def test_a_class_of_one_lot_is_not_judged_there():
    keys, lots, vectors, present = looks()
    present[:, :] = False
    present[[n for n, lot in enumerate(lots) if lot == "L4"], RING] = True
    found = rank_by_class(keys, lots, vectors, present)
    assert 0 < len(found) < 100
    assert all(uncertainty.lot != "L4" for uncertainty in found)


def test_a_class_for_another_is_said_of_both():
    labelled = tuple(k == RING for k in range(8))
    probabilities = tuple({RING: 0.06, SCRATCH: 0.97}.get(k, float("nan")) for k in range(8))
    uncertainty = SuspectClass("L1:W1", "L1", labelled, probabilities)
    assert uncertainty.disagreement == pytest.approx(0.97)
    expected = "People say no scratch, ring; a model that never saw lot L1 says scratch with 97 %, ring with 6 %."
    assert uncertainty.text == expected
