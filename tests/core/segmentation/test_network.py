import json
import threading

import numpy as np
import pytest

from core.segmentation.network import Network, read_metadata
from data.errors import ModelError
from data.served import DIMENSION
from tests.tiny_model import METADATA, write_tiny_model


def test_a_model_that_keeps_the_contract_loads_with_its_thresholds(tiny_model_path):
    network = Network.load(tiny_model_path, threads=1)
    assert network.metadata.name == "tiny"
    assert network.metadata.die_threshold.tolist() == [0.5] * 8
    assert len(network.sha256) == 64


def test_batch_and_size_are_free(tiny_model_path):
    network = Network.load(tiny_model_path, threads=1)
    for n, size in ((1, 96), (3, 96), (2, 160)):
        assert network.run(np.zeros((n, 3, size, size), dtype=np.float32)).logits.shape == (n, 8, size, size)


def test_embeddings_are_of_unit_length_and_a_model_may_give_none(tiny_model_path, tmp_path):
    batch = np.random.default_rng(4).random((3, 3, 96, 96), dtype=np.float32)
    embedding = Network.load(tiny_model_path, threads=1).run(batch).embedding
    assert embedding.shape == (3, DIMENSION)
    assert np.linalg.norm(embedding, axis=1) == pytest.approx(1, abs=1e-6)
    plain = Network.load(write_tiny_model(tmp_path / "plain.onnx", dimension=0), threads=1)
    assert plain.run(batch).embedding is None


def test_threads_share_a_model(tiny_model_path):
    network = Network.load(tiny_model_path, threads=1)
    inputs = np.random.default_rng(0).random((8, 2, 3, 96, 96), dtype=np.float32)
    alone = [network.run(x).logits for x in inputs]
    together = [np.empty(0)] * len(inputs)

    def run(i: int) -> None:
        together[i] = network.run(inputs[i]).logits

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"none\.onnx: the model file cannot be read \(No such file"):
        Network.load(tmp_path / "none.onnx")


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.95])
def test_a_cut_file_is_refused(tiny_model_path, tmp_path, share):
    cut = tmp_path / "cut.onnx"
    whole = tiny_model_path.read_bytes()
    cut.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ModelError, match=r"cut\.onnx: .*Export the model again"):
        Network.load(cut)


def test_bytes_that_are_no_model_are_refused(tmp_path):
    noise = tmp_path / "noise.onnx"
    noise.write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(ModelError, match="not a model that ONNX Runtime can load"):
        Network.load(noise)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"channels": 1}, r"expected one input 'wafer' of float32 \(N, 3, S, S\), found"),
        ({"outputs": 5}, r"expected one output 'logits' of float32 \(N, 8, S, S\), found"),
        ({"dimension": 100}, r"expected one output 'embedding' of float32 \(N, 512\), found"),
        ({"batch": 1}, "batch or size of input 'wafer' is fixed"),
        ({"metadata": None}, "carries no 'waferscope' metadata"),
    ],
)
def test_a_model_of_another_shape_is_refused(tmp_path, changes, sentence):
    with pytest.raises(ModelError, match=sentence):
        Network.load(write_tiny_model(tmp_path / "other.onnx", **changes))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"classes": METADATA["classes"][::-1]}, "expected the classes edge, center, .* found random, etching"),
        ({"temperature": [0.0] * 8}, "positive temperatures"),
        ({"turns": 9}, "expected 1 to 8 turns, found 9"),
        ({"turns": 0}, "expected 1 to 8 turns"),
        ({"turns": "many"}, "metadata cannot be read"),
        ({"fine_share": [0.5] * 7}, "expected 8 thresholds, shares"),
        ({"die_threshold": [0.5] * 7}, "expected 8 thresholds"),
        ({"presence_threshold": [float("nan")] * 8}, "expected 8 thresholds"),
        ({"die_threshold": "high"}, "metadata cannot be read"),
        ({"classes": None}, "metadata cannot be read"),
    ],
)
def test_metadata_that_does_not_fit_is_refused(changes, sentence):
    with pytest.raises(ModelError, match=sentence):
        read_metadata(json.dumps({**METADATA, **changes}), "m.onnx")


@pytest.mark.parametrize("field", sorted(METADATA))
def test_every_field_of_the_metadata_is_needed(field):
    fields = {key: value for key, value in METADATA.items() if key != field}
    with pytest.raises(ModelError, match=r"m\.onnx: the model's metadata cannot be read"):
        read_metadata(json.dumps(fields), "m.onnx")


@pytest.mark.parametrize("raw", ["", "{", "[]", "3"])
def test_metadata_that_is_no_object_is_refused(raw):
    with pytest.raises(ModelError, match="metadata cannot be read"):
        read_metadata(raw, "m.onnx")


def test_an_input_that_the_network_cannot_take_is_a_model_error(tiny_model_path):
    with pytest.raises(ModelError, match=r"the network fails on input \(1, 2, 96, 96\)"):
        Network.load(tiny_model_path, threads=1).run(np.zeros((1, 2, 96, 96), dtype=np.float32))
