import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.segmentation.presence import pooled_logits, presence, sigmoid

finite = st.floats(-50, 50, width=32)
shapes = st.tuples(st.just(8), st.integers(1, 6), st.integers(1, 6))


def _reference_pooled(logits: np.ndarray, failing: np.ndarray) -> list[float]:
    """Die by die, in Python's own float64."""
    pooled = []
    for plane in logits:
        values = [float(plane[r, c]) for r, c in zip(*np.nonzero(failing), strict=True)]
        top = max(values, default=0.0)
        weights = [math.exp(v - top) for v in values]
        pooled.append(sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights) if values else -math.inf)
    return pooled


@settings(deadline=None)
@given(st.data())
def test_pooling_equals_the_sum_over_dies(data):
    logits = data.draw(shapes.flatmap(lambda s: arrays(np.float32, s, elements=finite)))
    failing = data.draw(arrays(bool, logits.shape[1:]))
    assert pooled_logits(logits, failing) == pytest.approx(_reference_pooled(logits, failing), abs=1e-4, rel=1e-5)


@settings(deadline=None)
@given(arrays(np.float32, (8, 3, 4), elements=finite))
def test_a_pooled_logit_lies_between_the_mean_and_the_greatest(logits):
    pooled = pooled_logits(logits, np.ones((3, 4), dtype=bool))
    assert (pooled <= logits.max(axis=(1, 2)) + 1e-4).all()
    assert (pooled >= logits.mean(axis=(1, 2)) - 1e-4).all()


def test_passing_dies_have_no_say():
    logits = np.zeros((8, 2, 2), dtype=np.float32)
    failing = np.array([[True, False], [False, False]])
    shouting = logits.copy()
    shouting[:, ~failing] = 40
    assert pooled_logits(shouting, failing).tolist() == pooled_logits(logits, failing).tolist()


def test_no_class_is_present_where_no_die_fails():
    probability = presence(
        np.full((8, 2, 2), 9, dtype=np.float32), np.zeros((2, 2), dtype=bool), np.ones(8, np.float32)
    )
    assert probability.tolist() == [0.0] * 8


def test_temperature_moves_presence_towards_a_half_and_never_across_it():
    logits = np.linspace(-4, 4, 8, dtype=np.float32)[:, None, None]
    failing = np.ones((1, 1), dtype=bool)
    sharp, soft = (presence(logits, failing, np.full(8, t, np.float32)) for t in (1, 3))
    assert (abs(soft - 0.5) < abs(sharp - 0.5)).all()
    assert ((soft > 0.5) == (sharp > 0.5)).all()


@given(st.floats(-1000, 1000, width=32))
def test_sigmoid_is_the_logistic_function_without_overflow(x):
    with np.errstate(over="raise"):
        found = float(sigmoid(np.float32([x]))[0])
    assert found == pytest.approx(1 / (1 + math.exp(-x)) if x > -700 else 0.0, abs=1e-6)
