"""Several runs over one wafer as one test: the last result of each die counts, the first pass is told beside it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data.orientation import DIE_AXES, axes_text, axis_directions, die_coordinates
from data.wafer import MAX_GRID, OFF_WAFER, PASS, WaferMap

RETEST_CODE, RETESTED = "retest_code", "retested_dies"
FIRST_TESTED, FIRST_PASSING, RETEST_FILES = "first_pass_tested", "first_pass_passing", "retest_files"
_PARTS = "parts_tested"
_NOT_A_RETEST = {"", "0", "n", "no"}

Places = tuple[NDArray[np.intp], NDArray[np.intp]]


def is_retest(run: WaferMap, before: WaferMap) -> bool:
    """Say whether a later run over a wafer tests some of its dies again, rather than all of them anew.

    It does where its file says so, or where it has fewer dies than the test before. A map that does not know its
    passing dies tells no results to put in place of others.

    Args:
        run: the later one, of the same step and program.
        before: the test so far.
    """
    if not (run.passing_known and before.passing_known):
        return False
    told = run.attributes.get(RETEST_CODE, "").strip().lower() not in _NOT_A_RETEST
    return told or run.tested_count < before.tested_count


def merge_runs(runs: Sequence[WaferMap]) -> WaferMap | None:
    """Merge the runs of one test die by die: of each die the last result counts.

    Grids are laid upon each other by the coordinates that the files give their dies; where a file names none, only
    grids of one shape fit. What is known of the wafer is the first run's, the end of test the last one's.

    Args:
        runs: in the order of their times; each but the first a retest of those before it.

    Returns:
        The test, with `first_pass_tested`, `first_pass_passing`, `retested_dies` and `retest_files` among its
        attributes; None where the grids cannot be laid upon each other.
    """
    first = runs[0]
    if len(runs) == 1:
        return first
    places = _places_on_first(runs)
    if places is None:
        return None
    top, left = (min(0, *(int(one[axis].min()) for one in places)) for axis in (0, 1))
    shape = tuple(
        max(first.dies.shape[axis], *(int(one[axis].max()) + 1 for one in places)) - low
        for axis, low in ((0, top), (1, left))
    )
    if max(shape) > MAX_GRID:
        return None
    dies, bins, seen = np.zeros(shape, np.uint8), np.zeros(shape, np.uint16), np.zeros(shape, np.uint8)
    again = np.zeros(shape, np.bool_)
    for run, (rows, columns) in zip(runs, places, strict=True):
        at, tested = (rows - top, columns - left), run.on_wafer
        again[at] |= dies[at] != OFF_WAFER
        seen[at] = np.where(seen[at] == OFF_WAFER, run.dies[tested], seen[at])
        dies[at] = run.dies[tested]
        bins[at] = (run.dies if run.bins is None else run.bins)[tested]
    _copy_off_wafer_bins(first, bins, dies, (top, left))
    return replace(
        first,
        dies=dies,
        bins=None if all(run.bins is None for run in runs) else bins,
        center=None if first.center is None else (first.center[0] - top, first.center[1] - left),
        tested_at=next((run.tested_at for run in reversed(runs) if run.tested_at), None),
        attributes=_attributes(runs, seen, again, (top, left)),
        remarks=tuple(dict.fromkeys(f"{run.source_name}: {remark}" for run in runs for remark in run.remarks)),
    )


def _places_on_first(runs: Sequence[WaferMap]) -> list[Places] | None:
    """Rows and columns on the first run's grid, which may lie beyond it, of the tested dies of each run."""
    named = [die_coordinates(run) for run in runs]
    if any(one is None for one in named):
        same = all(run.dies.shape == runs[0].dies.shape for run in runs)
        return [(rows, columns) for rows, columns in (np.nonzero(run.dies) for run in runs)] if same else None
    directions = axis_directions(runs[0])
    found = []
    for run, axes in zip(runs, named, strict=True):
        steps = {}
        for way, values, origin in zip(directions, axes or (), (axis[0, 0] for axis in named[0] or ()), strict=True):
            distance = (values - origin)[run.on_wafer]
            steps["row" if way in ("up", "down") else "column"] = -distance if way in ("up", "left") else distance
        if steps.keys() != {"row", "column"}:
            return None
        found.append((steps["row"].astype(np.intp), steps["column"].astype(np.intp)))
    return found


