import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.geometry import radius_share
from data.raster import (
    FINE_CELLS,
    PIXELS_PER_DIE,
    WHOLE_CELLS,
    WORKING_SIZES,
    blocks,
    die_planes,
    mean_per_die,
    nearest_index,
    network_input,
    reduced,
    resample,
    working_size,
)

sides = st.integers(1, 20)


def _reference_mean_per_die(pixels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Die by die: the pixels whose nearest die it is, or the nearest pixel where there is none."""
    size = pixels.shape[-1]

    def shown(die: int, dies: int) -> list[int]:
        mine = [p for p in range(size) if int((p + 0.5) * dies / size) == die]
        return mine or [int((die + 0.5) * size / dies)]

    means = np.empty((*pixels.shape[:-2], *shape))
    for r, c in np.ndindex(*shape):
        rows, columns = shown(r, shape[0]), shown(c, shape[1])
        means[..., r, c] = pixels[..., rows, :][..., columns].astype(np.float64).mean(axis=(-2, -1))
    return means


@settings(max_examples=12)
@given(sides, sides, st.integers(1, 16), st.integers(0, 9))
def test_the_mean_of_a_die_is_that_of_the_pixels_that_show_it(height, width, size, seed):
    pixels = np.random.default_rng(seed).normal(size=(2, size, size)).astype(np.float32)
    means = mean_per_die(pixels, (height, width))
    assert means.dtype == np.float32
    assert means == pytest.approx(_reference_mean_per_die(pixels, (height, width)), abs=1e-6)


@settings(max_examples=12)
@given(sides, sides, st.integers(0, 9))
def test_dies_drawn_at_their_working_size_come_back_exactly(height, width, seed):
    planes = np.random.default_rng(seed).integers(0, 2, (3, height, width)).astype(np.float32)
    assert np.array_equal(mean_per_die(resample(planes, working_size((height, width))), (height, width)), planes)


@given(st.integers(1, 640), st.sampled_from(WORKING_SIZES))
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


@given(st.integers(26, 110), st.integers(26, 110))
def test_a_die_is_about_two_and_a_half_pixels_wide_on_the_grids_that_most_fabs_have(height, width):
    pixels = working_size((height, width)) / max(height, width)
    assert PIXELS_PER_DIE / 1.42 <= pixels <= PIXELS_PER_DIE * 1.42  # the widest gap of the sizes is a factor of two


@given(st.integers(1, 5000))
def test_larger_grids_never_get_smaller_pictures(side):
    assert working_size((side, 1)) <= working_size((1, side + 1))


def test_every_working_size_halves_five_times():
    assert all(size % 32 == 0 for size in WORKING_SIZES)


def test_the_network_sees_failing_on_wafer_and_radius():
    dies = np.array([[0, 1, 0], [1, 2, 1], [0, 2, 0]], dtype=np.uint8)
    fail, on_wafer, radius = die_planes(dies)
    assert fail.tolist() == [[0, 0, 0], [0, 1, 0], [0, 1, 0]]
    assert on_wafer.tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    assert radius.tolist() == np.where(dies > 0, radius_share(dies), 0).tolist()


def test_the_network_s_input_shows_at_every_pixel_the_die_below_it():
    dies = np.random.default_rng(3).integers(0, 3, (27, 25)).astype(np.uint8)
    seen = network_input(dies, 64)
    assert (seen.shape, seen.dtype) == ((3, 64, 64), np.float32)
    planes = die_planes(dies)
    for row, column in ((0, 0), (63, 63), (31, 7), (12, 50)):
        assert (
            seen[:, row, column].tolist()
            == planes[:, int((row + 0.5) * 27 / 64), int((column + 0.5) * 25 / 64)].tolist()
        )
