from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from data.orientation import axes_text, die_coordinates
from data.retests import holds, is_retest, merge_runs
from data.wafer import WaferMap

START = datetime(2026, 3, 1, tzinfo=UTC)
AXES = [("right", "up"), ("left", "down"), ("down", "right"), ("up", "left")]


def run_of(dies, x="right", y="down", first=(0, 0), **fields):
    named = {"attributes": {"die_axes": axes_text(x, y, first), **fields.pop("attributes", {})}}
    return WaferMap(np.asarray(dies, np.uint8), "L1", "W01", **{**named, **fields})


def results_of(wafer):
    """Result and bin of every tested die by its coordinates."""
    x, y = die_coordinates(wafer)
    bins = wafer.dies if wafer.bins is None else wafer.bins
    tested = zip(x[wafer.on_wafer], y[wafer.on_wafer], wafer.dies[wafer.on_wafer], bins[wafer.on_wafer], strict=True)
    return {(int(a), int(b)): (int(die), int(bin_number)) for a, b, die, bin_number in tested}


@pytest.mark.parametrize("seed", range(40))
def test_a_merge_holds_the_last_result_of_every_die(seed):
    rng = np.random.default_rng(seed)
    runs = []
    for number in range(int(rng.integers(2, 5))):
        shape = rng.integers(1, 9, 2)
        dies = rng.choice([0, 1, 2], shape).astype(np.uint8)
        dies[tuple(rng.integers(0, shape))] = 2
        bins = rng.integers(1, 9, shape).astype(np.uint16) if rng.random() < 0.5 else None
        x, y = AXES[rng.integers(4)]
        first = tuple(int(n) for n in rng.integers(-4, 5, 2))
        runs.append(run_of(dies, x, y, first, bins=bins, tested_at=START + timedelta(hours=number)))
    last, before = {}, {}
    again = set()
    for run in runs:
        results = results_of(run)
        again |= last.keys() & results.keys()
        last |= results
        before = results | before
    merged = merge_runs(runs)
    assert results_of(merged) == last
    told = merged.attributes
    assert int(told["first_pass_tested"]) == len(last)
    assert int(told["first_pass_passing"]) == sum(die == 1 for die, _ in before.values())
    assert int(told["retested_dies"]) == len(again)
    assert merged.tested_at == runs[-1].tested_at


def test_a_retest_without_coordinates_fits_a_grid_of_the_same_shape_alone():
    first = WaferMap(np.array([[2, 1], [1, 2]], np.uint8), "L", "W")
    again = WaferMap(np.array([[1, 0], [0, 0]], np.uint8), "L", "W", source_name="again.csv")
    merged = merge_runs([first, again])
    assert merged.dies.tolist() == [[1, 1], [1, 2]]
    assert merged.attributes["retest_files"] == "again.csv"
    assert merge_runs([first, replace(again, dies=np.ones((1, 1), np.uint8))]) is None


def test_the_centre_goes_with_the_dies_when_a_retest_lies_beyond_the_grid():
    first = run_of([[1]], first=(5, 5), center=(0.0, 0.0))
    merged = merge_runs([first, run_of([[2]], first=(4, 3))])
    assert (merged.center, merged.dies.tolist()) == ((2.0, 1.0), [[2, 0], [0, 0], [0, 1]])
    assert results_of(merged) == {(5, 5): (1, 1), (4, 3): (2, 2)}


def test_retests_within_the_first_file_count_for_the_first_pass():
    first = run_of([[1, 1, 2]], attributes={"first_pass_tested": "3", "first_pass_passing": "1", "retested_dies": "1"})
    told = merge_runs([first, run_of([[1]], first=(2, 0))]).attributes
    assert (told["first_pass_tested"], told["first_pass_passing"], told["retested_dies"]) == ("3", "1", "2")


@pytest.mark.parametrize(
    ("count", "code", "expected"), [(3, "", True), (4, "", False), (4, "Y", True), (4, "0", False), (4, "N", False)]
)
def test_fewer_dies_or_the_file_tell_a_retest(count, code, expected):
    before = run_of(np.ones((2, 2)))
    later = run_of(np.ones((1, count)), attributes={"retest_code": code})
    assert is_retest(later, before) is expected
    assert not is_retest(replace(later, passing_known=False), before)


def test_a_file_that_grew_holds_what_it_had():
    whole = run_of([[1, 2], [1, 1]])
    assert holds(whole, run_of([[1, 2]]))
    assert not holds(whole, run_of([[2, 2]]))
    assert not holds(run_of([[1, 2]]), whole)
