"""What a file says of its own counts, held against the dies that were read from it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError
from data.wafer import FAIL, PASS

BIG_SHARE = 0.25
"""Share of the tested dies by which a count may be off before the file is refused."""


@dataclass(frozen=True)
class DeclaredTotals:
    """Counts of dies that a file declares; None where it says nothing.

    Args:
        tested: dies with a result.
        passing: dies that pass.
        failing: dies that fail.
    """

    tested: int | None = None
    passing: int | None = None
    failing: int | None = None

    def remarks(self, dies: NDArray[np.uint8], where: str) -> tuple[str, ...]:
        """Compare what the file declares with what was read.

        Args:
            dies: uint8 (H, W), 0 off-wafer, 1 pass, 2 fail.
            where: file and wafer, for the error.

        Returns:
            One sentence for each count that differs; none where all agree.

        Raises:
            FormatError: a count is off by more than a quarter of the dies, so that the codes were surely misread.

        Example:
            >>> DeclaredTotals(tested=5, failing=1).remarks(np.array([[1, 1, 1, 1, 1, 2]], np.uint8), "lot7.map")
            ('The file declares 5 tested dies, 6 were read.',)
        """
        passing, failing = (int(np.count_nonzero(dies == value)) for value in (PASS, FAIL))
        counts = {
            "tested": (self.tested, passing + failing),
            "passing": (self.passing, passing),
            "failing": (self.failing, failing),
        }
        off = {name: pair for name, pair in counts.items() if pair[0] is not None and pair[0] != pair[1]}
        for name, (declared, read) in off.items():
            if abs(int(declared or 0) - read) > BIG_SHARE * max(passing + failing, declared or 0):
                raise FormatError(
                    where,
                    f"the file declares {declared} {name} dies, {read} were read",
                    "Say which codes pass, fail or hold no die, or export the file again.",
                )
        return tuple(
            f"The file declares {declared} {name} dies, {read} were read." for name, (declared, read) in off.items()
        )
