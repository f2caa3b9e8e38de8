import numpy as np
import pytest
import torch

from data.served import DIMENSION
from data.synthesis import WaferRecipe, draw_wafer
from models.embedding import DescribingUNet, ServedUNet
from models.presence_head import PresenceHead
from models.projection import Projection
from models.unet import NetworkConfig, WaferUNet
from tests.pictures import picture

SMALL = NetworkConfig("resnet18", depth=4, decoder_channels=(16, 8, 8, 8))
STAGES, CLASSES, ZONES = (64, 64, 128, 256), 8, 5
DESCRIBED = 2 * sum(STAGES) + CLASSES * (2 + ZONES)


@pytest.fixture(scope="module")
def network() -> WaferUNet:
    torch.manual_seed(3)
    return WaferUNet(SMALL).eval()


@pytest.fixture(scope="module")
def wafers() -> torch.Tensor:
    recipe = WaferRecipe(longest=31, classes=("edge", "scratch"))
    drawn = [draw_wafer(np.random.default_rng(i), recipe).wafer.dies for i in range(3)]
    return torch.from_numpy(np.stack([picture(dies, 64) for dies in drawn]))


def test_the_logits_are_those_of_the_network_alone(network, wafers):
    with torch.no_grad():
        logits, _ = DescribingUNet(network)(wafers)
        assert torch.equal(logits, network(wafers))


def test_the_descriptor_holds_what_its_docstring_says(network, wafers):
    with torch.no_grad():
        logits, described = DescribingUNet(network)(wafers)
        features = network.encode(wafers)
    assert described.shape == (3, DESCRIBED)
    coarse, start = features[-1], 2 * sum(STAGES[:-1])
    assert torch.equal(described[:, start + STAGES[-1] : 2 * sum(STAGES)], coarse.amax(dim=(2, 3)))
    answers = described[0, 2 * sum(STAGES) :].numpy()
    failing, flat = wafers[0, 0].numpy().ravel() > 0, logits[0].numpy().reshape(CLASSES, -1)
    for k in range(CLASSES):
        values = flat[k, failing].astype(np.float64)
        weights = np.exp(values - values.max())
        assert answers[k] == pytest.approx((weights * values).sum() / weights.sum(), abs=1e-3)
    middle = (wafers[0, 2] < 0.3).numpy().ravel() & (wafers[0, 1] > 0).numpy().ravel()
    probable = 1 / (1 + np.exp(-flat[0].astype(np.float64))) * failing
    share = probable[middle].mean()
    assert answers[2 * CLASSES] == pytest.approx(np.sqrt(share + 1e-6), abs=1e-4)


def test_the_embedding_is_the_projected_descriptor_at_unit_length(network, wafers):
    rng = np.random.default_rng(1)
    center = rng.standard_normal(DESCRIBED).astype(np.float32)
    matrix = rng.standard_normal((DESCRIBED, DIMENSION)).astype(np.float32)
    with torch.no_grad():
        _, described = DescribingUNet(network)(wafers)
        head = PresenceHead(torch.zeros(DESCRIBED), torch.ones(DESCRIBED)).eval()
        logits, presence, embedding = ServedUNet(network, head, Projection(center, matrix)).eval()(wafers)
        assert torch.equal(logits, network(wafers))
        assert torch.equal(presence, head(described))
    expected = (described.numpy() - center) @ matrix
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert embedding.numpy() == pytest.approx(expected, abs=1e-5)


def test_a_wafer_without_failures_has_a_finite_descriptor(network):
    wafer = torch.zeros(1, 3, 64, 64)
    wafer[:, 1] = 1
    with torch.no_grad():
        assert torch.isfinite(DescribingUNet(network)(wafer)[1]).all()
