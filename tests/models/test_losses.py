import numpy as np
import pytest
import torch

from core.segmentation.presence import pooled_logits
from data.classes import CLASS_INDEX, CLASS_KEYS
from data.synthesis import WaferRecipe, draw_wafer
from models.losses import (
    LARGEST,
    LossConfig,
    dice_loss,
    extent_loss,
    focal_loss,
    pooled_presence,
    presence_loss,
    training_loss,
)

N, K, H, W = 3, 8, 5, 6


@pytest.fixture
def drawn():
    """Logits, target within failing dies, and where dies fail; wafer 2 has none, class 7 no target."""
    g = torch.Generator().manual_seed(4)
    logits = 3 * torch.randn(N, K, H, W, generator=g)
    where = (torch.rand(N, 1, H, W, generator=g) < 0.5).float()
    where[2] = 0
    target = (torch.rand(N, K, H, W, generator=g) < 0.4).float() * where
    target[:, 7] = 0
    return logits, target, where


def sigmoid(x: float) -> float:
    return 1 / (1 + np.exp(-x))


def _reference_dice(logits, target, where, k):
    shared = both = truth = 0.0
    for n, r, c in np.ndindex(N, H, W):
        if where[n, 0, r, c]:
            p, t = sigmoid(float(logits[n, k, r, c])), float(target[n, k, r, c])
            shared, both, truth = shared + p * t, both + p + t, truth + t
    return 1 - 2 * shared / both if truth else np.nan


def _reference_focal(logits, target, where, k, gamma, alpha):
    wafers = []
    for n in range(N):
        dies = []
        for r, c in np.ndindex(H, W):
            if where[n, 0, r, c]:
                p, positive = sigmoid(float(logits[n, k, r, c])), bool(target[n, k, r, c])
                hit, weight = (p, alpha) if positive else (1 - p, 1 - alpha)
                dies.append(-weight * (1 - hit) ** gamma * np.log(hit))
        wafers.append(sum(dies) / max(1, len(dies)))
    return np.mean(wafers)


def test_a_cell_of_many_failing_dies_weighs_as_many_single_dies():
    rng = np.random.default_rng(8)
    logits = torch.from_numpy(rng.normal(0, 2, (1, K, 1, 3))).float()
    share = torch.tensor([0.25, 0.5, 1.0]).reshape(1, 1, 1, 3)
    single = logits.repeat_interleave(torch.tensor([1, 2, 4]), dim=3)
    assert torch.allclose(pooled_presence(logits, share), pooled_presence(single, torch.ones(1, 1, 1, 7)), atol=1e-6)


def test_dice_equals_the_sum_over_dies_and_is_undefined_without_target(drawn):
    expected = [_reference_dice(*drawn, k) for k in range(K)]  # type: ignore[call-arg]
    assert dice_loss(*drawn).numpy() == pytest.approx(expected, abs=1e-6, nan_ok=True)
    assert np.isnan(expected).tolist() == [False] * 7 + [True]


@pytest.mark.parametrize(("gamma", "alpha"), [(2.0, 0.25), (0.0, 0.5), (1.0, 0.75), (3.0, 0.5)])
def test_focal_equals_the_sum_over_dies(drawn, gamma, alpha):
    expected = [_reference_focal(*drawn, k, gamma, alpha) for k in range(K)]  # type: ignore[call-arg]
    assert focal_loss(*drawn, gamma, alpha).numpy() == pytest.approx(expected, abs=1e-5)  # type: ignore[call-arg]


def test_focal_without_focus_is_half_the_cross_entropy(drawn):
    logits, target, where = drawn
    where[:] = 1
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none").mean(dim=(0, 2, 3))
    assert torch.allclose(focal_loss(logits, target, where, 0.0, 0.5), entropy / 2, atol=1e-6)


