import pytest
import torch

from models.consolidation import Consolidation, fisher
from models.losses import pooled_presence
from models.unet import NetworkConfig, WaferUNet

NETWORK = NetworkConfig("resnet18", depth=4, decoder_channels=(16, 8, 8, 8))


@pytest.fixture
def network() -> WaferUNet:
    torch.manual_seed(1)
    return WaferUNet(NETWORK).eval()


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    """One wafer with masks and one with presence labels."""
    g = torch.Generator().manual_seed(3)
    wafer = torch.rand(2, 3, 64, 64, generator=g)
    wafer[:, 0] = (wafer[:, 0] < 0.5).float()
    masks = (torch.rand(2, 8, 64, 64, generator=g) < 0.3).float() * wafer[:, :1]
    presence = torch.tensor([[1.0] * 8, [1.0, 0.0, torch.nan, 0.0, 0.0, 1.0, 0.0, 0.0]])
    return {"wafer": wafer, "masks": masks, "has_masks": torch.tensor([True, False]), "presence": presence}


def test_the_penalty_equals_the_hand_computed_sum(network):
    g = torch.Generator().manual_seed(5)
    importance = {name: torch.rand(w.shape, generator=g) for name, w in network.named_parameters()}
    held = Consolidation(network, importance, strength=3.0)
    before = {name: w.detach().clone() for name, w in network.named_parameters()}
    assert float(held.penalty(network)) == 0
    with torch.no_grad():
        for w in network.parameters():
            w.add_(torch.randn(w.shape, generator=g))
    expected = sum(
        float((importance[name].double() * (w.detach().double() - before[name].double()) ** 2).sum())
        for name, w in network.named_parameters()
    )
    assert float(held.penalty(network)) == pytest.approx(1.5 * expected, rel=1e-4)


def test_importance_is_the_mean_squared_gradient_of_single_wafers(network, batch):
    found = fisher(network, [batch])
    logits = network(batch["wafer"])
    where = batch["wafer"][0, 0]
    p = torch.sigmoid(logits)
    target = batch["masks"][0]
    masked = -(target * p[0].log() + (1 - target) * (1 - p[0]).log())
    costs = [(masked * where).sum() / where.sum()]
    pooled = torch.sigmoid(pooled_presence(logits, batch["wafer"][:, :1])[1])
    label = batch["presence"][1]
    costs.append(
        torch.stack([-torch.log(q if t else 1 - q) for q, t in zip(pooled, label, strict=True) if t == t]).mean()
    )
    name = "head.0.weight"
    gradients = [torch.autograd.grad(c, network.get_parameter(name), retain_graph=True)[0] for c in costs]
    expected = torch.stack(gradients).square().mean(dim=0)
    assert torch.allclose(found[name], expected, rtol=1e-3, atol=1e-9)
    assert found.keys() == dict(network.named_parameters()).keys()
    assert all((value >= 0).all() for value in found.values())
    assert not network.training
    assert all(w.grad is None for w in network.parameters())


def train(network: WaferUNet, held: Consolidation, steps: int = 8) -> dict[str, torch.Tensor]:
    """Push the head's bias one way, and give how far it went."""
    before = {name: w.detach().clone() for name, w in network.named_parameters()}
    optimizer = torch.optim.SGD(network.head.parameters(), lr=1e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        (network.head[0].bias.sum() + held.penalty(network)).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    return {name: (w.detach() - before[name]).abs().max() for name, w in network.named_parameters()}


@pytest.mark.slow
def test_without_strength_weights_go_and_with_boundless_strength_they_stay(network):
    importance = {name: torch.ones_like(w) for name, w in network.named_parameters()}
    free = train(network, Consolidation(network, importance, 0.0))
    assert float(free["head.0.bias"]) > 2e-3
    bound = train(network, Consolidation(network, importance, 1e12))
    assert float(bound["head.0.bias"]) < 1.1e-3  # one step away, and back


@pytest.mark.slow
def test_weights_that_do_not_matter_move_freely(network):
    importance = {name: torch.zeros_like(w) for name, w in network.named_parameters()}
    bound = train(network, Consolidation(network, importance, 1e12))
    assert float(bound["head.0.bias"]) > 2e-3
