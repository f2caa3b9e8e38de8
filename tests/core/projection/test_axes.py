import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.projection.axes import principal_axes


def test_axes_are_those_of_a_singular_value_decomposition():
    matrix = np.random.default_rng(0).standard_normal((40, 12)).astype(np.float32) * np.arange(1, 13, dtype=np.float32)
    axes = principal_axes(matrix, most=5)
    centred = matrix.astype(np.float64) - matrix.mean(axis=0)
    expected = np.linalg.svd(centred)[2][:5]
    assert np.abs(np.sum(expected * axes.directions.T, axis=1)) == pytest.approx(np.ones(5), abs=1e-4)
    variances = axes.reduced(matrix).var(axis=0)
    assert variances == pytest.approx(sorted(variances, reverse=True))


@given(st.integers(2, 30), st.integers(1, 8), st.integers(0, 99))
def test_features_keep_the_distance_from_the_mean(count, most, seed):
    matrix = np.random.default_rng(seed).standard_normal((count, 10)).astype(np.float32)
    axes = principal_axes(matrix, most)
    features = axes.features(matrix)
    assert features.shape == (count, min(most, count - 1) + 1)
    far = np.linalg.norm(matrix - matrix.mean(axis=0), axis=1)
    assert np.linalg.norm(features, axis=1) == pytest.approx(far, abs=1e-4)  # float32
    assert (features[:, :-1] == axes.reduced(matrix)).all()
