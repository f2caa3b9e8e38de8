import numpy as np
import pytest

from core.segmentation import Segmenter
from core.segmentation.network import Network
from core.segmentation.presence import presence, sigmoid
from core.segmentation.segmenter import BATCH_PIXELS
from data.classes import CLASS_INDEX
from data.pictures import PADDED, RESAMPLED
from data.wafer import WaferMap
from tests.core.wafers import disc, radius, wafer
from tests.pictures import picture
from tests.tiny_model import METADATA, write_tiny_model


@pytest.fixture(scope="module")
def segmenter(tiny_model_path) -> Segmenter:
    return Segmenter.load(str(tiny_model_path), threads=1)


def noisy(size: int, seed: int, where=lambda r: r > 0.85) -> WaferMap:
    rng = np.random.default_rng(seed)
    dense = where(radius(size)) & (rng.random((size, size)) < 0.9)
    return wafer(dense | (rng.random((size, size)) < 0.05), dies=disc(size), name=f"W{seed:02d}")


@pytest.mark.parametrize("size", [27, 52, 110, 210])
@pytest.mark.parametrize(
    ("key", "where"),
    [
        ("edge", lambda r: r > 0.85),
        ("center", lambda r: r < 0.3),
        ("particle", lambda r: abs(r - 0.6) < 0.12),
    ],
)
def test_a_dense_pattern_gets_its_class_at_every_working_size(segmenter, size, key, where):
    shown = noisy(size, 1, where)
    (found,) = segmenter.segment([shown])
    assert found.classes_present == (key,)
    truth, mask = where(radius(size)) & shown.failing, found.masks[CLASS_INDEX[key]]
    assert (truth & mask).sum() / (truth | mask).sum() > 0.75


def test_probabilities_are_those_of_the_network_pooled_per_die(segmenter, tiny_model_path):
    shown = noisy(33, 2)
    network = Network.load(tiny_model_path, threads=1)
    logits = network.run(picture(shown.dies)[None]).logits[0]
    per_die = RESAMPLED.per_cell(logits, shown.dies.shape)
    (found,) = segmenter.segment([shown])
    assert np.allclose(found.probabilities, sigmoid(per_die), atol=1e-6)
    assert np.allclose(found.presence, presence(per_die, shown.failing, np.ones(8, np.float32)), atol=1e-6)


def test_wafers_come_back_in_order_whatever_their_sizes(segmenter):
    sizes = [27, 210, 52, 27, 33, 110, 27, 52]
    wafers = [noisy(size, i) for i, size in enumerate(sizes)]
    together = segmenter.segment(wafers)
    assert [found.key for found in together] == [shown.key for shown in wafers]
    for shown, found in zip(wafers, together, strict=True):
        (alone,) = segmenter.segment([shown])
        assert np.allclose(alone.probabilities, found.probabilities, atol=1e-6)
        assert np.array_equal(alone.masks, found.masks)


def test_batches_are_bounded_in_pixels(tiny_model_path):
    network = Network.load(tiny_model_path, threads=1)
    seen = []

    class Watching:
        metadata, sha256, outputs = network.metadata, network.sha256, network.outputs

        def run(self, inputs):
            seen.append(inputs.shape)
            return network.run(inputs)

    Segmenter(Watching()).segment([noisy(n, i) for i, n in enumerate([27] * 40 + [110] * 5)])
    assert sum(n for n, *_ in seen) == 40 + 2 * 5  # the larger ones are looked at twice
    assert all(n == 1 or n * size * size <= BATCH_PIXELS for n, _, size, _ in seen)
    assert len(seen) < 10


def test_the_embedding_is_the_network_s_and_of_unit_length_on_grids_of_several_views(segmenter, tiny_model_path):
    shown = noisy(33, 2)
    network = Network.load(tiny_model_path, threads=1)
    expected = network.run(picture(shown.dies)[None]).embedding[0]
    found, large = segmenter.segment([shown, noisy(400, 3)])
    assert np.allclose(found.embedding, expected, atol=1e-6)
    assert large.embedding.shape == expected.shape
    assert np.linalg.norm(large.embedding) == pytest.approx(1, abs=1e-6)


def test_a_model_without_embeddings_segments_all_the_same(segmenter, tmp_path):
    plain = Segmenter.load(str(write_tiny_model(tmp_path / "plain.onnx", dimension=0)), threads=1)
    shown = noisy(33, 2)
    (one,), (other,) = plain.segment([shown]), segmenter.segment([shown])
    assert (plain.embeds, segmenter.embeds, one.embedding) == (False, True, None)
    assert np.array_equal(one.probabilities, other.probabilities)


def test_no_wafers_give_no_answers(segmenter):
    assert segmenter.segment([]) == []


def test_masks_hold_failing_dies_only(segmenter):
    shown = noisy(52, 3)
    (found,) = segmenter.segment([shown])
    assert found.masks.any()
    assert not found.masks[:, ~shown.failing].any()


def test_a_wafer_without_failures_has_no_class(segmenter):
    (found,) = segmenter.segment([WaferMap(dies=disc(27), lot_id="L", wafer_id="W")])
    assert found.classes_present == ()
    assert found.presence.tolist() == [0.0] * 8


def test_thresholds_of_the_model_decide(tmp_path):
    shown = noisy(52, 4)
    for field in ("die_threshold", "presence_threshold"):
        strict = {**METADATA, field: [1.1] + [0.5] * 7}
        path = write_tiny_model(tmp_path / f"{field}.onnx", metadata=strict)
        (found,) = Segmenter.load(str(path), threads=1).segment([shown])
        assert "edge" not in found.classes_present


