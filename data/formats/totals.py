"""What a file says of its own counts, held against the dies that were read from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError
from data.formats.metadata import plain_name
from data.wafer import FAIL, PASS

BIG_SHARE = 0.25
"""Share of the tested dies by which a count may be off before the file is refused."""
_ROUNDED = 0.0051
"""By how much a yield that is written in whole percent differs from the exact one."""
_SPELLINGS = {
    "tested": """tested testeddie testeddies testeddice diestested dietested totaltested totaltesteddie
        totaltesteddies totaltest testcount testedcount total totaldie totaldies totaldice totaldevices totalparts
        totalchips totalchip totalunits totalcount diecount numberofdies numdies partcount""",
    "gross": "gross grossdie grossdies grossdice grosscount totalgross totalgrossdie",
    "passing": """pass passed passing passdie passdies passingdie passingdies passeddies passcount passtotal totalpass
        totalpassed totalpassdie totalpassdies good gooddie gooddies gooddice goodcount goodchip goodchips totalgood
        totalgooddie netgooddie netgood goodparts goodunits goodbincount""",
    "failing": """fail failed failing faildie faildies failingdie failingdies faileddies failcount failtotal totalfail
        totalfailed totalfaildie totalfaildies bad baddie baddies badcount badchip badchips totalbad rejects reject
        rejected rejectcount totalreject totalrejects""",
    "yield": "yield yieldpercent yieldpct waferyield totalyield dieyield passyield testyield finalyield yieldrate",
}
_COUNT_OF = {spelling: count for count, spellings in _SPELLINGS.items() for spelling in spellings.split()}
_SURE = re.compile(r"die|dice|total|count|chip|gross|parts|units|devices")
_COUNT = re.compile(r"([0-9]{1,9})(?:[.,]0{1,4})?(?: ?(?:dies?|dice|pcs|ea|chips?|units?))?", re.IGNORECASE)
_PERCENT = re.compile(r"([0-9]{1,3}(?:[.,][0-9]{1,6})?) ?(%?)")


def count_of(name: str) -> str | None:
    """Recognise a name under which files declare a count of dies, or their yield.

    Returns:
        tested, gross, passing, failing or yield; None for any other name.

    Example:
        >>> count_of("Total Pass"), count_of("Gross Die"), count_of("Yield(%)"), count_of("Lot")
        ('passing', 'gross', 'yield', None)
    """
    return _COUNT_OF.get(plain_name(name))


@dataclass(frozen=True)
class DeclaredTotals:
    """Counts of dies that a file declares; None where it says nothing.

    Args:
        tested: dies with a result.
        passing: dies that pass.
        failing: dies that fail.
        yield_share: passing dies over tested dies, 0 to 1.
    """

    tested: int | None = None
    passing: int | None = None
    failing: int | None = None
    yield_share: float | None = None

    def fits(self, passing: int, failing: int) -> bool:
        """Return whether counts of dies are those that the file declares; true also where it declares none."""
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
        said = [
            f"The file declares {declared} {name} dies, {read} were read." for name, (declared, read) in off.items()
        ]
        if not off and self.yield_share is not None and not self._yield_fits(passing, failing):
            share = passing / max(passing + failing, 1)
            said.append(f"The file declares a yield of {self.yield_share:.1%}, the dies read have {share:.1%}.")
        return tuple(said)

    def _yield_fits(self, passing: int, failing: int) -> bool:
        share = passing / max(passing + failing, 1)
        return self.yield_share is None or abs(self.yield_share - share) <= _ROUNDED


def declared_totals(pairs: Mapping[str, str]) -> DeclaredTotals:
    """Find the counts that a file's header or footer declares.

    A bare word such as "Pass: 2" may number a pass over the wafer: it counts only beside another count. Gross dies may
    be more than were tested: they count as tested where passing and failing dies add up to them, or say nothing.

    Args:
        pairs: names and texts as `header_pairs` gives them.

    Example:
        >>> declared_totals({"Gross Die": "61", "Pass": "57", "Fail": "4", "Yield": "93.4 %"})
        DeclaredTotals(tested=61, passing=57, failing=4, yield_share=0.934)
        >>> declared_totals({"Pass": "2"})
        DeclaredTotals(tested=None, passing=None, failing=None, yield_share=None)
    """
    counts: dict[str, int] = {}
    names: list[str] = []
    share = None
    for name, text in pairs.items():
        kind, text = count_of(name), text.strip()
        if kind == "yield" and (match := _PERCENT.fullmatch(text)):
            number = float(match[1].replace(",", "."))
            percent = bool(match[2]) or number > 1 or "percent" in plain_name(name) or "pct" in plain_name(name)
            share = number / 100 if percent else number
        elif kind and kind != "yield" and (match := _COUNT.fullmatch(text)):
            counts.setdefault(kind, int(match[1]))
            names.append(plain_name(name))
    if len(counts) == 1 and not _SURE.search(names[0]):
        counts = {}
    passing, failing, gross = counts.get("passing"), counts.get("failing"), counts.get("gross")
    tested = counts.get("tested")
    if tested is None and gross is not None and gross == (passing or 0) + (failing or 0):
        tested = gross
    return DeclaredTotals(tested, passing, failing, share if share is not None and share <= 1 else None)
