import numpy as np
import pytest
import torch

from data.classes import CLASS_COUNT
from models.consistency import MEMORY, Consistency, ConsistencyConfig

CONFIG = ConsistencyConfig(weight=2.0, confidence=0.9, least=0.6, ramp=10)
N, S = 2, 4


@pytest.fixture
def asked():
    """Random answers, and where dies fail in both looks."""
    g = torch.Generator().manual_seed(1)
    taught = 3 * torch.randn(N, CLASS_COUNT, S, S, generator=g)
    logits = torch.randn(N, CLASS_COUNT, S, S, generator=g).requires_grad_(True)
    where = (torch.rand(N, 1, S, S, generator=g) < 0.6).float()
    return logits, taught, where


def test_thresholds_ramp_from_the_least_to_the_confidence_of_what_is_learnt():
    term = Consistency(CONFIG)
    term.seen[:] = torch.tensor([1.0, 0.5, *[0.0] * 6])
    first, half, last, after = (term.thresholds(step) for step in (0, 5, 10, 1000))
    assert first.tolist() == pytest.approx([0.6] * 8)
    assert half[0] == pytest.approx(0.75)
    assert last[0] == pytest.approx(0.9)
    assert last[1] == pytest.approx(0.6 + 0.3 * 0.5 / 1.5)  # half as often seen: a third of the way
    assert last[2:].tolist() == pytest.approx([0.6] * 6)  # never seen surely: stays where it can be learnt
    assert torch.equal(last, after)
    steps = torch.stack([term.thresholds(step) for step in range(12)])
    assert (steps.diff(dim=0) >= 0).all()


def test_gradients_come_through_sure_failing_pixels_alone(asked):
    logits, taught, where = asked
    term = Consistency(CONFIG)
    term.seen[:] = 1.0
    term(logits, taught, where, 10)["unlabelled"].backward()
    probability = torch.sigmoid(taught)
    sure = ((probability >= 0.9) | (probability <= 0.1)) & (where > 0)
    assert sure.any()
    assert (~sure).any()
    assert torch.equal(logits.grad != 0, sure)
    assert ((logits.grad < 0) == (sure & (probability > 0.5))).all()  # towards what was answered


def test_the_term_equals_the_sum_over_dies(asked):
    logits, taught, where = asked
    term = Consistency(CONFIG)
    term.seen[:] = 1.0
    found = term(logits, taught, where, 10)
    total = asked_for = learnt = 0.0
    for n, k, r, c in np.ndindex(N, CLASS_COUNT, S, S):
        if where[n, 0, r, c]:
            asked_for += 1
            p, own = float(torch.sigmoid(taught[n, k, r, c])), float(torch.sigmoid(logits.detach()[n, k, r, c]))
            if p >= 0.9 or p <= 0.1:
                learnt += 1
                total -= np.log(own if p >= 0.9 else 1 - own)
    assert float(found["unlabelled"].detach()) == pytest.approx(2.0 * total / asked_for, rel=1e-5)
    assert float(found["sure"]) == pytest.approx(learnt / asked_for, rel=1e-6)


def test_nothing_sure_gives_nothing_to_learn(asked):
    logits, _, where = asked
    found = Consistency(CONFIG)(logits, torch.zeros(N, CLASS_COUNT, S, S), where, 10)
    found["unlabelled"].backward()
    assert found["unlabelled"] == 0
    assert not logits.grad.any()


def test_the_weight_ramps_from_nothing(asked):
    logits, taught, where = asked
    term = Consistency(ConsistencyConfig(weight=1.0, confidence=0.8, least=0.8, ramp=10))
    found = [float(term(logits, taught, where, step)["unlabelled"].detach()) for step in (0, 5, 10, 20)]
    assert found[0] == 0
    assert found[1] == pytest.approx(found[2] / 2)
    assert found[2] == found[3] > 0


def test_it_remembers_how_many_wafers_show_a_class_surely():
    term = Consistency(CONFIG)
    taught = torch.full((4, CLASS_COUNT, S, S), -5.0)
    taught[0, 1, 0, 0] = taught[1, 1, 2, 2] = 5.0
    taught[2, 2, 3, 3] = 5.0
    where = torch.ones(4, 1, S, S)
    where[2, 0, 3, 3] = 0  # a passing die says nothing
    term(taught, taught, where, 0)
    assert term.seen.tolist() == pytest.approx([0, (1 - MEMORY) * 0.5, 0, 0, 0, 0, 0, 0])
    term(taught, taught, where, 0)
    assert float(term.seen[1]) == pytest.approx((1 - MEMORY) * 0.5 * (1 + MEMORY))


def test_a_rare_class_gets_a_lower_threshold_than_a_common_one():
    term = Consistency(CONFIG)
    for _ in range(100):
        taught = torch.full((8, CLASS_COUNT, S, S), -5.0)
        taught[:4, 0] = 5.0
        taught[0, 3] = 5.0
        term(taught, taught, torch.ones(8, 1, S, S), 10)
    common, rare = term.thresholds(10)[[0, 3]].tolist()
    assert common == pytest.approx(0.9)
    assert rare == pytest.approx(0.6 + 0.3 * 0.25 / 1.75)
