import numpy as np
import pytest
import torch

from data.classes import CLASS_COUNT
from models.presence_head import BOUND, MEMBERS, fit_presence

WIDTH = 12


def wafers(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Descriptors whose first parts say which classes are there, and the labels."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((count, CLASS_COUNT)) < 0.3).astype(np.float32)
    described = rng.normal(0, 0.3, (count, WIDTH)).astype(np.float32)
    described[:, :CLASS_COUNT] += labels
    return torch.from_numpy(described * 5 + 3), torch.from_numpy(labels)


@pytest.fixture(scope="module")
def head():
    described, labels = wafers(600, 1)
    labels[:200, 2] = torch.nan
    return fit_presence(described, labels, torch.ones(600), epochs=60, seed=4)


def test_it_learns_what_the_descriptor_says(head):
    described, labels = wafers(300, 2)
    with torch.no_grad():
        said = head(described) > 0
    assert (said == (labels == 1)).float().mean() > 0.93  # two Gaussians 3.3 deviations apart: 95 % can be told


def test_the_same_seed_gives_the_same_head_and_leaves_other_randomness_alone():
    described, labels = wafers(200, 3)
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    one = fit_presence(described, labels, torch.ones(200), epochs=2, seed=4)
    assert torch.equal(torch.rand(3), expected)
    other = fit_presence(described, labels, torch.ones(200), epochs=2, seed=4)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_wafers_that_weigh_nothing_teach_nothing():
    described, labels = wafers(400, 5)
    wrong = torch.cat([labels[:200], 1 - labels[200:]])
    weight = torch.cat([torch.ones(200), torch.zeros(200)])
    taught = fit_presence(described, wrong, weight, epochs=60, seed=4)
    with torch.no_grad():
        assert ((taught(described[200:]) > 0) == (labels[200:] == 1)).float().mean() > 0.9


def test_a_part_far_beyond_all_training_is_cut(head):
    far = head.center + 1000 * head.spread
    with torch.no_grad():
        assert torch.allclose(head(far[None]), head((head.center + BOUND * head.spread)[None]), atol=1e-4)


def test_its_members_differ_and_it_says_what_they_say_on_average(head):
    described, _ = wafers(20, 6)
    with torch.no_grad():
        votes = head.votes(described)
        assert torch.allclose(head(described), votes.mean(dim=0))
    assert len(votes) == MEMBERS
    assert not torch.allclose(votes[0], votes[1], atol=0.1)
