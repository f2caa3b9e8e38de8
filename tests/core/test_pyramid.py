import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.pyramid import FINE_WEIGHT, FINE_WEIGHT_OTHER, TILE, TILE_OVERLAP, fuse, reduced, tile_starts, views
from data.classes import CLASS_KEYS
from data.raster import die_planes, working_size
from tests.core.wafers import disc


def _reference_reduced(dies: np.ndarray, block: int) -> np.ndarray:
    """Failing share of the tested dies of each cell, cell by cell."""
    rows, columns = -(-dies.shape[0] // block), -(-dies.shape[1] // block)
    share = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            cell = dies[r * block : (r + 1) * block, c * block : (c + 1) * block]
            share[r, c] = (cell == 2).sum() / max((cell != 0).sum(), 1)
    return share


def test_an_ordinary_wafer_is_seen_once():
    (view,) = views(disc(52))
    assert view.size == working_size((52, 52))
    assert view.planes.shape == (3, 52, 52)


def test_a_grid_finer_than_two_pixels_a_die_is_also_seen_through_tiles():
    whole, *tiles = views(disc(400))
    assert whole.planes.shape == (3, 400, 400)
    assert {tile.planes.shape for tile in tiles} == {(3, TILE, TILE)}
    assert {tile.size / tile.planes.shape[1] for tile in tiles} == {2.0}


def test_tiles_show_what_the_whole_shows_there():
    rng = np.random.default_rng(3)
    whole, *tiles = views(disc(330) * rng.integers(1, 3, (330, 330), dtype=np.uint8))
    for tile in tiles:
        r, c = tile.origin
        assert np.array_equal(tile.planes, whole.planes[:, r : r + TILE, c : c + TILE])


@given(st.integers(1, 640))
def test_tiles_cover_an_axis_and_overlap(cells):
    starts = tile_starts(cells)
    ends = [min(start + TILE, cells) for start in starts]
    assert starts[0] == 0
    assert ends[-1] == cells
    assert all(end - after >= TILE_OVERLAP for end, after in zip(ends, starts[1:], strict=False))


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_reducing_keeps_the_failing_share_of_each_cell(rows, columns, block, seed):
    dies = np.random.default_rng(seed).integers(0, 3, (rows, columns), dtype=np.uint8)
    dies[0, 0] = 1
    planes = reduced(die_planes(dies), block)
    assert planes[0] == pytest.approx(_reference_reduced(dies, block), abs=1e-6)
    assert set(np.unique(planes[1])) <= {0.0, 1.0}


@pytest.mark.parametrize("side", [400, 640, 700, 1281])
def test_views_that_agree_fuse_to_what_they_agree_on(side):
    dies = np.ones((side, side - 3), dtype=np.uint8)
    parts = views(dies)
    level = np.arange(8, dtype=np.float32)[:, None, None]
    fused = fuse(parts, [np.broadcast_to(level, (8, *part.planes.shape[1:])) for part in parts], dies.shape)
    assert fused.shape == (8, *dies.shape)
    assert np.allclose(fused, level, atol=1e-4)


def test_fusing_weighs_the_tiles_by_class():
    dies = np.ones((400, 400), dtype=np.uint8)
    parts = views(dies)
    logits = [np.full((8, *part.planes.shape[1:]), float(i > 0), dtype=np.float32) for i, part in enumerate(parts)]
    fused = fuse(parts, logits, dies.shape)
    expected = [FINE_WEIGHT.get(key, FINE_WEIGHT_OTHER) for key in CLASS_KEYS]
    assert fused[:, 200, 200] == pytest.approx(expected, abs=1e-6)
    assert FINE_WEIGHT["scratch"] > FINE_WEIGHT_OTHER


def test_a_seam_between_tiles_does_not_show():
    dies = np.ones((400, 400), dtype=np.uint8)
    parts = views(dies)
    logits = [np.full((8, *part.planes.shape[1:]), float(i), dtype=np.float32) for i, part in enumerate(parts)]
    steps = np.abs(np.diff(fuse(parts, logits, dies.shape)[3], axis=0))
    assert steps.max() < 0.1  # two tiles differ by up to two, and change into one another over their overlap