def test_focus_looks_away_from_easy_dies():
    where, target = torch.ones(1, 1, 1, 1), torch.ones(1, 1, 1, 1)
    easy, hard = torch.full((1, 1, 1, 1), 4.0), torch.full((1, 1, 1, 1), -4.0)
    plain = [float(focal_loss(x, target, where, 0.0, 0.5)) for x in (easy, hard)]
    focused = [float(focal_loss(x, target, where, 2.0, 0.5)) for x in (easy, hard)]
    assert focused[0] / focused[1] < 0.01 * plain[0] / plain[1]


def test_perfect_masks_cost_nothing_and_inverted_ones_everything(drawn):
    _, target, where = drawn
    sure = 60 * (2 * target - 1)
    assert dice_loss(sure, target, where)[:7] == pytest.approx(torch.zeros(7), abs=1e-6)
    assert focal_loss(sure, target, where, 2.0, 0.25) == pytest.approx(torch.zeros(K), abs=1e-6)
    assert dice_loss(-sure, target, where)[:7] == pytest.approx(torch.ones(7), abs=1e-6)


def test_passing_dies_cost_nothing_whatever_the_network_says_there(drawn):
    logits, target, where = drawn
    other = torch.where(where > 0, logits, -logits + 5)
    for cost in (lambda x: dice_loss(x, target, where)[:7], lambda x: focal_loss(x, target, where, 2.0, 0.25)):
        assert torch.equal(cost(logits), cost(other))
    assert torch.allclose(pooled_presence(logits, where), pooled_presence(other, where), atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_the_pooling_of_training_is_that_of_the_app(seed):
    rng = np.random.default_rng(seed)
    logits = rng.uniform(-9, 9, (N, K, H, W)).astype(np.float32)
    failing = rng.random((N, H, W)) < 0.4
    failing[:, 0, 0] = True
    pooled = pooled_presence(torch.from_numpy(logits), torch.from_numpy(failing[:, None]).float()).numpy()
    expected = np.stack([pooled_logits(x, f) for x, f in zip(logits, failing, strict=True)])
    assert pooled == pytest.approx(expected, abs=1e-5)


def test_a_wafer_without_failures_pools_to_certainly_absent():
    assert (pooled_presence(torch.zeros(1, K, H, W), torch.zeros(1, 1, H, W)) <= -30).all()


def test_presence_is_the_cross_entropy_of_known_labels_alone():
    pooled = torch.tensor([[2.0, -1.0], [0.5, 30.0]])
    label = torch.tensor([[1.0, torch.nan], [0.0, torch.nan]])
    expected = (-np.log(sigmoid(2.0)) - np.log(1 - sigmoid(0.5))) / 2
    assert float(presence_loss(pooled, label)) == pytest.approx(expected, abs=1e-6)
    assert float(presence_loss(pooled, torch.full((2, 2), torch.nan))) == 0


def test_scratch_and_lithography_weigh_twice_and_weights_have_mean_one():
    weights = LossConfig().class_weights(K)
    assert float(weights.mean()) == pytest.approx(1)
    rare = [CLASS_INDEX["scratch"], CLASS_INDEX["lithography"]]
    assert weights[rare] / weights[0] == pytest.approx(torch.tensor([2.0, 2.0]))
    assert len(set(weights.tolist())) == 2


def test_the_training_loss_is_the_weighted_sum_of_its_terms(drawn):
    logits, target, where = drawn
    has_masks, presence = torch.tensor([True, False, True]), torch.full((N, K), torch.nan)
    presence[1, :3] = torch.tensor([1.0, 0.0, 1.0])
    config = LossConfig(dice=0.4, focal=0.7, presence=0.3, gamma=1.0, alpha=0.5)
    terms = training_loss(logits, where, target.byte(), has_masks, presence, config)
    weights = config.class_weights(K)
    some = (logits[has_masks], target[has_masks], where[has_masks])
    dice = (dice_loss(*some) * weights)[:7].mean()
    focal = (focal_loss(*some, 1.0, 0.5) * weights).mean()
    present = presence_loss(pooled_presence(logits, where), presence)
    assert float(terms["dice"]) == pytest.approx(float(dice), abs=1e-6)
    assert float(terms["focal"]) == pytest.approx(float(focal), abs=1e-6)
    assert float(terms["presence"]) == pytest.approx(float(present), abs=1e-6)
    assert float(terms["loss"]) == pytest.approx(float(0.4 * dice + 0.7 * focal + 0.3 * present), abs=1e-6)


@pytest.mark.parametrize("has_masks", [[True] * N, [False] * N, [False, False, True]])
@pytest.mark.parametrize("known", [True, False])
def test_any_mix_of_labels_gives_a_finite_loss_and_finite_gradients(drawn, has_masks, known):
    logits, target, where = drawn
    logits.requires_grad_(True)
    presence = torch.full((N, K), 1.0 if known else torch.nan)
    terms = training_loss(logits, where, target.byte(), torch.tensor(has_masks), presence, LossConfig())
    terms["loss"].backward()
    assert torch.isfinite(terms["loss"])
    assert torch.isfinite(logits.grad).all()


def test_following_the_gradient_finds_the_masks(drawn):
    _, target, where = drawn
    logits = torch.zeros(N, K, H, W, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.3)
    presence = target.amax(dim=(2, 3))
    for _ in range(60):
        optimizer.zero_grad()
        training_loss(logits, where, target, torch.ones(N, dtype=torch.bool), presence, LossConfig())["loss"].backward()
        optimizer.step()
    failing = where.expand_as(target) > 0
    assert ((logits > 0)[failing] == (target > 0)[failing]).float().mean() > 0.98


def test_a_mask_larger_than_its_class_ever_is_costs_by_how_much(drawn):
    logits, _, where = drawn
    where[:] = 1
    presence = torch.full((N, K), torch.nan)
    presence[0, CLASS_INDEX["scratch"]], presence[1, CLASS_INDEX["random"]], presence[1, 0] = 1, 1, 0
    sure = torch.full_like(logits, 40.0)
    expected = ((1 / LARGEST["scratch"] - 1) ** 2 + (1 / LARGEST["random"] - 1) ** 2) / 2
    assert float(extent_loss(sure, where, torch.ones_like(where), presence)) == pytest.approx(expected, rel=1e-5)
    within = torch.full_like(logits, float(np.log(0.1 / 0.9)))  # a tenth of the wafer
    assert float(extent_loss(within, where, torch.ones_like(where), presence)) == 0
    assert float(extent_loss(sure, where, torch.ones_like(where), torch.full((N, K), torch.nan))) == 0


def test_presence_alone_is_content_with_a_mask_all_over_and_the_extent_is_not():
    where = torch.ones(1, 1, 10, 10)
    presence = torch.zeros(1, K)
    presence[0, CLASS_INDEX["scratch"]] = 1
    logits = torch.full((1, K, 10, 10), -9.0)
    logits[0, CLASS_INDEX["scratch"]] = 9.0
    logits.requires_grad_(True)
    assert float(presence_loss(pooled_presence(logits, where), presence)) < 1e-3
    extent_loss(logits, where, where, presence).backward()
    assert (logits.grad[0, CLASS_INDEX["scratch"]] > 0).all()  # every pixel of it is pushed down


def test_synthetic_patterns_stay_within_their_extent():
    beyond = total = 0
    for seed in range(60):
        drawn = draw_wafer(np.random.default_rng(seed), WaferRecipe(shortest=25, longest=50))
        share = drawn.masks.sum(axis=(1, 2)) / np.count_nonzero(drawn.wafer.dies)
        total += int((share > 0).sum())
        beyond += int((share > np.array([LARGEST[key] for key in CLASS_KEYS])).sum())
    assert total > 40
    assert beyond <= 0.05 * total
