"""Names of die-table columns as testers, scripts and people write them."""

from collections.abc import Sequence
from dataclasses import dataclass

from data.errors import FormatError
from data.formats.metadata import plain_name
from data.formats.own_exports import is_die_table

_SPELLINGS = {
    "x": """x diex xcoord xcoordinate xindex xloc xpos colx col column diecol diecolumn columnindex colindex
        xdie coordx indexx partx chipx xaddress xaddr xadr diexcoord diexcoordinate dicex xdice coordinatex dieindexx
        posx""",
    "y": """y diey ycoord ycoordinate yindex yloc ypos rowy row dierow rowindex ydie coordy indexy party chipy
        yaddress yaddr yadr dieycoord dieycoordinate dicey ydice coordinatey dieindexy posy""",
    "result": """passfail pf result testresult verdict status diestatus pass passed ispass good passorfail passfailflag
        passfg pfflag""",
    "fails": "fail failed isfail failing defect defective isdefective bad",
    "bin": """bin binnumber binno binnum bincode diebin binid binvalue hardbin hbin hbinnum hb hwbin binhard
        hardbinnumber hardbinno hardbinnum hbinno hbinnumber hardwarebin hwbinnum softbin sbin sbinnum sb swbin binsoft
        softbinnumber softbinno softbinnum sbinno sbinnumber softwarebin swbinnum testbin finalbin""",
    "code": "value dievalue code",
    "test": """test testid testnum testnumber testno tnum testname testtxt testtext parameter parametername param
        paramname testitem""",
    "measured": "measured measurement measuredvalue testvalue meas reading resultvalue",
    "low": "lsl lowlimit lowerlimit lolimit limitlow ll lowerspec lowspec lowerspeclimit lolim lowlim minlimit",
    "high": "usl highlimit upperlimit hilimit limithigh ul hl upperspec highspec upperspeclimit hilim highlim maxlimit",
}
COLUMN_ALIASES = {role: tuple(spellings.split()) for role, spellings in _SPELLINGS.items()}
_VALUES = ("value", "result", "testresult")
"""Names that hold a measurement where a row is a test, and a bin or a result where a row is a die."""
_FEWEST = 3


@dataclass(frozen=True)
class Columns:
    """Which column of a table holds what, by the table's own names; None where it has none.

    Args:
        x: column of the die.
        y: row of the die.
        result: pass or fail.
        fails: the opposite.
        bin: number of the bin.
        code: a bin under a name that also stands for measurements: taken only where its values are few.
        tests: what names the test of a row, of a table of a row a test.
        measured: what that test measured.
        low: its lower limit.
        high: its upper limit.
    """

    x: str
    y: str
    result: str | None = None
    fails: str | None = None
    bin: str | None = None
    code: str | None = None
    tests: tuple[str, ...] = ()
    measured: str | None = None
    low: str | None = None
    high: str | None = None

    def used(self) -> tuple[str, ...]:
        """All columns that say something about a die."""
        named = (self.x, self.y, self.result, self.fails, self.bin, self.code, self.measured, self.low, self.high)
        return tuple(name for name in (*named, *self.tests) if name)

    def judged(self) -> tuple[str, ...]:
        """Columns of which one must be filled for a die to have a result."""
        return tuple(name for name in (self.result, self.fails, self.bin, self.code, self.measured) if name)


def find_columns(names: Sequence[str], where: str) -> Columns:
    """Recognise the die columns of a table; where several could serve, the first spelling in the list above does.

    Raises:
        FormatError: a coordinate, or every column that tells pass from fail, is missing.

    Example:
        >>> find_columns(["Lot", "DieX", "die_y", "HARD_BIN"], "a.csv").used()
        ('DieX', 'die_y', 'HARD_BIN')
    """
    columns = known_columns(names)
    if columns is None:
        seen = ", ".join(names[:40])[:200] or "none"
        raise FormatError(
            where, f"expected columns for x, y and bin (or pass_fail), found {seen}", "Rename them to x, y and bin."
        )
    return columns


def known_columns(names: Sequence[str]) -> Columns | None:
    """Recognise the die columns of a table as `find_columns` does; None where these names are no table's of dies."""
    if len(names) < _FEWEST:
        return None
    if is_die_table(names):  # x and y count as the tester does, row and column as the grid lies
        return Columns("column", "row", result="result", bin="bin")
    plain = {plain_name(name): name for name in reversed(names)}
    found = {
        role: next((plain[spelling] for spelling in spellings if spelling in plain), None)
        for role, spellings in COLUMN_ALIASES.items()
    }
    x, y, limited = found["x"], found["y"], found["low"] or found["high"]
    if x is None or y is None:
        return None
    tests = tuple(plain[spelling] for spelling in COLUMN_ALIASES["test"] if spelling in plain)
    result = found["result"]
    measured = None
    if tests and limited:
        measured = found["measured"] or next((plain[name] for name in _VALUES if name in plain), None)
        result = None if result == measured else result
    known = {"result": result, "fails": found["fails"], "bin": found["bin"]}
    if not any(known.values()) and not tests:
        known["code"] = found["code"]
    if not any(known.values()) and measured:
        return Columns(x, y, tests=tests, measured=measured, low=found["low"], high=found["high"])
    return Columns(x, y, **known, tests=tests) if any(known.values()) else None
