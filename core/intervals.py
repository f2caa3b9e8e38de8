"""Intervals of shares: how far the truth may lie from what was counted."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z95 = 1.959963984540054
"""Standard normal deviate of a two-sided 95 % interval."""

Reals = NDArray[np.float64]


def wilson(count: ArrayLike, total: ArrayLike) -> tuple[Reals, Reals]:
    """Give the 95 % interval of count / total; NaN where the total is 0.

    Args:
        count: successes, of any shape.
        total: trials, of the same shape.

    Returns:
        Lower and upper end, 0 to 1.

    Example:
        >>> low, high = wilson(1, 10)
        >>> round(float(low), 3), round(float(high), 3)
        (0.018, 0.404)

    Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    k, n = np.asarray(count, dtype=np.float64), np.asarray(total, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = (k + Z95**2 / 2) / (n + Z95**2)
        half = Z95 / (n + Z95**2) * np.sqrt(k * (n - k) / n + Z95**2 / 4)
        # At none and all the ends are 0 and 1 exactly; rounding would miss them by a hair.
        return np.where(k == 0, 0.0 * half, middle - half), np.where(k == n, 1.0 + 0.0 * half, middle + half)


def newcombe(count_a: int, total_a: int, count_b: int, total_b: int) -> tuple[float, float]:
    """Give the 95 % interval of the difference of two shares, A minus B; NaN where a total is 0.

    Newcombe, Interval estimation for the difference between independent proportions, method 10, Stat. Med. 17 (1998).

    Example:
        >>> low, high = newcombe(56, 70, 48, 80)
        >>> round(low, 4), round(high, 4)
        (0.0524, 0.3339)
    """
    if not total_a or not total_b:
        return float("nan"), float("nan")
    a, b = count_a / total_a, count_b / total_b
    (low_a, high_a), (low_b, high_b) = wilson(count_a, total_a), wilson(count_b, total_b)
    low = a - b - np.hypot(a - low_a, high_b - b)
    high = a - b + np.hypot(high_a - a, b - low_b)
    return float(low), float(high)
