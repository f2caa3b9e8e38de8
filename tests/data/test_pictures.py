import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.pictures import DIES, PADDED, RASTERS, RESAMPLED, raster_of
from data.raster import FINE_CELLS, die_planes

sides = st.integers(1, 20)
each_raster = pytest.mark.parametrize("raster", RASTERS.values(), ids=RASTERS)


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
    means = RESAMPLED.per_cell(pixels, (height, width))
    assert means.dtype == np.float32
    assert means == pytest.approx(_reference_mean_per_die(pixels, (height, width)), abs=1e-6)


@each_raster
@settings(max_examples=12)
@given(sides, sides, st.integers(0, 9))
def test_cells_drawn_at_their_size_come_back_exactly(raster, height, width, seed):
    planes = np.random.default_rng(seed).integers(0, 2, (3, height, width)).astype(np.float32)
    drawn = raster.draw(planes, raster.size((height, width)))
    assert drawn.dtype == np.float32
    assert np.array_equal(raster.per_cell(drawn, (height, width)), planes)


@each_raster
@given(st.integers(1, 5000))
def test_larger_grids_never_get_smaller_pictures(raster, side):
    assert raster.size((side, 1)) <= raster.size((1, side + 1))


@given(st.integers(26, 110), st.integers(26, 110))
def test_a_die_is_about_two_and_a_half_pixels_wide_on_the_grids_that_most_fabs_have(height, width):
    pixels = RESAMPLED.size((height, width)) / max(height, width)
    assert (
        RESAMPLED.pixels / 1.42 <= pixels <= RESAMPLED.pixels * 1.42
    )  # the widest gap of the sizes is a factor of two


def test_every_size_halves_as_often_as_the_deepest_encoder_does():
    assert all(size % 32 == 0 for size in RESAMPLED.sizes)
    assert all(size % 8 == 0 for size in PADDED.sizes)


@each_raster
def test_each_size_has_its_share(raster):
    assert len(raster.shares) == len(raster.sizes)
    assert sum(raster.shares) == pytest.approx(1)


@given(st.integers(1, FINE_CELLS), st.integers(1, FINE_CELLS))
def test_whatever_the_app_looks_at_fits_a_padded_picture(height, width):
    assert PADDED.size((height, width)) >= max(height, width)


def test_what_a_padded_picture_cannot_hold_is_cut_off():
    planes = np.ones((3, 50, 20), dtype=np.float32)
    assert PADDED.draw(planes, 32).sum() == 3 * 32 * 20


def test_an_encoder_says_how_it_wants_its_pictures():
    assert raster_of(DIES) is PADDED
    assert raster_of("resnet50") is RESAMPLED


def test_a_resampled_picture_shows_at_every_pixel_the_cell_below_it():
    planes = die_planes(np.random.default_rng(3).integers(0, 3, (27, 25)).astype(np.uint8))
    seen = RESAMPLED.draw(planes, 64)
    for row, column in ((0, 0), (63, 63), (31, 7), (12, 50)):
        below = planes[:, int((row + 0.5) * 27 / 64), int((column + 0.5) * 25 / 64)]
        assert seen[:, row, column].tolist() == below.tolist()
