import numpy as np
import pytest

from core.active_learning.head import _gradients, fit_head
from core.segmentation.presence import sigmoid


def apart(count, seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, 4)).astype(np.float32)
    labels = np.zeros((count, 8), dtype=np.float32)
    labels[:, 0], labels[:, 3] = rows[:, 0] > 0, np.abs(rows[:, 1]) > 1
    return rows, labels


def test_it_learns_what_a_line_cannot_part():
    head = fit_head(*apart(600), seed=1)  # type: ignore[misc]
    rows, labels = apart(400, seed=9)
    right = (head(rows, 0)[0] >= 0.5) == labels
    assert right.all(axis=0)[1]
    assert right[:, [0, 3]].mean() > 0.93


def test_gradients_are_those_of_finite_differences():
    rng = np.random.default_rng(0)
    rows, labels = apart(5)
    labels[0, 2] = np.nan
    weights = [rng.normal(size=shape) for shape in ((4, 6), (6,), (6, 8), (8,))]

    def loss():
        first, bias, second, bias2 = weights
        p = sigmoid(np.maximum(rows @ first + bias, 0) @ second + bias2)
        known = ~np.isnan(labels)
        return -np.where(known, np.where(labels == 1, np.log(p), np.log(1 - p)), 0).sum() / known.sum() * 8

    for w, gradient in zip(weights, _gradients(weights, rows, labels, rng, dropped=0.0), strict=True):
        place = tuple(int(rng.integers(n)) for n in w.shape)
        step = 1e-6
        w[place] += step
        above = loss()
        w[place] -= 2 * step
        assert (above - loss()) / (2 * step) == pytest.approx(gradient[place], rel=1e-4, abs=1e-7)
        w[place] += step


def test_passes_differ_around_the_plain_answer():
    head = fit_head(*apart(300), seed=1)  # type: ignore[misc]
    rows, _ = apart(50, seed=2)
    samples = head(rows, 40)
    assert samples.std(axis=0).max() > 0.01
    assert samples.mean(axis=0) == pytest.approx(head(rows, 0)[0], abs=0.15)
    assert np.array_equal(samples, head(rows, 40))


def test_a_class_of_which_nothing_is_known_teaches_nothing():
    rng = np.random.default_rng(0)
    rows, labels = apart(20)
    labels[:, 0] = np.nan
    weights = [rng.normal(size=shape).astype(np.float32) for shape in ((4, 6), (6,), (6, 8), (8,))]
    _, _, second, bias = _gradients(weights, rows, labels, rng)
    assert not second[:, 0].any()
    assert bias[0] == 0
    assert second[:, 3].any()
