import numpy as np
import onnx
import pytest
import torch

from data.errors import ModelError
from models.die_unet import DieEncoder
from models.embedding import DescribingUNet
from models.export import describe, export_float32
from models.restoring import network_of
from models.unet import NetworkConfig, WaferUNet
from tests.tiny_model import write_tiny_model

pytestmark = pytest.mark.slow

NETWORKS = (
    NetworkConfig("resnet18", depth=4, decoder_channels=(16, 8, 8, 8)),
    NetworkConfig("dies", depth=4, decoder_channels=(16, 16, 8, 8)),
)


@pytest.fixture(scope="module", params=NETWORKS, ids=lambda config: config.encoder)
def served(request, tmp_path_factory):
    """A network with normalisations that have seen something, and the file that it became."""
    torch.manual_seed(2)
    config = request.param
    network = WaferUNet(config)
    with torch.no_grad():
        for _ in range(2):
            network.train()(torch.rand(3, 3, 64, 64))
    path = tmp_path_factory.mktemp("served") / "served.onnx"
    export_float32(_Served(network.eval()), path)
    describe(path, about(config))
    return network, path


def about(config: NetworkConfig) -> dict[str, object]:
    return {"encoder": config.encoder, "depth": config.depth, "decoder_channels": list(config.decoder_channels)}


class _Served(torch.nn.Module):
    """As `models.embedding.ServedUNet` nests it."""

    outputs = DescribingUNet.outputs

    def __init__(self, network: WaferUNet) -> None:
        super().__init__()
        self.describing = DescribingUNet(network)

    def forward(self, wafer: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.describing(wafer)


def test_the_network_answers_as_the_file_it_comes_from(served):
    network, path = served
    seen = [torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(n)) for n in range(2)]
    restored = network_of(path, 0.3, seen)
    with torch.no_grad():
        assert torch.allclose(restored(seen[0]), network(seen[0]), atol=2e-3)
        learning = restored.train()
        for module in learning.modules():
            if isinstance(module, torch.nn.Dropout):
                module.eval()
        jump = (learning(torch.cat(seen)) - network(torch.cat(seen))).abs().max()
    assert float(jump) < 2e-2  # statistics of a batch are near what they were measured to be


def test_eight_bit_weights_are_multiplied_out(served, tmp_path):
    _, path = served
    model = onnx.load(str(path))
    node = next(n for n in model.graph.node if n.op_type == "Conv")
    weight = next(i for i in model.graph.initializer if i.name == node.input[1])
    whole = onnx.numpy_helper.to_array(weight)
    scale = (np.abs(whole).max(axis=(1, 2, 3)) / 127).astype(np.float32)
    small = np.rint(whole / scale[:, None, None, None]).astype(np.int8)
    model.graph.initializer.remove(weight)
    for name, value in (("w8", small), ("ws", scale), ("wz", np.zeros(len(scale), np.int8))):
        model.graph.initializer.append(onnx.numpy_helper.from_array(value, name))
    model.graph.node.insert(0, onnx.helper.make_node("DequantizeLinear", ["w8", "ws", "wz"], [weight.name], axis=0))
    onnx.save(model, tmp_path / "small.onnx")
    restored = network_of(tmp_path / "small.onnx", 0.3, [torch.rand(2, 3, 64, 64)])
    expected = small * scale[:, None, None, None]
    first = next(module for module in restored.modules() if isinstance(module, torch.nn.Conv2d))
    assert np.array_equal(first.weight.detach().numpy(), expected)


class _Nothing(torch.nn.Module):
    def forward(self, wafer: torch.Tensor) -> torch.Tensor:
        return wafer[:, :1] * 0


def test_a_file_from_before_the_network_was_told_more_is_answered_for_as_well(tmp_path):
    network = WaferUNet(NETWORKS[1]).eval()
    encoder = network.encoder
    encoder.combs = encoder.lines = _Nothing()
    encoder.afar = encoder.along = torch.nn.Identity()
    del encoder.stages[0][1]
    export_float32(_Served(network), tmp_path / "early.onnx")
    describe(tmp_path / "early.onnx", about(NETWORKS[1]))
    seen = torch.rand(4, 3, 64, 64)
    restored = network_of(tmp_path / "early.onnx", 0.3, [seen])
    more = restored.state_dict().keys() - network.state_dict().keys()
    assert all(any(name.startswith(added) for name in more) for added in DieEncoder.ADDED)
    with torch.no_grad():
        assert torch.allclose(restored(seen), network(seen), atol=2e-3)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "torn.onnx").write_bytes(b"no model")
    other = write_tiny_model(tmp_path / "other.onnx", metadata=about(NETWORKS[0]))
    for path in (tmp_path / "torn.onnx", other, tmp_path / "missing.onnx"):
        with pytest.raises(ModelError, match="no network can be made of it"):
            network_of(path, 0.3, [torch.rand(1, 3, 64, 64)])
