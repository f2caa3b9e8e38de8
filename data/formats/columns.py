"""Names of die-table columns as testers, scripts and people write them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data.errors import FormatError

_SPELLINGS = {
    "x": """x diex xcoord xcoordinate xindex xloc xpos colx col column diecol diecolumn columnindex colindex
        xdie coordx indexx partx chipx""",
    "y": "y diey ycoord ycoordinate yindex yloc ypos rowy row dierow rowindex ydie coordy indexy party chipy",
    "result": "passfail pf result testresult verdict status diestatus pass passed ispass good",
    "fails": "fail failed isfail failing defect defective isdefective bad",
    "bin": """bin binnumber binno binnum bincode diebin binid binvalue hardbin hbin hbinnum hb hwbin binhard softbin
        sbin sbinnum sb swbin binsoft value dievalue die code""",
}
COLUMN_ALIASES = {role: tuple(spellings.split()) for role, spellings in _SPELLINGS.items()}


@dataclass(frozen=True)
class Columns:
    """Which column of a table holds what, by the table's own names; None where it has none."""

    x: str
    y: str
    result: str | None
    fails: str | None
    bin: str | None

    def used(self) -> tuple[str, ...]:
        """All columns that say something about a die."""
        return tuple(name for name in (self.x, self.y, self.result, self.fails, self.bin) if name)


def find_columns(names: Sequence[str], where: str) -> Columns:
    """Recognise the die columns of a table; where several could serve, the first spelling in the list above does.

    Raises:
        FormatError: a coordinate, or every column that tells pass from fail, is missing.

    Example:
        >>> find_columns(["Lot", "DieX", "die_y", "HARD_BIN"], "a.csv").used()
        ('DieX', 'die_y', 'HARD_BIN')
    """
    plain = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in reversed(names)}
    found = {
        role: next((plain[spelling] for spelling in spellings if spelling in plain), None)
        for role, spellings in COLUMN_ALIASES.items()
    }
    if found["x"] is None or found["y"] is None or not (found["bin"] or found["result"] or found["fails"]):
        seen = ", ".join(names)[:200] or "none"
        raise FormatError(
            where, f"expected columns for x, y and bin (or pass_fail), found {seen}", "Rename them to x, y and bin."
        )
    return Columns(found["x"], found["y"], found["result"], found["fails"], found["bin"])
