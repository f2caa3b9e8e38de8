"""A network of two layers in numpy: small enough to be trained hundreds of times in minutes on one core."""

import numpy as np
from numpy.typing import NDArray

from core.segmentation.presence import sigmoid
from data.classes import CLASS_COUNT

HIDDEN, BATCH = 64, 256
DROPPED, RATE, DECAY, STEPS = 0.3, 1e-2, 1e-4, 400
BETAS, EPSILON = (0.9, 0.99), 1e-8
Weights = list[NDArray[np.float32]]


class SmallHead:
    """A trained network; called, it gives probabilities, as `core.active_learning.simulation.Trained` says."""

    def __init__(self, weights: Weights, seed: int) -> None:
        self._weights = weights
        self._seed = seed

    def __call__(self, rows: NDArray[np.float32], passes: int) -> NDArray[np.float32]:
        """Return probabilities (passes, R, 8) with dropout; of 0 passes (1, R, 8) without."""
        first, bias, second, bias2 = self._weights
        hidden = np.maximum(rows @ first + bias, 0)
        if not passes:
            return sigmoid(hidden @ second + bias2)[None]
        rng = np.random.default_rng(self._seed)
        return np.stack([sigmoid(_drop(hidden, rng)[0] @ second + bias2) for _ in range(passes)])


def fit_head(rows: NDArray[np.float32], labels: NDArray[np.float32], seed: int, *, steps: int = STEPS) -> SmallHead:
    """Train a network, for as many steps whatever the number of rows.

    Args:
        rows: float32 (R, F), standardised.
        labels: float32 (R, 8) of 0, 1, NaN where nobody knows.
        seed: of weights, batches and dropout.
        steps: of Adam, the rate falling to 0 along half a cosine.

    Source: Kingma and Ba, "Adam", ICLR 2015.
    """
    rng = np.random.default_rng(seed)
    width = rows.shape[1]
    weights = [
        rng.normal(0, np.sqrt(2 / width), (width, HIDDEN)),
        np.zeros(HIDDEN),
        rng.normal(0, np.sqrt(1 / HIDDEN), (HIDDEN, CLASS_COUNT)),
        np.full(CLASS_COUNT, -1.0),
    ]
    weights = [w.astype(np.float32) for w in weights]
    means, squares = ([np.zeros_like(w) for w in weights] for _ in range(2))
    for step in range(1, steps + 1):
        some = rng.integers(len(rows), size=BATCH)
        gradients = _gradients(weights, rows[some], labels[some], rng)
        rate = np.float32(RATE * (1 + np.cos(np.pi * step / steps)) / 2)
        for w, g, m, s in zip(weights, gradients, means, squares, strict=True):
            m += (1 - BETAS[0]) * (g - m)
            s += (1 - BETAS[1]) * (g * g - s)
            slope = (m / (1 - BETAS[0] ** step)) / (np.sqrt(s / (1 - BETAS[1] ** step)) + EPSILON)
            w -= (rate * (slope + DECAY * w)).astype(np.float32)
    return SmallHead(weights, seed)


def _gradients(
    weights: Weights,
    rows: NDArray[np.float32],
    labels: NDArray[np.float32],
    rng: np.random.Generator,
    dropped: float = DROPPED,
) -> Weights:
    """Gradients of the mean cross-entropy over what is known."""
    first, bias, second, bias2 = weights
    before = rows @ first + bias
    hidden, kept = _drop(np.maximum(before, 0), rng, dropped)
    known = ~np.isnan(labels)
    wrong = np.where(known, sigmoid(hidden @ second + bias2) - np.nan_to_num(labels), 0) / max(1, int(known.sum()))
    wrong *= CLASS_COUNT  # a mean over rows of the sum over classes
    back = (wrong @ second.T) * kept * (before > 0)
    return [rows.T @ back, back.sum(axis=0), hidden.T @ wrong, wrong.sum(axis=0)]


def _drop(
    hidden: NDArray[np.float32], rng: np.random.Generator, dropped: float = DROPPED
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    kept = np.where(rng.random(hidden.shape, dtype=np.float32) >= dropped, 1 / (1 - dropped), 0).astype(np.float32)
    return hidden * kept, kept
