import numpy as np
import pytest

from core.projection.axes import principal_axes
from core.projection.novelty import Novelty
from tests.core.embedding_examples import unit
from tests.core.projection.map_examples import blobs


@pytest.fixture(scope="module")
def known():
    """Features of 300 vectors in 6 clusters and their axes."""
    matrix, _ = blobs(300)
    axes = principal_axes(matrix)
    return axes, axes.features(matrix)


def test_a_vector_unlike_all_clusters_ranks_before_every_other(known):
    axes, features = known
    stranger = axes.features(unit(np.random.default_rng(9).standard_normal((1, 512))))
    isolation, novelty = Novelty(np.vstack([features, stranger]), 0).score(np.vstack([features, stranger]))
    assert int(np.argmax(isolation)) == 300
    assert novelty[300] == pytest.approx(100 * 300 / 301)


def test_the_score_is_the_share_of_known_wafers_that_are_less_isolated(known):
    _, features = known
    isolation, novelty = Novelty(features, 0).score(features)
    expected = [100 * np.mean(isolation < one) for one in isolation]
    assert novelty == pytest.approx(expected, abs=1e-4)  # float32
    assert novelty.min() == 0


def test_scores_depend_on_the_seed_and_nothing_else(known):
    _, features = known
    first, again, other = (Novelty(features, seed).score(features)[0] for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()
