import numpy as np
import pytest
import torch

from core.segmentation import Segmenter
from core.segmentation.dropout import DropoutSegmenter
from core.segmentation.presence import sigmoid
from data.errors import ModelError
from data.pictures import DIES, PADDED
from data.synthesis import WaferRecipe, draw_wafer
from models.export import describe, export_float32
from models.unet import MaskingUNet, NetworkConfig, WaferUNet
from tests.tiny_model import METADATA

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wafers():
    rng = np.random.default_rng(4)
    recipes = [
        WaferRecipe(shortest=20, longest=24),
        WaferRecipe(shortest=30, longest=34),
        WaferRecipe(shortest=100, longest=104),
    ]
    return [draw_wafer(rng, recipe).wafer for recipe in recipes]


@pytest.fixture(scope="module")
def shipped():
    return DropoutSegmenter.load(threads=1)


@pytest.fixture(scope="module")
def by_die(tmp_path_factory) -> str:
    """A served file of a network at one pixel a die."""
    torch.manual_seed(6)
    path = tmp_path_factory.mktemp("model") / "dies.onnx"
    export_float32(MaskingUNet(WaferUNet(NetworkConfig(DIES, 4, (16, 16, 8, 8)))), path)
    describe(path, {**METADATA, "raster": PADDED.name})
    return str(path)


def test_without_dropping_every_pass_is_the_answer_on_the_wafer_as_it_lies(shipped, wafers):
    served = Segmenter.load(threads=1)
    for samples, one in zip(shipped.sample(wafers, passes=2, dropped=0.0), served.answers(wafers), strict=True):
        expected = sigmoid(one.logits / served.metadata.temperature[:, None, None])
        # INT8 sums in another order may round one step apart.
        assert samples == pytest.approx(np.stack([expected] * 2), abs=2e-2)


def test_a_network_at_one_pixel_a_die_is_cut_where_its_coarsest_features_enter_the_decoder(by_die, wafers):
    expected = Segmenter.load(by_die, threads=1).segment(wafers)
    cut = DropoutSegmenter.load(by_die, threads=1)
    for samples, one in zip(cut.sample(wafers, passes=2, dropped=0.0), expected, strict=True):
        assert samples == pytest.approx(np.stack([one.probabilities] * 2), abs=1e-5)
    first, second = cut.sample(wafers[:1], passes=2)[0]
    assert not np.array_equal(first, second)


def test_passes_differ_and_a_seed_repeats_them_whatever_lies_beside(shipped, wafers):
    both = shipped.sample(wafers[:2], passes=3, seed=5)
    alone = shipped.sample(wafers[:1], passes=3, seed=5)
    assert both[0].shape == (3, 8, *wafers[0].dies.shape)
    assert np.array_equal(alone[0], both[0])
    assert not np.array_equal(both[0][0], both[0][1])
    assert not np.array_equal(alone[0], shipped.sample(wafers[:1], passes=3, seed=6)[0])


def test_its_name_is_that_of_the_served_model(shipped):
    assert shipped.name == Segmenter.load().name


def test_a_model_without_a_decoder_is_refused(tiny_model_path):
    with pytest.raises(ModelError, match="no decoder in which to drop"):
        DropoutSegmenter.load(str(tiny_model_path))
