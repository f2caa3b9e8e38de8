import numpy as np
import pytest
import torch

from data.raster import blocks
from models.described import CHUNK, VIEWS, describe_wafers
from models.unet import NetworkConfig, WaferUNet

pytestmark = pytest.mark.slow

SIDES = (9, 70, 13)  # the second is seen in two cell sizes


class Still:
    """Draws nothing that changes a wafer."""

    def integers(self, _high):
        return 0

    def uniform(self, _low, _high):
        return 0.0

    def random(self, shape):
        return np.full(shape, 0.5)


@pytest.fixture(scope="module")
def network() -> WaferUNet:
    torch.manual_seed(1)
    return WaferUNet(NetworkConfig("dies", depth=4, decoder_channels=(10, 8, 6, 4))).eval()


def wafer(side: int, seed: int = 0) -> np.ndarray:
    dies = np.ones((side, side), dtype=np.uint8)
    dies[np.random.default_rng((seed, side)).random(dies.shape) < 0.3] = 2
    return dies


def test_there_is_a_row_for_each_cell_size_and_it_tells_nothing_of_its_company(network):
    wafers = [wafer(side) for side in SIDES]
    found = describe_wafers(network, wafers, np.random.default_rng(1))
    assert found.wafer.tolist() == [n for n, side in enumerate(SIDES) for _ in blocks((side, side))] == [0, 1, 1, 2]
    for n, dies in enumerate(wafers):
        alone = describe_wafers(network, [dies], np.random.default_rng(2))
        np.testing.assert_allclose(found.rows[found.wafer == n], alone.rows, atol=1e-5)  # float32 in other batches
    assert len(np.unique(found.rows.round(4), axis=0)) == len(found.rows)


def test_each_view_is_of_the_row_of_its_own_wafer_and_cell_size(network):
    found = describe_wafers(network, [wafer(side) for side in SIDES], Still())
    assert np.bincount(found.of).tolist() == [VIEWS] * len(found.rows)
    np.testing.assert_allclose(found.views, found.rows[found.of], atol=1e-5)  # float32 in other batches


def test_views_are_changed_and_the_same_seed_changes_them_alike(network):
    wafers = [wafer(side) for side in SIDES]
    found, again, other = (describe_wafers(network, wafers, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (np.abs(found.views - found.rows[found.of]).max(axis=1) > 1e-4).all()
    np.testing.assert_array_equal(found.views, again.views)
    assert np.abs(found.views - other.views).max() > 1e-4
    np.testing.assert_array_equal(found.rows, other.rows)


def test_progress_rises_to_all_over_several_chunks(network):
    told = []
    count = CHUNK // (1 + VIEWS) + 1  # with their views just over one chunk
    found = describe_wafers(network, [wafer(5, n) for n in range(count)], np.random.default_rng(1), told.append)
    assert told == [CHUNK / ((1 + VIEWS) * count), 1.0]
    assert (len(found.rows), len(found.views)) == (count, VIEWS * count)
