"""From logits per die to what is present: the numpy side of the pooling that training does in torch."""

import numpy as np
from numpy.typing import NDArray


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn logits into probabilities without overflow.

    Example:
        >>> sigmoid(np.array([-200.0, 0.0, 200.0], dtype=np.float32)).tolist()
        [0.0, 0.5, 1.0]
    """
    e = np.exp(-np.abs(logits))
    probabilities: NDArray[np.float32] = np.where(logits >= 0, 1, e) / (1 + e)
    return probabilities


def pooled_logits(logits: NDArray[np.float32], failing: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Pool each class's logits over the failing dies, every die weighted by the softmax of that class's own logits.

    The softmax lets few convinced dies speak for a class (a scratch is a handful of dies) while all dies keep a say.

    Args:
        logits: float32 (K, H, W), one a die.
        failing: bool (H, W).

    Returns:
        float32 (K,): one logit a class, -inf where no die fails.

    Example:
        >>> logits = np.array([[[0.0, 9.0, 50.0]]], dtype=np.float32)
        >>> pooled_logits(logits, np.array([[True, True, False]])).round(2).tolist()
        [9.0]
    """
    values = logits[:, failing]
    if not values.shape[1]:
        return np.full(len(logits), -np.inf, dtype=np.float32)
    weights = np.exp(values - values.max(axis=1, keepdims=True))
    pooled: NDArray[np.float32] = (weights * values).sum(axis=1) / weights.sum(axis=1)
    return pooled


def presence(
    logits: NDArray[np.float32], failing: NDArray[np.bool_], temperature: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the probability that each class is on the wafer.

    Args:
        logits: float32 (K, H, W), one a die.
        failing: bool (H, W).
        temperature: float32 (K,), what calibration divides the pooled logits by.

    Returns:
        float32 (K,), 0 where no die fails.
    """
    return sigmoid(pooled_logits(logits, failing) / temperature)
