"""What a file says of its own counts, held against the dies that were read from it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError
from data.wafer import FAIL, PASS

BIG_SHARE = 0.25
"""Share of the tested dies by which a count may be off before the file is refused."""
_YIELD_STEP = 1.0
"""Percent by which a declared yield may differ from the counts: files round it, or cut its digits off."""


@dataclass(frozen=True)
class DeclaredTotals:
    """Counts of dies that a file declares; None where it says nothing.

    Args:
        tested: dies with a result.
        passing: dies that pass.
        failing: dies that fail.
        yield_percent: passing dies over tested dies, in percent.
    """

    tested: int | None = None
    passing: int | None = None
    failing: int | None = None
    yield_percent: float | None = None

    def fits(self, passing: int, failing: int) -> bool:
        """Tell whether counts are those that the file declares; true also where it declares none."""
        pairs = ((self.tested, passing + failing), (self.passing, passing), (self.failing, failing))
        return all(declared in (None, read) for declared, read in pairs) and self._yield_fits(passing, failing)

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
        if self == DeclaredTotals():
            return ()
        passing, failing = (int(np.count_nonzero(dies == value)) for value in (PASS, FAIL))
        tested = passing + failing
        counts = {
            "tested": (self.tested, tested),
            "passing": (self.passing, passing),
            "failing": (self.failing, failing),
        }
        off = {name: pair for name, pair in counts.items() if pair[0] is not None and pair[0] != pair[1]}
        for name, (declared, read) in off.items():
            if abs(int(declared or 0) - read) > BIG_SHARE * max(tested, declared or 0):
                raise _far_off(f"{declared} {name} dies, {read} were read", where)
        said = [
            f"The file declares {declared} {name} dies, {read} were read." for name, (declared, read) in off.items()
        ]
        if not self._yield_fits(passing, failing) and self.yield_percent is not None:
            read_yield = 100 * passing / max(tested, 1)
            words = f"a yield of {self.yield_percent:g} %, the dies read have {read_yield:.1f} %"
            if abs(self.yield_percent - read_yield) > 100 * BIG_SHARE:
                raise _far_off(words, where)
            said.append(f"The file declares {words}.")
        return tuple(said)

    def _yield_fits(self, passing: int, failing: int) -> bool:
        tested = max(passing + failing, 1)
        return self.yield_percent is None or abs(self.yield_percent - 100 * passing / tested) < _YIELD_STEP


def _far_off(problem: str, where: str) -> FormatError:
    remedy = "Say which codes pass, fail or hold no die, or export the file again."
    return FormatError(where, f"the file declares {problem}", remedy)
