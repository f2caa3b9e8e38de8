"""The part results of one wafer: which count, which pass, and what the wafer's own record counts of them.

A part is tested again in a result of its own, so a die may have several: the last one counts, as it does on the
tester, and the first ones are counted as its first pass. A result may also say that it supersedes the earlier one of
the same PART_ID, as after a step to a wrong die: what that one said of another die is void.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.formats.bins import bin_table
from data.formats.options import ReadOptions
from data.wafer import FAIL, PASS

NO_COORDINATE = -32768
NO_COUNT = 2**32 - 1
_SUPERSEDES, _FAILED, _NO_VERDICT = 0x01, 0x08, 0x10
_PASS_BIN = 1
Row = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Parts:
    """Part results of one wafer, in the order of test.

    Args:
        x: X_COORD of each.
        y: Y_COORD of each.
        hard: hard bin of each.
        soft: soft bin of each.
        flags: PART_FLG of each.
        table: the lot's part results.
        rows: where in that table each stands.
    """

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    hard: NDArray[np.int64]
    soft: NDArray[np.int64]
    flags: NDArray[np.uint8]
    table: pa.Table
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, table: pa.Table) -> "Parts":
        """Take a lot's table of part results as arrays."""
        flags = np.array([(flag or b"\0")[0] for flag in table["PART_FLG"].to_pylist()], dtype=np.uint8)
        x, y, hard, soft = (
            table[name].to_numpy().astype(np.int64) for name in ("X_COORD", "Y_COORD", "HARD_BIN", "SOFT_BIN")
        )
        return cls(x, y, hard, soft, flags, table, np.arange(flags.size))

    def __len__(self) -> int:
        """Return how many results there are."""
        return int(self.flags.size)

    @property
    def placed(self) -> NDArray[np.bool_]:
        """True where a result has coordinates."""
        placed: NDArray[np.bool_] = (self.x != NO_COORDINATE) & (self.y != NO_COORDINATE)
        return placed

    @property
    def dies(self) -> NDArray[np.int64]:
        """One number for each result's die."""
        return (self.x << 17) + self.y

    def chosen(self, which: NDArray[Any]) -> "Parts":
        """Return some of the results, by a mask or by positions."""
        return Parts(
            self.x[which],
            self.y[which],
            self.hard[which],
            self.soft[which],
            self.flags[which],
            self.table,
            self.rows[which],
        )

    def settled(self) -> tuple["Parts", NDArray[np.bool_]]:
        """Return the results, and false for those that a later one of the same PART_ID supersedes at another die.

        One that supersedes and has no coordinates takes those of the result it supersedes.
        """
        if not (self.flags & _SUPERSEDES).any():
            return self, np.ones(len(self), dtype=np.bool_)
        ids = [text.replace("\0", "").strip() for text in self.table["PART_ID"].take(pa.array(self.rows)).to_pylist()]
        x, y, kept = self.x.copy(), self.y.copy(), np.ones(len(self), dtype=np.bool_)
        living: dict[str, dict[tuple[int, int], list[int]]] = {}
        for at, (name, supersedes) in enumerate(zip(ids, (self.flags & _SUPERSEDES).tolist(), strict=True)):
            if not name:
                continue
            die, own = (int(x[at]), int(y[at])), living.setdefault(name, {})
            if supersedes:
                if NO_COORDINATE in die and own:
                    die = next(reversed(own))
                    x[at], y[at] = die
                for void in [other for other in own if other != die]:
                    kept[own.pop(void)] = False
            own.setdefault(die, []).append(at)
        return replace(self, x=x, y=y), kept


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What a wafer's results say.

    Args:
        dies: PASS or FAIL of each result.
        bins: hard or soft bin of each, as asked for.
        unsaid: how many neither a bin record nor the part's flag judges.
        contradicted: how many flags say otherwise than their bin's record.
    """

    dies: NDArray[np.uint8]
    bins: NDArray[np.int64]
    unsaid: int = 0
    contradicted: int = 0


def judged(parts: Parts, soft_bins: Sequence[Row], hard_bins: Sequence[Row], options: ReadOptions) -> Verdicts:
    """Judge results: by the caller's values, else by the bin's record (HBR, else SBR), else by the part's flag.

    Where none says, hard bin 1 passes, as it does in every format.
    """
    bins = parts.soft if options.overlay == "soft" else parts.hard
    if options.off_values or options.pass_values or options.fail_values:
        return Verdicts(_meanings(options)[bins], bins)
    flagged = np.where(parts.flags & _FAILED, FAIL, PASS).astype(np.uint8)
    silent = (parts.flags & _NO_VERDICT) != 0
    dies = np.where(silent, np.where(parts.hard == _PASS_BIN, PASS, FAIL), flagged).astype(np.uint8)
    recorded = np.zeros(len(parts), dtype=np.bool_)
    for kind, numbers, rows in (("SBIN", parts.soft, soft_bins), ("HBIN", parts.hard, hard_bins)):
        table = np.zeros(2**16, dtype=np.uint8)  # the hard bin's word is the last
        for row in rows:
            if row[f"{kind}_PF"] in ("P", "F"):
                table[row[f"{kind}_NUM"]] = PASS if row[f"{kind}_PF"] == "P" else FAIL
        said = table[numbers]
        recorded |= said > 0
        dies = np.where(said > 0, said, dies)
    contradicted = np.count_nonzero(recorded & ~silent & (dies != flagged))
    return Verdicts(dies, bins, int(np.count_nonzero(silent & ~recorded)), int(contradicted))


def _meanings(options: ReadOptions) -> NDArray[np.uint8]:
    """Return what each bin number means; bin 0 is one like the others: each result is of a tested die."""
    table = bin_table(options)
    if 0 not in (*options.off_values, *options.pass_values, *options.fail_values):
        table[0] = PASS if options.fail_values and not options.pass_values else FAIL
    return table


def counts_of(parts: Parts, dies: NDArray[np.uint8], kept: NDArray[np.bool_]) -> dict[str, str]:
    """Count results, for a wafer's attributes; what is 0 is left out.

    Args:
        parts: all results of the wafer.
        dies: PASS or FAIL of each.
        kept: false where a later one supersedes it.
    """
    placed = kept & parts.placed
    dies = dies[placed]
    _, first, times = np.unique(parts.dies[placed], return_index=True, return_counts=True)
    retested = int((times > 1).sum())
    counts = {
        "parts_tested": len(parts),
        "retested_dies": retested,
        "parts_without_coordinates": int(np.count_nonzero(kept & ~parts.placed)),
        "superseded_parts": int(np.count_nonzero(~kept)),
        "parts_without_verdict": int(np.count_nonzero(parts.flags & _NO_VERDICT)),
    }
    said = {key: str(number) for key, number in counts.items() if number}
    if retested:
        said["first_pass_tested"] = str(first.size)
        said["first_pass_passing"] = str(np.count_nonzero(dies[first] == PASS))
    return said


def declared_remarks(
    results: Sequence[Row], parts: Parts, dies: NDArray[np.uint8], kept: NDArray[np.bool_]
) -> list[str]:
    """Compare the counts of a wafer's own records (WRR) with what was read.

    Testers count a die that was tested again once or each time, and a wafer that came back alone or in all; each of
    these is taken as agreement, and so is a record whose counts were never filled in.

    Args:
        results: the wafer's WRRs.
        parts: all of its results.
        dies: PASS or FAIL of each.
        kept: false where a later one supersedes it.

    Returns:
        One sentence for each count that no way of counting gives.
    """
    rows = [row for row in results if row["PART_CNT"] not in (0, NO_COUNT)]
    if not rows:
        return []
    placed = kept & parts.placed
    codes = parts.dies[placed]
    last = np.unique(codes[::-1], return_index=True)[1]
    first = np.unique(codes, return_index=True)[1]
    lost = int(np.count_nonzero(kept & ~parts.placed))
    remarks = []
    if not _declared(rows, "PART_CNT") & {len(parts), codes.size, last.size, last.size + lost}:
        retests = _total(rows, "RTST_CNT")
        if not _declared(rows, "PART_CNT") & {len(parts) - retests, last.size + retests}:
            remarks.append(_remark(rows, "PART_CNT", "parts tested", f"{len(parts)} part results were read"))
    filled = [row for row in rows if row["GOOD_CNT"] or row["FUNC_CNT"] not in (0, NO_COUNT)]
    good = dies == PASS
    final, seen = good[placed][::-1][last], good[placed][first]
    ways = {np.count_nonzero(one) for one in (good, good[placed], final, seen)} | {
        np.count_nonzero(final) + np.count_nonzero(good[kept & ~parts.placed])
    }
    if filled and not _declared(filled, "GOOD_CNT") & ways and NO_COUNT not in _each(filled, "GOOD_CNT"):
        read = f"{np.count_nonzero(final)} dies pass as read"
        remarks.append(_remark(filled, "GOOD_CNT", "good parts", read))
    return remarks


def _each(rows: Iterable[Row], name: str) -> set[int]:
    return {int(row[name]) for row in rows}


def _total(rows: Iterable[Row], name: str) -> int:
    return sum(int(row[name]) for row in rows if row[name] != NO_COUNT)


def _declared(rows: Sequence[Row], name: str) -> set[int]:
    """Return what the records may mean as a count of the wafer: the sum of its visits, or each alone for all."""
    return _each(rows, name) | {_total(rows, name)}


def _remark(rows: Sequence[Row], name: str, of: str, read: str) -> str:
    return f"The wafer's WRR declares {_total(rows, name)} {of} ({name}), {read}."
