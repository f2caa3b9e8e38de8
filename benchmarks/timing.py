"""Timing calls in turns, and the rows of the table."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

WARM_UP = 2


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        work: what was done.
        measured: what came out, with its unit.
        reach: what it is to reach.
        ratio: measured against that, 1 or more is reached; NaN where nothing could be measured.
    """

    work: str
    measured: str
    reach: str
    ratio: float


def in_turns(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Time calls one after another, round by round, so that a busy machine slows all alike.

    Args:
        calls: what to time, by name.
        rounds: how often; two more go before that are not counted.

    Returns:
        Milliseconds of each round, by name.
    """
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for i in range(-WARM_UP, rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            if i >= 0:
                spent[name].append((time.perf_counter() - started) * 1000)
    return spent


def at_most(work: str, found: float, limit: float, unit: str) -> Row:
    """Make a row of something that is better when smaller."""
    return Row(work, f"{found:,.3g} {unit}", f"{limit:,.6g} {unit} or less", limit / found if found else float("inf"))


def at_least(work: str, found: float, limit: float, unit: str) -> Row:
    """Make a row of something that is better when larger."""
    return Row(work, f"{found:,.3g} {unit}", f"{limit:,.6g} {unit} or more", found / limit)


def left_out(work: str, reason: str, reach: str) -> Row:
    """Make a row of something that could not be measured."""
    return Row(work, f"not measured: {reason}", reach, float("nan"))


def memory_peak(process: int | str = "self") -> float:
    """Most memory that a process ever held, MiB; NaN where the system does not tell, as of one that has ended.

    The usage that a parent is told of would not do: it counts what the parent itself held when it started the process.
    """
    return _memory(process, "VmHWM")


def memory_now(process: int | str = "self") -> float:
    """Memory that a process holds, MiB; NaN where the system does not tell."""
    return _memory(process, "VmRSS")


def _memory(process: int | str, name: str) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
    return float("nan")


def p95(milliseconds: Sequence[float]) -> float:
    """Time that one call in twenty exceeds."""
    return float(np.percentile(milliseconds, 95))


def markdown(rows: Sequence[Row]) -> str:
    """Lay rows out as a markdown table.

    Example:
        >>> print(markdown([at_most("one wafer", 60, 120, "ms")]).splitlines()[-1])
        | one wafer | 60 ms | 120 ms or less | 2.00 |
    """
    lines = ["| work | measured | reach | ratio (1 or more is reached) |", "|---|---|---|---|"]
    for row in rows:
        ratio = "-" if np.isnan(row.ratio) else f"{row.ratio:.2f}"
        lines.append(f"| {row.work} | {row.measured} | {row.reach} | {ratio} |")
    return "\n".join(lines)
