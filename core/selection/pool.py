"""What selection chooses from, what it may be asked for, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.segmentation.uncertainty import Uncertainty


class Strategy(StrEnum):
    """How wafers are chosen."""

    ENTROPY = "entropy"  # the model is least sure of a pattern
    BALD = "bald"  # its passes disagree most
    MARGIN = "margin"  # two answers are closest
    CORESET = "coreset"  # farthest from all that is labelled or chosen
    HYBRID = "hybrid"  # unsure and far, weighted
    STRATIFIED = "stratified"  # unsure, class by class, with noise that decays from round to round
    TYPICAL = "typical"  # most typical of groups without a label: for the start
    RANDOM = "random"  # what all others are measured against
    RANDOM_FAILING = "random_failing"  # random among wafers that fail more than normal


UNSURE = frozenset({Strategy.ENTROPY, Strategy.BALD, Strategy.MARGIN, Strategy.HYBRID, Strategy.STRATIFIED})
"""Strategies that need `Pool.uncertainties`."""
PLACED = frozenset({Strategy.CORESET, Strategy.HYBRID, Strategy.TYPICAL})
"""Strategies that need `Pool.vectors`."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Wafers without a label.

    Args:
        keys: of the wafers, each once.
        uncertainties: how unsure the model is of each, None where no strategy asks.
        vectors: float32 (N, D), what each looks like, None where no strategy asks.
        labelled: float32 (M, D), what the labelled wafers look like.
        excess: float (N,), failing share less what is normal for the wafer's product, None where nobody asks.
    """

    keys: Sequence[str]
    uncertainties: Sequence[Uncertainty] | None = None
    vectors: NDArray[np.float32] | None = None
    labelled: NDArray[np.float32] | None = None
    excess: NDArray[np.floating] | None = None


@dataclass(frozen=True)
class Pick:
    """A wafer that was chosen.

    Args:
        key: of the wafer.
        score: higher means label first; comparable within one selection only.
        reason: why, in words.
    """

    key: str
    score: float
    reason: str