def _copy_off_wafer_bins(
    first: WaferMap, bins: NDArray[np.uint16], dies: NDArray[np.uint8], offset: tuple[int, int]
) -> None:
    """Keep what the first file says of places where no die was tested, such as the numbers of dies left out."""
    if first.bins is None:
        return
    rows, columns = (slice(-low, -low + size) for low, size in zip(offset, first.dies.shape, strict=True))
    untested = dies[rows, columns] == OFF_WAFER
    bins[rows, columns][untested] = first.bins[untested]


def _attributes(
    runs: Sequence[WaferMap], seen: NDArray[np.uint8], again: NDArray[np.bool_], offset: tuple[int, int]
) -> dict[str, str]:
    """Attributes of the merged test: all runs' together, the counts summed up."""
    first = runs[0]
    told: dict[str, str] = {}
    for run in reversed(runs):
        told |= run.attributes
    for name in (RETEST_CODE, DIE_AXES):
        told.pop(name, None)
    tested, passing = np.count_nonzero(seen), np.count_nonzero(seen == PASS)
    if _count(first, FIRST_TESTED):  # the first file tested dies again itself
        passing += _count(first, FIRST_PASSING) - (first.tested_count - first.fail_count)
    within = sum(_count(run, RETESTED) for run in runs)
    told |= {
        FIRST_TESTED: str(tested),
        FIRST_PASSING: str(passing),
        RETESTED: str(min(tested, within + np.count_nonzero(again))),
        RETEST_FILES: ", ".join(dict.fromkeys(run.source_name for run in runs[1:] if run.source_name)),
    }
    if all(_count(run, _PARTS) for run in runs):
        told[_PARTS] = str(sum(_count(run, _PARTS) for run in runs))
    axes = die_coordinates(first)
    if axes is not None:
        (x, y), (down, right) = axis_directions(first), offset
        steps = {"right": right, "left": -right, "down": down, "up": -down}
        told[DIE_AXES] = axes_text(x, y, (int(axes[0][0, 0]) + steps[x], int(axes[1][0, 0]) + steps[y]))
    elif DIE_AXES in first.attributes:
        told[DIE_AXES] = first.attributes[DIE_AXES]
    return {name: value for name, value in told.items() if value}


def _count(run: WaferMap, name: str) -> int:
    value = run.attributes.get(name, "")
    return int(value) if value.isdecimal() else 0


def first_pass_yield(wafer: WaferMap) -> float:
    """Yield of the first pass, 0 to 1; the wafer's own where no die was tested again, NaN where it is not known.

    Example:
        >>> told = {"first_pass_tested": "4", "first_pass_passing": "1"}
        >>> first_pass_yield(WaferMap(np.ones((2, 2), np.uint8), "L1", "W01", attributes=told))
        0.25
    """
    tested = _count(wafer, FIRST_TESTED)
    return _count(wafer, FIRST_PASSING) / tested if tested and wafer.passing_known else wafer.yield_fraction


def holds(larger: WaferMap, smaller: WaferMap) -> bool:
    """Say whether a map has every die of another one with the same result, as a file has that went on growing."""
    places = _places_on_first([larger, smaller])
    if places is None:
        return False
    rows, columns = places[1]
    inside = (rows >= 0) & (columns >= 0) & (rows < larger.dies.shape[0]) & (columns < larger.dies.shape[1])
    return bool(inside.all()) and bool((larger.dies[rows, columns] == smaller.dies[smaller.on_wafer]).all())
