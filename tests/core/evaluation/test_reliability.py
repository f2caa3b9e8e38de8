import numpy as np
import pytest

from core.evaluation.reliability import BINS, Reliability
from data.classes import CLASS_COUNT


def test_bins_hold_what_counting_by_hand_holds():
    rng = np.random.default_rng(0)
    said, truth = rng.random((CLASS_COUNT, 500)), rng.random((CLASS_COUNT, 500)) < 0.3
    bins = Reliability()
    bins.add(said[:, :200], truth[:, :200])
    bins.add(said[:, 200:], truth[:, 200:])
    for k in range(CLASS_COUNT):
        gap = 0.0
        for at in range(BINS):
            inside = (said[k] >= at / BINS) & (said[k] < (at + 1) / BINS)
            assert bins.count[k, at] == inside.sum()
            assert bins.true[k, at] == truth[k][inside].sum()
            gap += inside.mean() * abs(said[k][inside].mean() - truth[k][inside].mean())
        assert bins.expected_error()[k] == pytest.approx(gap, rel=1e-9)


def test_probability_one_stands_in_the_last_bin_and_what_nobody_knows_in_none():
    bins = Reliability()
    bins.add(np.ones((CLASS_COUNT, 3)), np.ones((CLASS_COUNT, 3), dtype=bool), np.arange(CLASS_COUNT)[:, None] > 0)
    assert bins.count[:, -1].tolist() == [0] + [3] * (CLASS_COUNT - 1)
    assert np.isnan(bins.expected_error()[0])
    assert bins.expected_error()[1] == 0
