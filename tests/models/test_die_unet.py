import pytest
import torch
from torch import nn
from torch.nn import functional

from models.die_unet import BLOCKS, DieDecoder, DieEncoder, Residual, convolution

CHANNELS = (4, 6, 8, 10)
SIZE = 32


def settled(module: nn.Module) -> nn.Module:
    """At rest, with normalisations that change something, so that none may be left out unseen."""
    draw = torch.Generator().manual_seed(3)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.copy_(0.1 * torch.randn(part.num_features, generator=draw))
            part.running_var.copy_(0.5 + torch.rand(part.num_features, generator=draw))
    return module.eval()


@pytest.fixture
def encoder() -> DieEncoder:
    torch.manual_seed(1)
    return settled(DieEncoder(3, CHANNELS))


@pytest.fixture
def decoder() -> DieDecoder:
    torch.manual_seed(2)
    return settled(DieDecoder(CHANNELS))


def wafer(count: int = 2) -> torch.Tensor:
    planes = torch.rand(count, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(5))
    return torch.stack([(planes[:, 0] < 0.2).float(), torch.ones_like(planes[:, 1]), planes[:, 2]], dim=1)


def changed_at(module: nn.Module, picture: torch.Tensor, row: int, column: int) -> torch.Tensor:
    """Where the answer changes, (H, W) bool, when one pixel of the input does."""
    other = picture.clone()
    other[..., row, column] += 1.0
    with torch.no_grad():
        return (module(picture) - module(other)).abs().amax(dim=(0, 1)) > 0


def test_a_convolution_sees_its_neighbours_and_a_halving_one_its_own_four_pixels_alone():
    torch.manual_seed(0)
    same, halved = settled(nn.Sequential(convolution(2, 3)[:2])), settled(nn.Sequential(convolution(2, 3, 2)[:2]))
    picture = torch.zeros(1, 2, 8, 8)
    expected = torch.zeros(8, 8, dtype=torch.bool)
    expected[3:6, 4:7] = True
    assert torch.equal(changed_at(same, picture, 4, 5), expected)
    expected = torch.zeros(4, 4, dtype=torch.bool)
    expected[2, 2] = True
    assert torch.equal(changed_at(halved, picture, 4, 5), expected)


def test_a_residual_adds_what_its_convolutions_find():
    torch.manual_seed(0)
    block = settled(Residual(4))
    x = torch.randn(2, 4, 8, 8)
    with torch.no_grad():
        first, norm = block.first, block.second[1]
        inner = functional.conv2d(first(x), block.second[0].weight, padding=1)
        inner = functional.batch_norm(inner, norm.running_mean, norm.running_var, norm.weight, norm.bias)
        assert torch.allclose(block(x), (x + inner).clamp(min=0), atol=1e-6)


def test_a_silent_residual_begins_by_changing_nothing_and_learns_all_the_same():
    block = Residual(4, silent=True).train()
    x = torch.rand(2, 4, 8, 8)
    assert torch.equal(block(x), x)
    block(x).square().sum().backward()
    assert block.second[1].weight.grad.abs().max() > 0


def test_features_are_the_picture_then_stages_each_half_as_fine(encoder):
    picture = wafer()
    with torch.no_grad():
        features = encoder(picture)
    assert torch.equal(features[0], picture)
    assert encoder.strides == (1, 1, 2, 4, 8)
    assert encoder.out_channels == (3, *CHANNELS)
    assert [f.shape for f in features] == [
        (2, width, SIZE // stride, SIZE // stride)
        for width, stride in zip(encoder.out_channels, encoder.strides, strict=True)
    ]
    assert [len(stage) for stage in encoder.stages] == [BLOCKS[0] + 1, *BLOCKS[1:]]


def test_what_was_added_later_begins_by_changing_nothing(encoder):
    picture = wafer()
    with torch.no_grad():
        found = encoder(picture)[1]
        before = encoder.stages[0][0](encoder.enter[0](picture))
    assert torch.equal(found, before)
    names = [name for name, _ in encoder.named_parameters(prefix="encoder")]
    assert all(any(name.startswith(added) for name in names) for added in encoder.ADDED)


def test_hints_reach_the_first_stage_once_they_say_something(encoder):
    picture = wafer()
    with torch.no_grad():
        before = encoder(picture)[1]
        nn.init.constant_(encoder.afar[-1].bias, 0.5)
        nn.init.constant_(encoder.along[-1].bias, 0.25)
        entered = encoder.enter[0](picture) + 0.75
        assert torch.allclose(encoder(picture)[1], encoder.stages[0](entered), atol=1e-6)
    assert not torch.allclose(before, encoder(picture)[1])


def features_of(draw: int = 7) -> list[torch.Tensor]:
    rng = torch.Generator().manual_seed(draw)
    sizes = (SIZE, SIZE, SIZE // 2, SIZE // 4, SIZE // 8)
    return [torch.rand(2, c, s, s, generator=rng) for c, s in zip((3, *CHANNELS), sizes, strict=True)]


def test_the_decoder_answers_at_full_size_from_every_stage_and_never_from_the_picture(decoder):
    features, pooled = features_of(), torch.rand(2, 2 * CHANNELS[-1])
    with torch.no_grad():
        found = decoder(features, pooled)
        assert found.shape == (2, CHANNELS[0], SIZE, SIZE)
        for stage in range(len(features)):
            other = [f + 1.0 if n == stage else f for n, f in enumerate(features)]
            assert torch.equal(decoder(other, pooled), found) == (stage == 0)


def test_a_single_die_of_the_finest_stage_moves_the_answer_around_it_alone(decoder):
    features, pooled = features_of(), torch.rand(2, 2 * CHANNELS[-1])
    other = [f.clone() for f in features]
    other[1][:, :, 10, 20] += 1.0
    with torch.no_grad():
        moved = (decoder(features, pooled) - decoder(other, pooled)).abs().amax(dim=(0, 1)) > 0
    assert moved[10, 20]
    reach = torch.zeros_like(moved)
    reach[8:13, 18:23] = True  # two 3 x 3 convolutions
    assert not (moved & ~reach).any()


def test_what_the_wafer_shows_as_a_whole_is_told_to_every_die(decoder):
    features, pooled = features_of(), torch.rand(2, 2 * CHANNELS[-1])
    other = pooled.clone()
    other[0] += 1.0
    with torch.no_grad():
        moved = (decoder(features, pooled) - decoder(features, other)).abs().amax(dim=1) > 0
        assert moved[0].float().mean() > 0.9
        assert not moved[1].any()
        nn.init.zeros_(decoder.context[-1].weight)
        assert torch.equal(decoder(features, pooled), decoder(features, other))
