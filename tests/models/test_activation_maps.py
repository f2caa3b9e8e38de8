import numpy as np
import onnxruntime
import pytest
import torch
from torch.nn import functional

from data.pictures import raster_of
from data.raster import die_planes
from data.served import INPUT
from data.synthesis import WaferRecipe, draw_wafer
from models.activation_maps import ActivationMaps
from models.export import describe, export_float32, quantize
from models.losses import pooled_presence
from models.unet import MaskingUNet, NetworkConfig, WaferUNet

pytestmark = pytest.mark.slow

NETWORKS = (NetworkConfig("dies", 4, (32, 24, 16, 16)), NetworkConfig("resnet18", 4, (32, 24, 16, 16)))
CLASS = 2


def pictures(config: NetworkConfig, count: int) -> np.ndarray:
    """Synthetic wafers, float32 (count, 3, S, S), as the encoder wants them."""
    rng, raster = np.random.default_rng(8), raster_of(config.encoder)
    dies = [draw_wafer(rng, WaferRecipe(shortest=28, longest=30)).wafer.dies for _ in range(count)]
    size = raster.size(dies[0].shape)
    return np.stack([raster.draw(die_planes(one), size) for one in dies])


@pytest.fixture(scope="module", params=NETWORKS, ids=lambda config: config.encoder)
def served(request, tmp_path_factory):
    """A small network as an INT8 file, and pictures as it wants them."""
    torch.manual_seed(3)
    config, folder = request.param, tmp_path_factory.mktemp("served")
    network, shown = WaferUNet(config), pictures(config, 8)
    with torch.no_grad():
        for _ in range(20):
            network.train()(torch.from_numpy(shown))
    export_float32(MaskingUNet(network.eval()), folder / "float32.onnx")
    quantize(folder / "float32.onnx", folder / "int8.onnx", [shown])
    shape = {"encoder": config.encoder, "depth": config.depth, "decoder_channels": list(config.decoder_channels)}
    describe(folder / "int8.onnx", shape)
    return folder / "int8.onnx", shown


@pytest.fixture(scope="module")
def maps(served) -> ActivationMaps:
    return ActivationMaps.load(served[0])


def test_the_explained_network_answers_as_the_int8_file_does(served, maps):
    path, shown = served
    (expected,) = onnxruntime.InferenceSession(str(path)).run(None, {INPUT: shown})
    with torch.no_grad():
        found = maps.network(torch.from_numpy(shown)).numpy()
    failing = shown[:, 0] > 0
    for k in range(found.shape[1]):
        # Activations of eight bits; a random network's answers lie closer together than a trained one's.
        assert np.corrcoef(found[:, k][failing], expected[:, k][failing])[0, 1] > 0.97


@pytest.mark.parametrize("of", ["class", "pixels"])
def test_a_map_is_the_formula_of_the_papers(served, maps, of):
    picture = served[1][0]
    weights = np.zeros(picture.shape[1:], dtype=np.float32)
    weights[10:14, 8:12] = 2
    found = maps.of_class(picture, CLASS) if of == "class" else maps.of_pixels(picture, CLASS, weights)
    expected = by_hand(maps.network, picture, None if of == "class" else weights)
    assert expected.max() > 0
    assert found == pytest.approx(expected, abs=1e-5)


def test_a_cluster_s_map_lies_around_it(served, maps):
    picture = served[1][0]
    row, column = np.indices(picture.shape[1:])
    weights = (np.hypot(row - 20, column - 10) < 3).astype(np.float32)
    found = maps.of_pixels(picture, CLASS, weights)
    assert found.max() == pytest.approx(1, abs=1e-6)
    assert not found[np.hypot(row - 20, column - 10) > 16].any()


def test_where_nothing_raises_an_answer_the_map_is_empty():
    config = NETWORKS[0]
    network = WaferUNet(config)
    torch.nn.init.zeros_(network.head.weight)
    assert not ActivationMaps(network).of_class(pictures(config, 1)[0], CLASS).any()


def by_hand(network: WaferUNet, picture: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Grad-CAM of the class's presence; with weights, gradients in their place of their mean logit."""
    kept = []
    hook = network.decoder.blocks[-1].register_forward_hook(lambda _module, _inputs, found: kept.append(found))
    wafer = torch.from_numpy(picture)[None]
    logits = network(wafer)
    hook.remove()
    if weights is None:
        answer = pooled_presence(logits, wafer[:, :1])[0, CLASS]
    else:
        answer = logits[0, CLASS][torch.from_numpy(weights) > 0].mean()
    (gradient,) = torch.autograd.grad(answer, kept[0])
    if weights is None:
        gradient = gradient.mean(dim=(2, 3), keepdim=True)
    raised = (gradient * kept[0]).sum(dim=1, keepdim=True).clamp(min=0)
    raised = raised - raised.min()
    raised = functional.interpolate(raised / raised.max(), size=picture.shape[1:], mode="bilinear")
    raised = raised - raised.min()
    return (raised / raised.max())[0, 0].detach().numpy()
