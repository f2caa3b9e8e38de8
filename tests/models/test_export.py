import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from core.segmentation.network import Network, read_metadata
from data.classes import CLASS_KEYS
from data.errors import ModelError
from data.served import DIMENSION, METADATA_KEY
from data.synthesis import WaferRecipe, draw_wafer
from models import export
from models.embedding import ServedUNet
from models.presence_head import PresenceHead
from models.projection import Projection
from models.unet import NetworkConfig, WaferUNet
from tests.pictures import picture
from tests.tiny_model import METADATA

pytestmark = pytest.mark.slow

SMALL = NetworkConfig("resnet18", depth=4, decoder_channels=(16, 8, 8, 8))


DESCRIBED = 1080
MATRIX = np.random.default_rng(2).standard_normal((DESCRIBED, DIMENSION)).astype(np.float32)


@pytest.fixture(scope="module")
def network() -> ServedUNet:
    torch.manual_seed(3)
    return served(0.0)


def served(center: float) -> ServedUNet:
    head = PresenceHead(torch.zeros(DESCRIBED), torch.ones(DESCRIBED))
    return ServedUNet(WaferUNet(SMALL), head, Projection(np.full(DESCRIBED, center, dtype=np.float32), MATRIX)).eval()


@pytest.fixture(scope="module")
def wafers() -> list[np.ndarray]:
    recipe = WaferRecipe(longest=31, classes=("edge", "scratch"))
    drawn = [draw_wafer(np.random.default_rng(i), recipe) for i in range(6)]
    return [picture(d.wafer.dies, size)[None] for d in drawn for size in (64, 96)]


@pytest.fixture(scope="module")
def float32(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "float32.onnx"
    assert export.export_float32(network, path) <= export.LARGEST_DIFFERENCE
    return path


@pytest.fixture(scope="module")
def int8(float32, wafers):
    path = float32.with_name("int8.onnx")
    names = export.convolutions(float32)
    export.quantize(float32, path, wafers, keep=[names[0], names[-1]])
    return path


def run(path, batch: np.ndarray, output: str = "logits") -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run([output], {"wafer": batch})[0]


@pytest.mark.parametrize("shape", [(1, 64, 64), (5, 64, 64), (2, 128, 128), (1, 192, 96)])
def test_the_file_says_what_torch_says_at_any_batch_height_and_width(network, float32, shape):
    batch = np.random.default_rng(1).random((shape[0], 3, *shape[1:]), dtype=np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(batch))
    for name, answer in zip(("logits", "presence", "embedding"), expected, strict=True):
        assert run(float32, batch, name) == pytest.approx(answer.numpy(), abs=1e-3)


def test_described_looks_come_back_in_order_whatever_their_sizes(network, wafers):
    looks = [batch[0] for batch in wafers]
    describing = network.describing
    described = export.LookDescriber(describing.network)(looks)
    with torch.no_grad():
        expected = [describing(torch.from_numpy(batch))[1].numpy()[0] for batch in wafers]
    assert described == pytest.approx(np.stack(expected), abs=1e-3)


def test_dropout_is_at_rest_in_the_file(float32):
    batch = np.random.default_rng(1).random((1, 3, 64, 64), dtype=np.float32)
    assert np.array_equal(run(float32, batch), run(float32, batch))


def test_a_file_that_differs_from_torch_is_refused_and_removed(network, tmp_path, monkeypatch):
    export.export_float32(served(1.0), tmp_path / "other.onnx")
    monkeypatch.setattr(
        torch.onnx, "export", lambda *_, **__: (tmp_path / "other.onnx").rename(tmp_path / "wrong.onnx")
    )
    with pytest.raises(
        ModelError, match=r"wrong.onnx: the ONNX differs from torch in logits by .*; at most 0.001 is allowed"
    ):
        export.export_float32(network, tmp_path / "wrong.onnx")
    assert list(tmp_path.iterdir()) == []


def test_int8_stays_close_to_float32(float32, int8, wafers):
    for batch in wafers[:4]:
        full, small = run(float32, batch), run(int8, batch)
        off = np.abs(full - small).mean() / full.std()
        cosine = (run(float32, batch, "embedding") * run(int8, batch, "embedding")).sum()
        assert cosine > 0.9
        assert off < 0.2  # seven bits a weight, eight an activation, through some twenty layers of random weights
        assert np.corrcoef(full.ravel(), small.ravel())[0, 1] > 0.95


def test_int8_keeps_its_batch_and_size_free(int8):
    for shape in ((1, 3, 64, 64), (3, 3, 96, 96)):
        assert run(int8, np.zeros(shape, dtype=np.float32)).shape == (shape[0], 8, *shape[2:])


def test_int8_is_quantised_except_where_it_was_told_not_to(network, float32, int8):
    kept = 4 * (MATRIX.size + sum(p.numel() for p in network.presence.parameters()))
    assert int8.stat().st_size - kept < 0.4 * (float32.stat().st_size - kept)
    quantised = {
        node.name
        for node in onnx.load(str(int8)).graph.node
        if node.op_type == "Conv" and "DequantizeLinear" in node.input[1]
    }
    names = export.convolutions(float32)
    assert names[0] not in quantised
    assert names[-1] not in quantised
    assert len(quantised) == len(names) - 2


def test_int8_weights_are_per_channel_and_of_seven_bits(int8):
    weights = [onnx.numpy_helper.to_array(t) for t in onnx.load(str(int8)).graph.initializer]
    convolutions = [w for w in weights if w.dtype == np.int8 and w.ndim == 4]
    assert convolutions
    assert all(np.abs(w.astype(int)).max() <= 64 for w in convolutions)
    assert np.mean([np.abs(w.astype(int)).max(axis=(1, 2, 3)).min() >= 60 for w in convolutions]) > 0.8


def test_what_a_file_says_of_itself_comes_back(float32, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(float32.read_bytes())
    for name in ("first", "second"):
        export.describe(path, {**METADATA, "name": name, "temperature": [1.5] * 8})
    kept = [p for p in onnx.load(str(path)).metadata_props if p.key == METADATA_KEY]
    assert len(kept) == 1
    assert json.loads(kept[0].value)["classes"] == list(CLASS_KEYS)
    metadata = read_metadata(kept[0].value, "here")
    assert (metadata.name, metadata.temperature.tolist()) == ("second", [1.5] * 8)
    loaded = Network.load(path)
    assert loaded.metadata.name == "second"
    batch = np.random.default_rng(1).random((2, 3, 64, 64), dtype=np.float32)
    assert loaded.run(batch).logits == pytest.approx(run(float32, batch), abs=1e-4)
