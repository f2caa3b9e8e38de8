import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from data.pictures import RESAMPLED
from data.raster import blocks
from data.turning import symmetry
from data.wafer import FAIL, OFF_WAFER, PASS
from models.views import cut_out, follow, two_views


def wafer(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    dies = np.where(rng.random((rows, columns)) < 0.4, FAIL, PASS).astype(np.uint8)
    dies[rng.random(dies.shape) < 0.1] = OFF_WAFER
    dies[0, 0] = FAIL
    return dies


@pytest.mark.parametrize("way", range(8))
def test_pixels_are_followed_as_wafers_are_turned(way):
    pixels = torch.arange(2 * 3 * 4 * 4).reshape(2, 3, 4, 4)
    expected = np.stack([symmetry(one.numpy(), way) for one in pixels])
    assert np.array_equal(follow(pixels, torch.tensor([way, way])).numpy(), expected)


@given(seed=st.integers(0, 10_000), rows=st.integers(5, 90), columns=st.integers(5, 90))
def test_a_pixel_followed_to_the_disturbed_look_shows_the_same_die(seed, rows, columns):
    """What the disturbance did not touch is found again, pixel for pixel, on any grid and in any cells."""
    rng = np.random.default_rng(seed)
    dies = wafer(rng, rows, columns)
    for block in blocks(dies.shape):
        size = RESAMPLED.size((-(-max(dies.shape) // block),))
        weak, strong, way = two_views(rng, dies, block, size, RESAMPLED)
        followed = follow(torch.from_numpy(weak)[None], torch.tensor([way]))[0].numpy()
        assert way in range(8)
        if block == 1:
            assert not ((followed[1] == 0) & (strong[1] == 1)).any()  # dies are lost, none appears
        there = (followed[1] == 1) & (strong[1] == 1)
        assert np.allclose(followed[2][there], strong[2][there], atol=0.35)  # the same distance from the centre, but
        # for what lost dies change of where the centre is
    assert np.array_equal(follow(torch.from_numpy(weak)[None], torch.tensor([0]))[0].numpy(), weak)


def test_without_disturbance_the_looks_are_the_same_but_for_their_way(monkeypatch):
    monkeypatch.setattr("models.views.cut_out", lambda _, dies: dies)
    rng = np.random.default_rng(3)
    ways = set()
    for _ in range(30):
        dies = wafer(rng, int(rng.integers(5, 140)), int(rng.integers(5, 140)))
        block = blocks(dies.shape)[-1]
        weak, strong, way = two_views(rng, dies, block, 128, RESAMPLED, noise=(0.0, 0.0, 0.0))
        ways.add(way)
        assert np.array_equal(follow(torch.from_numpy(weak)[None], torch.tensor([way]))[0].numpy(), strong)
    assert len(ways) == 8


def test_cutout_takes_one_square_and_never_all():
    rng = np.random.default_rng(5)
    for _ in range(40):
        dies = np.full((20, 30), PASS, np.uint8)
        cut = cut_out(rng, dies) == OFF_WAFER
        rows, columns = np.flatnonzero(cut.any(axis=1)), np.flatnonzero(cut.any(axis=0))
        assert cut.sum() == len(rows) * len(columns)
        assert (np.diff(rows) == 1).all()
        assert (np.diff(columns) == 1).all()
        assert 0.15 * 20 - 1 <= len(rows) <= 0.4 * 20 + 1
    lonely = np.zeros((3, 3), np.uint8)
    lonely[1, 1] = FAIL
    assert all((cut_out(rng, lonely) == lonely).all() for _ in range(20))
