import numpy as np
import pytest

from core.segmentation.pyramid import EVEN, fuse, views
from data.classes import CLASS_KEYS
from data.pictures import RESAMPLED
from data.raster import FINE_CELLS, WHOLE_CELLS, reduced
from tests.core.wafers import disc


def test_an_ordinary_wafer_is_seen_once():
    (view,) = views(disc(52), RESAMPLED)
    assert (view.size, view.block) == (RESAMPLED.size((52, 52)), 1)
    assert view.planes.shape == (3, 52, 52)


@pytest.mark.parametrize("side", [63, 100, 210])
def test_a_larger_grid_is_seen_die_by_die_and_in_cells(side):
    fine, whole = views(disc(side), RESAMPLED)
    assert fine.planes.shape == (3, side, side)
    assert np.array_equal(whole.planes, reduced(fine.planes, whole.block))
    assert max(whole.planes.shape[1:]) <= WHOLE_CELLS


def test_the_largest_grids_are_seen_in_cells_only():
    fine, whole = views(disc(700), RESAMPLED)
    assert WHOLE_CELLS < max(fine.planes.shape[1:]) <= FINE_CELLS
    assert 1 < fine.block < whole.block


@pytest.mark.parametrize("side", [52, 100, 211, 700, 1281])
def test_views_that_agree_fuse_to_what_they_agree_on(side):
    dies = np.ones((side, side - 3), dtype=np.uint8)
    parts = views(dies, RESAMPLED)
    level = np.arange(8, dtype=np.float32)[:, None, None]
    fused = fuse(parts, [np.broadcast_to(level, (8, *part.planes.shape[1:])) for part in parts], dies.shape, EVEN)
    assert fused.shape == (8, *dies.shape)
    assert np.allclose(fused, level, atol=1e-4)


def test_every_die_takes_the_value_of_its_own_cell():
    dies = np.ones((131, 140), dtype=np.uint8)
    parts = views(dies, RESAMPLED)
    logits = [np.random.default_rng(i).normal(size=(8, *p.planes.shape[1:])) for i, p in enumerate(parts)]
    shares = np.linspace(0, 1, 8, dtype=np.float32)
    fused = fuse(parts, [x.astype(np.float32) for x in logits], dies.shape, shares)
    block, k = parts[1].block, CLASS_KEYS.index("center")
    for row, column in ((0, 0), (130, 139), (57, 101)):
        fine, coarse = logits[0][k, row, column], logits[1][k, row // block, column // block]
        expected = shares[k] * fine + (1 - shares[k]) * coarse
        assert fused[k, row, column] == pytest.approx(expected, abs=1e-6)


def test_each_class_is_believed_to_the_fine_look_by_its_share():
    dies = np.ones((100, 100), dtype=np.uint8)
    parts = views(dies, RESAMPLED)
    logits = [np.full((8, *part.planes.shape[1:]), float(i == 0), dtype=np.float32) for i, part in enumerate(parts)]
    shares = np.linspace(0, 1, 8, dtype=np.float32)
    assert fuse(parts, logits, dies.shape, shares)[:, 50, 50] == pytest.approx(shares, abs=1e-6)
