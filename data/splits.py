"""Splits that never leak: a wafer's side depends on its name and the seed alone."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def held_out(names: Sequence[str], share: float, seed: int) -> NDArray[np.bool_]:
    """Mark a share of the names, the same ones whatever else is in the list.

    Args:
        names: what to split by: lots where lots are known, so that a lot stays on one side.
        share: 0 to 1.
        seed: another seed marks others.

    Returns:
        bool (len(names),).

    Example:
        >>> bool((held_out(["L1", "L2", "L1"], 0.5, 7)[[0]] == held_out(["L1"], 0.5, 7)).all())
        True
    """
    digests = (hashlib.sha256(f"{seed}:{name}".encode()).digest() for name in names)
    return np.array([int.from_bytes(d[:8], "big") / 2**64 < share for d in digests], dtype=bool)
