import copy

import pytest
import torch
from torch import nn

from models.averaging import mean_network, settle
from models.unet import NetworkConfig, WaferUNet

SMALL = NetworkConfig(encoder="dies", depth=4, decoder_channels=(8, 8, 8, 8), dropout=0.5)


def network(seed: int) -> WaferUNet:
    torch.manual_seed(seed)
    return WaferUNet(SMALL)


def pictures(seed: int, count: int = 4) -> list[torch.Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return [(torch.rand(6, 3, 32, 32, generator=rng) > 0.6).float() for _ in range(count)]


def test_every_weight_is_the_mean_of_those_of_all():
    networks = [network(seed) for seed in range(3)]
    apart = [copy.deepcopy(one.state_dict()) for one in networks]
    mean = mean_network(networks).state_dict()
    for name, value in mean.items():
        if value.is_floating_point():
            torch.testing.assert_close(value, sum(state[name] for state in apart) / 3)
    for state, one in zip(apart[1:], networks[1:], strict=True):
        assert all(torch.equal(state[name], value) for name, value in one.state_dict().items())


def test_a_network_alone_stays_as_it_is():
    alone = network(1)
    before = copy.deepcopy(alone.state_dict())
    assert all(torch.equal(before[name], value) for name, value in mean_network([alone]).state_dict().items())


def test_networks_of_different_shapes_have_no_mean():
    torch.manual_seed(1)
    wider = WaferUNet(NetworkConfig(encoder="dies", depth=4, decoder_channels=(12, 12, 12, 12)))
    with pytest.raises(RuntimeError, match="size"):
        mean_network([network(1), wider])


def test_settled_normalisations_see_what_they_are_told_to_expect():
    settled, seen = network(2), pictures(3)
    settle(settled, iter(seen))
    assert not settled.training
    norms = {m: [] for m in settled.modules() if isinstance(m, nn.BatchNorm2d)}
    hooks = [m.register_forward_pre_hook(lambda m, inputs: norms[m].append(inputs[0])) for m in norms]
    with torch.no_grad():
        settled(torch.cat(seen))
    for hook in hooks:
        hook.remove()
    first, *_ = norms
    together = norms[first][0]
    torch.testing.assert_close(first.running_mean, together.mean(dim=(0, 2, 3)))
    for norm, (inputs,) in norms.items():
        spread = inputs.std(dim=(0, 2, 3))
        assert ((norm.running_mean - inputs.mean(dim=(0, 2, 3))).abs() < 0.1 * spread + 1e-3).all()
        assert norm.momentum == 0.1


def test_what_is_dropped_in_training_does_not_disturb_the_statistics():
    ones, others = network(2), network(2)
    torch.manual_seed(1)
    settle(ones, pictures(3))
    torch.manual_seed(2)
    settle(others.train(), pictures(3))
    assert all(torch.equal(value, others.state_dict()[name]) for name, value in ones.state_dict().items())
