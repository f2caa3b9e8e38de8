"""How unsure a model is, from probabilities alone: per die, and per wafer over the uncertain dies.

Every measure is 0 for a model that is sure. Entropies are of yes or no for each class, in bits.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.classes import CLASS_KEYS

REGION_SHARE = 0.5
"""Of the largest uncertainty on a wafer: dies from there on are its uncertain region."""
LEAST_DIES = 5
"""A smaller region counts as if it had so many dies, the missing ones certain: one odd die is no pattern."""


@dataclass(frozen=True, eq=False)
class Decomposition:
    """Uncertainty and its two parts; total = aleatoric + epistemic.

    Args:
        total: float32 (8, ...), entropy of the mean answer, 0 to 1 bit.
        aleatoric: what every pass is unsure of by itself: the dies are ambiguous, more labels help little.
        epistemic: what the passes disagree on (BALD): the model has not learnt this yet, labels help.
    """

    total: NDArray[np.float32]
    aleatoric: NDArray[np.float32]
    epistemic: NDArray[np.float32]


@dataclass(frozen=True)
class Uncertainty:
    """How unsure the model is of one wafer.

    Args:
        key: of the wafer.
        entropy: of the class most uncertain, mean over its uncertain region, 0 to 1 bit.
        aleatoric: part of that which more labels cannot take away.
        epistemic: the rest.
        bald: what the passes disagree on most, mean over that region, 0 to 1 bit.
        margin: 1 less the lead of the likeliest answer for a die over the next, mean over its region, 0 to 1.
        by_class: entropy of each class over its own region.
        dies: dies of the region of the class most uncertain.
        failing: dies that fail on the wafer.
    """

    key: str
    entropy: float
    aleatoric: float
    epistemic: float
    bald: float
    margin: float
    by_class: tuple[float, ...]
    dies: int
    failing: int

    @property
    def most_uncertain(self) -> str:
        """Key of the class most uncertain."""
        return CLASS_KEYS[int(np.argmax(self.by_class))]


def binary_entropy(probabilities: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the entropy of yes or no, in bits.

    Args:
        probabilities: of yes, any shape.

    Example:
        >>> binary_entropy(np.array([0.0, 0.5, 1.0])).tolist()
        [0.0, 1.0, 0.0]
    """
    p = np.asarray(probabilities, dtype=np.float32)
    q = 1 - p
    return np.asarray(0 - (p * np.log2(np.where(p > 0, p, 1)) + q * np.log2(np.where(q > 0, q, 1))), dtype=np.float32)


def split(samples: NDArray[np.float32]) -> Decomposition:
    """Split uncertainty into what the dies leave open and what the model does not know.

    Args:
        samples: float32 (T, 8, ...), probabilities of every pass.

    Example:
        >>> passes = np.array([[[0.0]], [[1.0]]], dtype=np.float32)  # sure each time, and of the contrary
        >>> found = split(passes)
        >>> found.total.item(), found.aleatoric.item(), found.epistemic.item()
        (1.0, 0.0, 1.0)

    Source: Houlsby et al., "Bayesian Active Learning for Classification", 2011; Kendall and Gal, NeurIPS 2017.
    """
    total = binary_entropy(samples.mean(axis=0))
    # Entropy is concave, so the mean is never above; rounding may say otherwise by 1e-7.
    aleatoric = np.minimum(binary_entropy(samples).mean(axis=0), total)
    return Decomposition(total, aleatoric, total - aleatoric)


def lead(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for every die how far the likeliest answer is ahead of the next, 0 to 1.

    The answers are the eight classes and "none of them", which is as likely as the likeliest class is not.

    Args:
        probabilities: float32 (8, ...).
    """
    none = 1 - probabilities.max(axis=0, keepdims=True)
    ranked = np.sort(np.concatenate([probabilities, none]), axis=0)
    return np.asarray(ranked[-1] - ranked[-2], dtype=np.float32)


def region(uncertainty: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mark the uncertain region: dies with at least half of the largest uncertainty.

    Args:
        uncertainty: float32 (n,), of the failing dies.
    """
    least = max(REGION_SHARE * float(uncertainty.max(initial=0)), float(np.finfo(np.float32).tiny))
    return np.asarray(uncertainty >= least)


def over_region(values: NDArray[np.float32], inside: NDArray[np.bool_]) -> float:
    """Return the mean of values over a region; one of fewer than five dies counts as five.

    Dies elsewhere do not enter, so a small pattern uncertain is not drowned by a large wafer, nor outdone by a little
    uncertainty all over it.

    Example:
        >>> over_region(np.array([1.0, 1.0, 0.0], dtype=np.float32), np.array([True, True, False]))
        0.4
    """
    return float(values[inside].sum(dtype=np.float64)) / max(int(inside.sum()), LEAST_DIES)


def uncertainty(key: str, samples: NDArray[np.float32], failing: NDArray[np.bool_]) -> Uncertainty:
    """Measure how unsure the model is of a wafer; only failing dies can belong to a pattern, so only they count.

    Args:
        key: of the wafer.
        samples: float32 (T, 8, H, W), probabilities of every pass; of a single one the epistemic part is 0.
        failing: bool (H, W).
    """
    seen = samples[:, :, failing]
    found = split(seen)
    regions = [region(total) for total in found.total]
    by_class = [over_region(total, inside) for total, inside in zip(found.total, regions, strict=True)]
    k = int(np.argmax(by_class))
    close = 1 - lead(seen.mean(axis=0))
    return Uncertainty(
        key,
        by_class[k],
        over_region(found.aleatoric[k], regions[k]),
        over_region(found.epistemic[k], regions[k]),
        max(over_region(part, region(part)) for part in found.epistemic),
        over_region(close, region(close)),
        tuple(by_class),
        int(regions[k].sum()),
        int(failing.sum()),
    )
