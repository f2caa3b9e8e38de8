import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.lines import DISCS, LINES, REACH, Lines, disc, line


@given(reach=st.integers(1, REACH), turn=st.floats(0, np.pi))
def test_a_line_is_one_die_wide_as_long_as_asked_and_the_same_seen_from_both_ends(reach, turn):
    weights = line(reach, turn)
    assert weights.sum() == pytest.approx(1)
    assert np.allclose(weights, weights[::-1, ::-1])
    down, right = np.nonzero(weights) - np.array([[REACH], [REACH]])
    assert np.hypot(down, right).max() <= np.hypot(reach + 0.5, 1)
    assert np.abs(down * np.cos(turn) - right * np.sin(turn)).max() < 1


def test_along_rows_and_columns_every_die_of_a_line_counts_alike():
    row = np.zeros((2 * REACH + 1, 2 * REACH + 1))
    row[REACH, REACH - 3 : REACH + 4] = 1 / 7
    assert np.allclose(line(3, 0.0), row)
    assert np.allclose(line(3, np.pi / 2), row.T)


def test_a_disc_holds_the_dies_up_to_its_radius_alike():
    weights = disc(3)
    assert weights.sum() == pytest.approx(1)
    assert weights[REACH, REACH + 3] == weights[REACH + 2, REACH - 2] == weights.max()
    assert weights[REACH, REACH + 4] == weights[REACH + 3, REACH + 3] == 0


@given(turn=st.floats(0, np.pi), noise=st.floats(0, 0.15), seed=st.integers(0, 2**16))
@settings(max_examples=25, deadline=None)
def test_a_scratch_stands_out_in_its_direction(turn, noise, seed):
    side, rng = 64, np.random.default_rng(seed)
    down, right = np.mgrid[:side, :side] - side // 2
    beside = np.abs(down * np.cos(turn) - right * np.sin(turn))
    failing = (rng.random((side, side)) < noise) | (beside <= 0.5)
    planes = torch.zeros(1, 3, side, side)
    planes[0, 0] = torch.from_numpy(failing)
    found = Lines()(planes)[0, :, side // 2, side // 2].numpy()
    assert found.shape == (Lines.channels,)
    assert found.min() >= 0
    assert found.max() <= 1 + 1e-6
    (_, few), (_, many) = LINES
    best = np.argmax(found[few : few + many]) * np.pi / many
    assert abs((best - turn + np.pi / 2) % np.pi - np.pi / 2) < 2 * np.pi / many
    assert found[few : few + many].max() > found[-len(DISCS) :].max() + 0.2
