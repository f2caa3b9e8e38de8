"""Which tests a wafer has: runs that arrive are told apart by step, program and time, and retests are merged.

Each run, as a file holds it, stays a row of its own; where retests belong to one, the merged test is a row beside them.
The row with the highest sequence of a key is the one that is shown, so the newest test is written last.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from core.lake.rows import digest, fingerprint
from data.retests import holds, is_retest, merge_runs
from data.wafer import WaferMap


@dataclass(frozen=True, eq=False)
class RunRow:
    """A row of `wafers` to be, or as it is.

    Args:
        wafer: a run, or the merge of some.
        test: number of the test, unique within the wafer; None in rows that are older than tests.
        merged_from: fingerprints of the runs that are merged here, none where this is a run.
        kept_as: fingerprint of the wafer as the lake holds it; None where it does not.
    """

    wafer: WaferMap
    test: int | None
    merged_from: tuple[int, ...] = ()
    kept_as: int | None = None

    @property
    def fingerprint(self) -> int:
        """Fingerprint of the wafer."""
        return fingerprint(self.wafer) if self.kept_as is None else self.kept_as


@dataclass(frozen=True)
class Arrival:
    """what runs of one wafer come to as they arrive.

    Args:
        rows: to append, in this order.
        new: how many of the runs were new or changed.
        said: a sentence for each run that met an earlier test.
    """

    rows: tuple[RunRow, ...]
    new: int
    said: tuple[str, ...]


def test_number(wafer: WaferMap) -> int:
    """Number under which a run that arrives is kept: of its step, program, times and file."""
    said = (wafer.step, wafer.test_program, str(wafer.started_at), str(wafer.tested_at), wafer.source_sha256)
    return digest(json.dumps(said).encode())


def take_in(held: Sequence[RunRow], arriving: Sequence[WaferMap]) -> Arrival:
    """Find what to append so that every run of a wafer is kept once, retests are merged and the newest test is shown.

    Args:
        held: rows of the wafer in the lake, the one of the highest sequence last.
        arriving: its runs that arrive, in their order.
    """
    runs = [row for row in held if not row.merged_from]
    new = list[RunRow]()
    merges = {row.fingerprint for row in held if row.merged_from}
    for wafer in arriving:
        run = None if fingerprint(wafer) in merges else _placed(runs, wafer)
        if run is not None:
            new.append(run)
    new = [run for run in new if run in runs]  # one that was replaced at once counts no more
    if not new:
        return Arrival((), 0, ())
    tests = _tests(runs)
    merged = [test.row for test in tests if len(test.runs) > 1]
    known = {(row.test, row.fingerprint, row.merged_from) for row in held}
    rows = [*new, *(row for row in merged if (row.test, row.fingerprint, row.merged_from) not in known)]
    rows = _newest_last(rows, tests, runs)
    said = tuple(sentence for run in new if (sentence := _said(run, tests)))
    return Arrival(tuple(rows), len(new), said)


@dataclass(frozen=True, eq=False)
class _Test:
    """The runs of one test, in the order of their times, and its row."""

    runs: tuple[RunRow, ...]
    row: RunRow
    unaligned: bool = False


def _newest_last(rows: Sequence[RunRow], tests: Sequence[_Test], runs: Sequence[RunRow]) -> list[RunRow]:
    """Put of each step that arrives the newest test behind its others, and the one that is shown behind all."""
    ordered = list(rows)
    for step in (*dict.fromkeys(row.wafer.step for row in rows), None):
        newest = _newest([test for test in tests if step is None or test.row.wafer.step == step], runs).row
        last = [row for row in ordered if step is None or row.wafer.step == step][-1]
        if last.test != newest.test:
            ordered = [*(row for row in ordered if row.test != newest.test), newest]
    return ordered


def _placed(runs: list[RunRow], wafer: WaferMap) -> RunRow | None:
    """Put a run among those known, in place of the one that it is a new reading of; None where it says nothing new."""
    print_ = fingerprint(wafer)
    if any(run.fingerprint == print_ for run in runs):
        return None
    for place, run in enumerate(runs):
        if not _same_run(run.wafer, wafer):
            continue
        if run.wafer.source_sha256 != wafer.source_sha256 and not holds(wafer, run.wafer):
            return None  # an earlier state of a file that has grown since
        runs[place] = RunRow(wafer, run.test)
        return runs[place]
    runs.append(RunRow(wafer, test_number(wafer)))
    return runs[-1]


def _same_run(one: WaferMap, other: WaferMap) -> bool:
    """Whether two maps are of one run: a file read anew, or one that has grown between two readings."""
    if one.source_sha256 != other.source_sha256:
        begun = one.started_at is not None and one.started_at == other.started_at
        return begun and _insertion(one) == _insertion(other) and (holds(one, other) or holds(other, one))
    names = ("step", "test_program", "started_at")
    if any(_differ(getattr(one, name), getattr(other, name)) for name in names):
        return False
    same_dies = bool(one.source_sha256) and np.array_equal(one.dies, other.dies)
    return same_dies or not _differ(one.tested_at, other.tested_at)


def _differ(one: object, other: object) -> bool:
    """Whether both are known and not the same."""
    return bool(one) and bool(other) and one != other


def _insertion(wafer: WaferMap) -> tuple[str, str]:
    return wafer.step, wafer.test_program


def _moment(run: RunRow) -> datetime | None:
    return run.wafer.tested_at or run.wafer.started_at


def _in_order(runs: Sequence[RunRow]) -> list[RunRow]:
    """Runs by their times where all are known, else as they arrived."""
    moments = [_moment(run) for run in runs]
    known = [moment for moment in moments if moment is not None]
    return sorted(runs, key=lambda run: _moment(run) or known[0]) if len(known) == len(runs) else list(runs)


def _tests(runs: Sequence[RunRow]) -> list[_Test]:
    """Group runs: a retest belongs to the test of its step and program before it."""
    found = list[_Test]()
    newest = dict[tuple[str, str], int]()
    for run in _in_order(runs):
        insertion = _insertion(run.wafer)
        before = found[newest[insertion]] if insertion in newest else None
        again = before is not None and is_retest(run.wafer, before.row.wafer)
        if before is not None and again:
            together = (*before.runs, run)
            merged = merge_runs([one.wafer for one in together])
            if merged is not None:
                number = digest(repr(("merged", together[0].test)).encode())
                row = RunRow(merged, number, tuple(one.fingerprint for one in together))
                found[newest[insertion]] = _Test(together, row)
                continue
        if not again:
            newest[insertion] = len(found)  # a retest that cannot be laid upon its test does not take its place
        found.append(_Test((run,), run, unaligned=again))
    return found


def _newest(tests: Sequence[_Test], runs: Sequence[RunRow]) -> _Test:
    """The test that is shown: the one of the last run, but for retests that cannot be laid upon theirs."""
    order = {id(run): number for number, run in enumerate(_in_order(runs))}
    whole = [test for test in tests if not test.unaligned]
    return max(whole, key=lambda test: order[id(test.runs[-1])])


def _said(run: RunRow, tests: Sequence[_Test]) -> str:
    """What became of a run that met other tests of its wafer; "" where it met none."""
    test = next(test for test in tests if run in test.runs)
    key = run.wafer.key
    if len(test.runs) > 1:
        later = test.runs[1:] if run is test.runs[0] else (run,)
        return f"merged {sum(one.wafer.tested_count for one in later):,} retested dies into {key}"
    others = ", ".join(dict.fromkeys(_name(other, run) for other in tests if other is not test))
    if test.unaligned:
        shape = " × ".join(str(size) for size in run.wafer.dies.shape)
        return (
            f"{key}: a retest of {run.wafer.tested_count:,} dies is kept beside {others}: its grid of {shape} dies "
            "cannot be laid upon the first one's, since no die coordinates say where it lies"
        )
    return f"{key}: {_name(test, None)} is kept beside {others}" if others else ""


def _name(test: _Test, beside: RunRow | None) -> str:
    """What to call a test: by its step or program, and its time where that does not tell it from another."""
    wafer = test.row.wafer
    name = wafer.step or wafer.test_program
    if name and beside is not None and _insertion(beside.wafer) != _insertion(wafer):
        return name
    moment = _moment(test.row)
    when = f"{moment:%Y-%m-%d %H:%M}" if moment else f"{wafer.tested_count:,} dies"
    return f"{name} of {when}" if name else f"the test of {when}"
