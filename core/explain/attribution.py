"""What an answer rests on, however that was found out."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

DRIVING_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Attribution:
    """Which failing dies an answer rests on.

    Args:
        evidence: float64 (H, W), share of all evidence for the answer that each failing die carries; they sum to 1.
            NaN where a die does not fail; all 0 where there is none.
    """

    evidence: NDArray[np.float64]

    @property
    def driving(self) -> NDArray[np.bool_]:
        """Fewest dies that carry half of the evidence, bool (H, W)."""
        flat = np.nan_to_num(self.evidence).ravel()
        order = np.argsort(-flat, kind="stable")
        taken = int(np.searchsorted(np.cumsum(flat[order]), DRIVING_SHARE * flat.sum() - 1e-12)) + 1
        chosen = np.zeros(flat.size, dtype=bool)
        chosen[order[:taken]] = flat[order[:taken]] > 0
        return chosen.reshape(self.evidence.shape)

    def within(self, dies: NDArray[np.bool_]) -> Self:
        """Return the same of some dies alone, bool (H, W): shares of the evidence that lies on them."""
        evidence = np.nan_to_num(self.evidence) * dies
        return replace(self, evidence=shared_out(evidence, ~np.isnan(self.evidence)))

    def share_on(self, dies: NDArray[np.bool_]) -> float:
        """Return the share of the evidence, 0 to 1, that some dies carry, bool (H, W)."""
        return float(np.nansum(self.evidence[dies]))


def shared_out(amounts: NDArray[np.float64], failing: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Turn amounts (H, W), none negative, into the shares of failing dies that an attribution holds.

    Example:
        >>> shared_out(np.array([[3.0, 1.0, 4.0]]), np.array([[True, True, False]]))
        array([[0.75, 0.25,  nan]])
    """
    total = amounts[failing].sum()
    return np.where(failing, amounts / total if total > 0 else 0.0, np.nan)
