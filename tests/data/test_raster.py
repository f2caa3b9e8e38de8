import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.geometry import radius_share
from data.raster import FINE_CELLS, WHOLE_CELLS, blocks, die_planes, nearest_index, reduced


@given(st.integers(1, 640), st.sampled_from((32, 64, 224)))
def test_pixels_run_over_all_dies_in_order_and_evenly(dies, size):
    index = nearest_index(dies, size)
    assert (np.diff(index) >= 0).all()
    assert 0 <= index[0] <= index[-1] <= dies - 1
    if dies <= size:
        counts = np.bincount(index, minlength=dies)
        assert counts.min() >= 1
        assert counts.max() - counts.min() <= 1


def _reference_reduced(dies: np.ndarray, block: int) -> np.ndarray:
    """Failing share of the tested dies of each cell, cell by cell."""
    rows, columns = -(-dies.shape[0] // block), -(-dies.shape[1] // block)
    share = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            cell = dies[r * block : (r + 1) * block, c * block : (c + 1) * block]
            share[r, c] = (cell == 2).sum() / max((cell != 0).sum(), 1)
    return share


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_reducing_keeps_the_failing_share_of_each_cell(rows, columns, block, seed):
    dies = np.random.default_rng(seed).integers(0, 3, (rows, columns), dtype=np.uint8)
    dies[0, 0] = 1
    planes = reduced(die_planes(dies), block)
    assert planes[0] == pytest.approx(_reference_reduced(dies, block), abs=1e-6)
    assert set(np.unique(planes[1])) <= {0.0, 1.0}


@given(st.integers(1, 5000))
def test_every_grid_is_looked_at_as_a_whole_and_when_that_is_coarse_in_finer_cells_too(side):
    *fine, whole = blocks((side, 1))
    assert -(-side // whole) <= WHOLE_CELLS or (not fine and side <= WHOLE_CELLS)
    assert len(fine) == (side > WHOLE_CELLS)
    assert all(block < whole and -(-side // block) <= FINE_CELLS for block in fine)


def test_the_network_sees_failing_on_wafer_and_radius():
    dies = np.array([[0, 1, 0], [1, 2, 1], [0, 2, 0]], dtype=np.uint8)
    fail, on_wafer, radius = die_planes(dies)
    assert fail.tolist() == [[0, 0, 0], [0, 1, 0], [0, 1, 0]]
    assert on_wafer.tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    assert radius.tolist() == np.where(dies > 0, radius_share(dies), 0).tolist()
