from functools import cache

import pytest
import torch

from models.die_unet import DieEncoder
from models.unet import NetworkConfig, WaferUNet, mean_over_tested

pytestmark = pytest.mark.slow

SMALL = NetworkConfig("resnet18", depth=4, decoder_channels=(16, 8, 8, 8))
BY_DIE = NetworkConfig("dies", depth=4, decoder_channels=(128, 96, 64, 32))


@cache
def network_of(config: NetworkConfig) -> WaferUNet:
    torch.manual_seed(1)
    return WaferUNet(config)


class NetworkContract:
    """What every network of the product holds; a subclass names one."""

    config: NetworkConfig

    @pytest.fixture
    def network(self) -> WaferUNet:
        return network_of(self.config)

    def test_one_logit_a_class_and_pixel_at_other_sizes_too(self, network):
        network.eval()
        with torch.no_grad():
            logits = network(torch.rand(1, 3, 96, 128))
        assert logits.shape == (1, 8, 96, 128)
        assert torch.isfinite(logits).all()

    def test_gradients_reach_every_parameter(self, network):
        network.train()
        network.zero_grad()
        network(torch.rand(2, 3, 64, 64)).square().mean().backward()
        assert [name for name, p in network.named_parameters() if p.grad is None] == []
        assert [name for name, p in network.named_parameters() if not torch.isfinite(p.grad).all()] == []

    def test_at_rest_it_says_the_same_twice_and_of_a_wafer_the_same_in_any_company(self, network):
        network.eval()
        wafers = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(2))
        with torch.no_grad():
            together, alone, again = network(wafers), network(wafers[:1]), network(wafers[:1])
        assert together.shape == (2, 8, 64, 64)
        assert torch.equal(alone, again)
        assert torch.allclose(together[:1], alone, atol=1e-4)

    def test_dropout_acts_in_decode_alone_and_its_passes_vary(self, network):
        network.eval()
        wafers = torch.rand(1, 3, 64, 64)
        network.dropout.train()
        with torch.no_grad():
            first, second = network.encode(wafers), network.encode(wafers)
            passes = torch.stack([network.decode(first) for _ in range(2)])
        network.eval()
        assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
        assert (passes.std(dim=0) > 0).float().mean() > 0.9


class TestSmallResNet18(NetworkContract):
    config = SMALL


class TestResNet34(NetworkContract):
    config = NetworkConfig("resnet34", decoder_channels=(64, 32, 16, 16, 8))


class TestResNet50TheDefault(NetworkContract):
    config = NetworkConfig()


class TestResNet101(NetworkContract):
    config = NetworkConfig("resnet101", decoder_channels=(64, 32, 16, 16, 8))


class TestMobileNetV2(NetworkContract):
    config = NetworkConfig("mobilenet_v2")


class TestDies(NetworkContract):
    config = BY_DIE


def test_weights_from_before_the_network_was_told_more_answer_as_they_did():
    wafer, found = torch.rand(2, 3, 64, 64).round(), []
    for seed in (3, 4):  # what is new begins by chance, and has no say
        torch.manual_seed(seed)
        network = WaferUNet(BY_DIE).eval()
        known = network_of(BY_DIE).state_dict()
        network.take({name: value for name, value in known.items() if not name.startswith(DieEncoder.ADDED)})
        with torch.no_grad():
            found.append(network(wafer))
    assert torch.equal(*found)
    with pytest.raises(RuntimeError, match="Missing key"):
        network.take({})


def test_what_fails_afar_has_a_say_once_it_is_learnt():
    network = WaferUNet(NetworkConfig("dies", depth=4, decoder_channels=(16, 16, 8, 8))).eval()
    near, afar = torch.zeros(1, 3, 64, 64), torch.zeros(1, 3, 64, 64)
    afar[:, 1:] = near[:, 1:] = 1
    afar[0, 0, 20, 60] = 1
    with torch.no_grad():
        torch.nn.init.normal_(network.encoder.afar[-1].weight)
        moved = (network.encode(afar)[1] - network.encode(near)[1]).abs().amax(dim=1)[0]
    assert moved[20, 20] > 0  # the tenth spacing's fourth tooth, out of reach of the first stage's convolutions
    assert moved[23, 20] == 0


def test_a_line_has_a_say_once_it_is_learnt():
    network = WaferUNet(NetworkConfig("dies", depth=4, decoder_channels=(16, 16, 8, 8))).eval()
    near, longer = torch.zeros(1, 3, 64, 64), torch.zeros(1, 3, 64, 64)
    near[:, 1] = longer[:, 1] = 1
    longer[0, 0, 20, 25:32] = 1
    with torch.no_grad():
        torch.nn.init.normal_(network.encoder.along[-1].weight)
        moved = (network.encode(longer)[1] - network.encode(near)[1]).abs().amax(dim=1)[0]
    assert moved[20, 20] > 0
    assert moved[45, 20] == 0


def test_the_mean_over_the_tested_area_leaves_the_padding_out():
    wafer, feature = torch.zeros(1, 3, 64, 64), torch.rand(1, 5, 8, 8)
    wafer[:, 1, :32, :16] = 1
    assert torch.allclose(mean_over_tested(wafer, feature, 8), feature[:, :, :4, :2].mean(dim=(2, 3)), atol=1e-4)


def test_the_default_is_a_resnet50_u_net_with_dropout_of_three_tenths():
    config = NetworkConfig()
    assert (config.encoder, config.dropout) == ("resnet50", 0.3)
    millions = sum(p.numel() for p in network_of(config).parameters()) / 1e6
    assert 32 < millions < 34  # 32.5 of the plain U-Net and half a million that see the whole wafer


def test_without_its_last_stage_a_resnet_carries_none_of_that_stage_s_weights():
    whole, cut = WaferUNet(NetworkConfig("resnet18")), WaferUNet(SMALL)
    assert not any("layer4" in name for name in cut.state_dict())
    assert any("layer4" in name for name in whole.state_dict())


def test_without_dropout_every_pass_is_the_same():
    network = WaferUNet(NetworkConfig("resnet18", 4, (16, 8, 8, 8), dropout=0.0)).eval()
    network.dropout.train()
    with torch.no_grad():
        features = network.encode(torch.rand(1, 3, 64, 64))
        assert torch.equal(network.decode(features), network.decode(features))


def test_the_whole_wafer_has_a_say_in_every_pixel():
    network = WaferUNet(SMALL).eval()
    wafer = torch.rand(1, 3, 96, 96)
    with torch.no_grad():
        features = network.encode(wafer)
        plain = network.decode(features)
        network.wafer_head[-1].bias += torch.arange(8.0)
        moved = network.decode(features) - plain
    assert torch.allclose(moved, torch.arange(8.0)[None, :, None, None].expand_as(moved), atol=1e-4)
