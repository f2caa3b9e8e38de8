from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.selection.covering import NEIGHBOURS, farthest_first, nearest_distance, ranks, typical_first

CANCELLED = 1e-2  # lengths are differences of float32 squares, so of equal vectors about 1e-3 is left


def drawn(size: int, labelled: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors to choose from, and labelled ones."""
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal((count, 6)).astype(np.float32) for count in (size, labelled))


@settings(max_examples=25)
@given(st.integers(1, 20), st.integers(1, 9), st.integers(1, 7), st.integers(0, 99))
def test_the_nearest_distance_is_that_of_brute_force_however_it_is_cut_into_blocks(size, others, block, seed):
    vectors, known = drawn(size, others, seed)
    apart = np.linalg.norm(vectors[:, None].astype(np.float64) - known, axis=2).min(axis=1)
    assert nearest_distance(vectors, known, block_rows=block) == pytest.approx(apart, abs=CANCELLED)


@pytest.mark.parametrize("others", [None, np.zeros((0, 6), np.float32)])
def test_without_others_every_vector_is_infinitely_far(others):
    assert np.isinf(nearest_distance(drawn(4, 0, 0)[0], others)).all()


@settings(max_examples=10)
@given(st.integers(2, 25), st.integers(1, 10), st.integers(0, 4), st.integers(0, 99))
def test_coreset_is_k_centre_greedy_done_the_slow_way(size, count, labelled, seed):
    vectors, known = drawn(size, labelled, seed)
    chosen, distances, _ = farthest_first(vectors, known, count)
    centres = list(known.astype(np.float64))
    for position, distance in zip(chosen, distances, strict=True):
        if centres:
            apart = np.linalg.norm(vectors[:, None].astype(np.float64) - np.array(centres), axis=2).min(axis=1)
            assert apart[position] == pytest.approx(apart.max(), abs=CANCELLED)
            assert distance == pytest.approx(apart.max(), abs=CANCELLED)
        else:
            assert np.isinf(distance)
        centres.append(vectors[position].astype(np.float64))


def test_k_centre_greedy_covers_at_most_twice_as_far_as_the_best_centres_could():
    points = np.random.default_rng(1).random((12, 2)).astype(np.float32)

    def radius(centres):
        return nearest_distance(points, points[list(centres)]).max()

    chosen, _, _ = farthest_first(points, None, 3)
    assert radius(chosen) <= 2 * min(radius(some) for some in combinations(range(12), 3)) + 1e-5


def test_wafers_that_are_all_the_same_are_still_chosen_once_each():
    vectors = np.ones((5, 3), dtype=np.float32)
    assert sorted(farthest_first(vectors, vectors[:1], 5)[0]) == [0, 1, 2, 3, 4]
    assert sorted(i for i, _, _ in typical_first(vectors, None, 5, 0)) == [0, 1, 2, 3, 4]


def test_an_outlier_in_doubt_does_not_flatten_the_others():
    assert ranks(np.array([1.0, 2.0, 1e9])).tolist() == [0, 0.5, 1]


def test_the_cold_start_takes_one_typical_wafer_of_each_group_without_a_label():
    rng = np.random.default_rng(0)
    middles = np.array([[0, 0], [50, 0], [0, 50], [50, 50]])
    vectors = np.concatenate([m + rng.normal(size=(n, 2)) for m, n in zip(middles, (40, 30, 20, 10), strict=True)])
    vectors = np.concatenate([vectors, [[25, 25]]]).astype(np.float32)  # an outlier, which CoreSet would take
    picks = typical_first(vectors, vectors[:1], 3, seed=0)
    assert all(np.linalg.norm(vectors[i] - middles, axis=1).min() < 1 for i, _, _ in picks)
    assert 2 <= len({int(np.linalg.norm(vectors[i] - middles, axis=1).argmin()) for i, _, _ in picks} - {0}) <= 3


@pytest.mark.parametrize("known", [None, np.zeros((0, 2), np.float32)])
def test_the_first_of_all_is_the_one_nearest_the_middle(known):
    vectors = np.array([[0, 0], [10, 0], [0, 10], [10, 10], [6, 5]], dtype=np.float32)
    chosen, distances, _ = farthest_first(vectors, known, 2)
    assert chosen[0] == 4
    assert np.isinf(distances[0])
    assert (chosen[1], distances[1]) == (0, pytest.approx(61**0.5, abs=CANCELLED))


@settings(max_examples=25)
@given(st.integers(2, 20), st.integers(1, 4), st.floats(0, 1), st.integers(0, 99))
def test_each_choice_has_the_greatest_weighted_sum_done_the_slow_way(size, labelled, weight, seed):
    vectors, known = drawn(size, labelled, seed)
    uncertainty = np.random.default_rng(seed).random(size)
    unsure = np.array([(uncertainty < value).sum() for value in uncertainty]) / (size - 1)
    chosen, _, scores = farthest_first(vectors, known, size, uncertainty, weight)
    assert sorted(chosen) == list(range(size))
    centres, farthest = known.astype(np.float64), None
    left = set(range(size))
    for position, score in zip(chosen, scores, strict=True):
        apart = np.linalg.norm(vectors[:, None].astype(np.float64) - centres, axis=2).min(axis=1)
        farthest = farthest or apart.max()
        every = weight * unsure + (1 - weight) * apart / farthest
        assert score == pytest.approx(every[position], abs=CANCELLED)
        assert every[position] == pytest.approx(max(every[n] for n in left), abs=CANCELLED)
        left.remove(position)
        centres = np.vstack([centres, vectors[position]])


@settings(max_examples=15)
@given(st.integers(0, 20), st.integers(0, 25), st.integers(0, 4), st.integers(0, 9))
def test_typical_ones_are_as_many_as_asked_and_none_twice(size, count, labelled, seed):
    vectors, known = drawn(size, labelled, seed)
    found = typical_first(vectors, known, count, seed)
    assert len({position for position, _, _ in found}) == len(found) == min(size, count)
    assert all(spread >= 0 and group >= 1 for _, spread, group in found)


def test_of_a_group_the_one_nearest_its_neighbours_by_brute_force_is_typical():
    vectors = np.random.default_rng(3).normal(size=(30, 4)).astype(np.float32)
    ((position, spread, group),) = typical_first(vectors, None, 1, 0)
    apart = np.sort(np.linalg.norm(vectors[:, None].astype(np.float64) - vectors, axis=2), axis=1)
    mean = apart[:, 1 : NEIGHBOURS + 1].mean(axis=1)
    assert (position, group) == (int(mean.argmin()), 30)
    assert spread == pytest.approx(mean.min(), abs=CANCELLED)


@given(st.lists(st.integers(-5, 5), min_size=2, max_size=12))
def test_ranks_are_the_share_of_others_below_with_half_of_the_equal_ones(values):
    given_values = np.array(values, dtype=np.float64)
    expected = [((given_values < v).sum() + ((given_values == v).sum() - 1) / 2) / (len(values) - 1) for v in values]
    assert ranks(given_values) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("values", [[], [7.0]])
def test_one_value_alone_ranks_first(values):
    assert ranks(np.array(values)).tolist() == [1.0] * len(values)