def test_temperature_of_the_model_calibrates(tmp_path, segmenter):
    path = write_tiny_model(tmp_path / "warm.onnx", metadata={**METADATA, "temperature": [2.0] * 8})
    shown = noisy(27, 5)
    (sharp,), (soft,) = segmenter.segment([shown]), Segmenter.load(str(path), threads=1).segment([shown])
    odds = np.log(soft.probabilities.astype(np.float64) / (1 - soft.probabilities.astype(np.float64)))
    assert np.allclose(sigmoid(2 * odds), sharp.probabilities, atol=1e-4)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_an_augmented_answer_turns_with_the_wafer(segmenter, turns):
    shown = noisy(29, 6)
    turned = WaferMap(dies=np.rot90(shown.dies, turns)[:, ::-1], lot_id="L", wafer_id="W")
    (plain,), (other,) = segmenter.segment([shown], tta=True), segmenter.segment([turned], tta=True)
    assert np.allclose(np.rot90(plain.probabilities, turns, axes=(1, 2))[:, :, ::-1], other.probabilities, atol=1e-5)


AVERAGING = {**METADATA, "turns": 4, "raster": PADDED.name}


@pytest.mark.parametrize(("size", "pictures"), [(29, 4), (48, 4), (49, 2), (62, 2), (80, 2)])
def test_the_smaller_a_wafer_the_more_turns_are_averaged(tmp_path, monkeypatch, size, pictures):
    path = write_tiny_model(tmp_path / "turns.onnx", metadata=AVERAGING)
    segmenter, run, seen = Segmenter.load(str(path), threads=1), Network.run, []
    monkeypatch.setattr(Network, "run", lambda self, inputs: seen.extend(inputs) or run(self, inputs))
    segmenter.segment([noisy(size, 6)])
    assert len(seen) == pictures  # of 80 dies across the fine look and the coarse one


def test_of_wafers_together_each_gets_its_own_turns(tmp_path):
    path = write_tiny_model(tmp_path / "turns.onnx", metadata=AVERAGING)
    segmenter, wafers = Segmenter.load(str(path), threads=1), [noisy(size, size) for size in (29, 80, 52, 29)]
    for found, shown in zip(segmenter.segment(wafers), wafers, strict=True):
        (alone,) = segmenter.segment([shown])
        assert np.allclose(found.probabilities, alone.probabilities, atol=1e-5)


def test_an_augmented_answer_is_near_the_plain_one_on_wafers_that_are_not_square(segmenter):
    failing = np.zeros((40, 25), dtype=bool)
    failing[:4] = True
    shown = wafer(failing)
    (plain,), (tta,) = segmenter.segment([shown]), segmenter.segment([shown], tta=True)
    assert plain.masks.any()
    assert (plain.masks != tta.masks).mean() < 0.01


@pytest.mark.parametrize("size", [350, 700])
def test_a_grid_too_fine_for_one_look_is_fused_from_several(segmenter, size):
    shown = noisy(size, 7)
    (found,) = segmenter.segment([shown])
    truth, mask = (radius(size) > 0.85) & shown.failing, found.masks[CLASS_INDEX["edge"]]
    assert found.probabilities.shape == (8, size, size)
    assert (truth & mask).sum() / (truth | mask).sum() > 0.9
    assert not found.masks[:, ~shown.failing].any()


def test_the_answer_names_the_model_and_its_bytes(segmenter):
    (found,) = segmenter.segment([noisy(27, 8)])
    assert found.model == segmenter.name == f"tiny@{segmenter.sha256[:8]}"


def test_the_settings_name_the_model_that_is_loaded_without_a_name(tiny_model_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tiny_model_path))
    assert Segmenter.load().name.startswith("tiny@")


class Saying:
    """A network that says of its own which classes are on a wafer."""

    def __init__(self, network, presence) -> None:
        self.metadata, self.sha256, self.outputs = network.metadata, network.sha256, network.outputs
        self._network, self._presence = network, np.float32(presence)

    def run(self, inputs):
        return self._network.run(inputs)._replace(presence=np.tile(self._presence, (len(inputs), 1)))


def test_what_the_model_says_of_the_wafer_decides_on_presence(tiny_model_path):
    network = Network.load(tiny_model_path, threads=1)
    wafer = noisy(52, 3, lambda r: (r > 0.85) | (r < 0.3))
    pooled = Segmenter(network).segment([wafer])[0]
    assert len(pooled.classes_present) > 1
    first = next(k for k, mask in enumerate(pooled.masks) if mask.any())
    said = np.full(8, -9.0)
    said[first] = 3.0
    (found,) = Segmenter(Saying(network, said)).segment([wafer])
    assert found.presence == pytest.approx(1 / (1 + np.exp(-said)), abs=1e-6)
    assert found.masks[first].tolist() == pooled.masks[first].tolist()
    assert found.masks.any(axis=(1, 2)).sum() == 1


def test_a_class_that_is_there_has_its_likeliest_dies_even_where_none_reaches_the_threshold(tiny_model_path):
    network = Network.load(tiny_model_path, threads=1)
    wafer = noisy(52, 3)
    absent = 5  # the tiny model sees no lithography anywhere
    said = np.full(8, -9.0)
    said[absent] = 3.0
    (found,) = Segmenter(Saying(network, said)).segment([wafer])
    likely = found.probabilities[absent]
    most = likely[wafer.failing].max()
    assert most < network.metadata.die_threshold[absent]
    assert found.masks[absent].tolist() == (wafer.failing & (likely >= most / 2)).tolist()
    assert found.classes_present == ("lithography",)
