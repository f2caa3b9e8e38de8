"""Tests of one wafer in the lake: told apart, merged where one is a retest, and none lost."""

import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.lake import Lake
from core.lake.schema import RUN_COLUMNS, WAFER_COLUMNS
from core.lake.wafer_tests import list_tests, result_of_test, wafer_of_test
from data.orientation import axes_text
from data.wafer import WaferMap
from tests.core.lake_examples import drawn, found_on, same_wafer
from tests.core.lake_worker import dying_at, processes

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
NEW_COLUMNS = ("step", "started_at", "passing_known", "remarks", "test", "first_tested", "first_passing")


def run_of(dies, hour=0, first=(0, 0), *, lot="LOTR", wafer="07", **fields):
    """A run as a file of its own says it, with its dies' coordinates."""
    given = {
        "test_program": "JOB",
        "started_at": START + timedelta(hours=hour),
        "tested_at": START + timedelta(hours=hour, minutes=20),
        "attributes": {"die_axes": axes_text("right", "down", first)},
        "source_sha256": f"{hour:02d}{first}{fields.get('step', '')}".encode().hex(),
        "source_name": f"run{hour}.stdf",
    }
    return WaferMap(np.asarray(dies, np.uint8), lot, wafer, **{**given, **fields})


def first_and_retest():
    dies = np.ones((6, 6), np.uint8)
    dies[1:4, 2] = 2
    return run_of(dies), run_of([[1], [1], [2]], 1, (2, 1))


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_a_retest_is_merged_die_by_die_in_whichever_order_it_arrives(tmp_path, order):
    runs, said = first_and_retest(), []
    lake = Lake(tmp_path)
    for number in order:
        assert lake.append_wafers([runs[number]], said.append) == (1, 0)
    for reader in (lake, Lake(tmp_path)):
        shown = reader.wafer("LOTR:07")
        assert (shown.tested_count, shown.fail_count) == (36, 1)
        row = reader.query("SELECT * FROM wafers").iloc[0]
        assert (row["first_tested"], row["first_passing"], row["retested_dies"]) == (36, 33, 3)
    assert said == ["merged 3 retested dies into LOTR:07"]
    assert len(list_tests(lake, "LOTR:07")) == 1


def test_the_same_files_again_change_nothing(tmp_path):
    lake = Lake(tmp_path)
    runs = first_and_retest()
    lake.append_wafers(runs)
    before = sorted(path.name for path in tmp_path.rglob("*.parquet"))
    for again in (runs, runs[:1], runs[1:], (*runs, *runs)):
        assert lake.append_wafers(again) == (0, len(again))
    assert sorted(path.name for path in tmp_path.rglob("*.parquet")) == before


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_runs_in_any_order_and_any_parts_give_one_wafer(tmp_path, seed):
    rng = np.random.default_rng(seed)
    whole = rng.integers(1, 3, (7, 7))
    runs = [run_of(whole)]
    expected = whole.copy()
    for hour in range(1, 5):
        row, column = rng.integers(0, 5, 2)
        again = rng.integers(1, 3, (2, 3))[:, : 7 - column]
        runs.append(run_of(again, hour, (int(column), int(row))))
        expected[row : row + 2, column : column + 3] = again
    lake = Lake(tmp_path)
    for number in rng.permutation(5):
        lake.append_wafers([runs[number]])
        if rng.random() < 0.5:
            lake.compact(settled_seconds=0)
    assert np.array_equal(lake.wafer("LOTR:07").dies, expected)
    assert int(lake.wafer("LOTR:07").attributes["first_pass_passing"]) == (whole == 1).sum()
    assert len(list_tests(lake, "LOTR:07")) == 1


def test_another_step_is_kept_beside_and_the_newest_is_shown(tmp_path):
    lake, said = Lake(tmp_path), []
    steps = [run_of(np.full((4, 4), 1 + n), n, step=f"ST{n + 1}", test_program="") for n in range(2)]
    for wafer in reversed(steps):
        lake.append_wafers([wafer], said.append)
    assert lake.wafer("LOTR:07").step == "ST2"
    assert said == ["LOTR:07: ST1 of 2026-03-01 08:20 is kept beside ST2"]
    found = list_tests(lake, "LOTR:07")
    assert [(test.step, test.shown, test.fail_count) for test in found] == [("ST2", True, 16), ("ST1", False, 0)]
    assert same_wafer(wafer_of_test(lake, "LOTR:07", found[1].id), steps[0])


def test_a_full_second_test_is_a_newer_test_of_the_step(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([run_of(np.ones((4, 4))), run_of(np.full((4, 4), 2), 5)])
    assert [test.fail_count for test in list_tests(lake, "LOTR:07")] == [16, 0]
    assert lake.wafer("LOTR:07").fail_count == 16


def test_a_retest_that_cannot_be_laid_upon_its_test_stands_beside_it(tmp_path):
    lake, said = Lake(tmp_path), []
    first, again = (replace(run, attributes={}) for run in first_and_retest())
    lake.append_wafers([first, again], said.append)
    assert lake.wafer("LOTR:07").tested_count == 36
    assert [test.tested_count for test in list_tests(lake, "LOTR:07")] == [36, 3]
    assert "cannot be laid upon" in said[-1]


def test_a_retest_of_unknown_passing_dies_is_not_merged(tmp_path):
    lake = Lake(tmp_path)
    first, again = first_and_retest()
    lake.append_wafers([first, replace(again, passing_known=False)])
    assert [test.tested_count for test in list_tests(lake, "LOTR:07")] == [3, 36]
    assert lake.query("SELECT yield_fraction FROM wafers")["yield_fraction"].isna().all()


def test_a_file_that_grew_takes_the_place_of_what_it_was(tmp_path):
    lake = Lake(tmp_path)
    whole = run_of(np.ones((5, 5)))
    half = run_of(np.ones((2, 5)), source_sha256="ab" * 32, tested_at=None, remarks=("It ends early.",))
    for wafers, counts in (([half], (1, 0)), ([whole], (1, 0)), ([half], (0, 1))):
        assert lake.append_wafers(wafers) == counts
    assert [test.tested_count for test in list_tests(lake, "LOTR:07")] == [25]


def test_a_file_read_otherwise_takes_the_place_of_its_first_reading(tmp_path):
    lake = Lake(tmp_path)
    one = run_of(np.ones((4, 4)))
    lake.append_wafers([one, replace(one, dies=np.full((4, 4), 2, np.uint8), product="P")])
    assert [(test.fail_count, test.shown) for test in list_tests(lake, "LOTR:07")] == [(16, True)]


@pytest.mark.slow
def test_results_belong_to_a_test(tmp_path):
    lake = Lake(tmp_path)
    steps = [replace(drawn(1), step=f"ST{n}", tested_at=START + timedelta(days=n)) for n in range(2)]
    steps[0] = replace(steps[0], dies=drawn(2).dies, source_sha256="cd" * 32)
    key = steps[0].key
    lake.append_wafers(steps)
    lake.append_results([found_on(steps[1], "edge")])
    lake.append_results([found_on(steps[0], "ring", "random")])
    for settled in (None, 0):
        if settled is not None:
            lake.compact(settled_seconds=settled)
        for reader in (lake, Lake(tmp_path)):
            assert reader.result(key).segmentation.classes_present == ("edge",)
            shown, older = list_tests(reader, key)
            assert result_of_test(reader, key, shown.id).segmentation.classes_present == ("edge",)
            found = result_of_test(reader, key, older.id)
            assert found.segmentation.classes_present == ("ring", "random")
            assert np.array_equal(found.wafer.dies, steps[0].dies)


def older_lake(root, wafers):
    """A lake as it was written before tests were told apart."""
    Lake(root).append_wafers(wafers)
    for table, columns in (
        ("wafers", (*NEW_COLUMNS, "retested_dies", *(n for n, _ in RUN_COLUMNS))),
        ("dies", ("test",)),
    ):
        for part in (root / table).glob("*.parquet"):
            pq.write_table(pq.read_table(part).drop_columns(list(columns)), part)


@pytest.mark.slow
def test_a_lake_from_before_tests_opens_and_takes_tests_in(tmp_path):
    first, again = first_and_retest()
    old = replace(first, started_at=None, step="")
    older_lake(tmp_path, [old, *(drawn(n) for n in range(5))])
    lake = Lake(tmp_path)
    assert same_wafer(lake.wafer("LOTR:07"), old)
    assert lake.append_wafers([old]) == (0, 1)
    lake.append_wafers([again])
    assert (lake.wafer("LOTR:07").tested_count, lake.wafer("LOTR:07").fail_count) == (36, 1)
    lake.compact(settled_seconds=0)
    for reader in (lake, Lake(tmp_path)):
        assert reader.count() == 6
        assert reader.wafer("LOTR:07").fail_count == 1
        assert len(list_tests(reader, "LOTR:07")) == 1
    assert Lake(tmp_path).append_wafers([first]) == (1, 0)  # read anew by a reader that knows its start
    assert Lake(tmp_path).wafer("LOTR:07").fail_count == 1


def test_what_was_added_is_kept_as_it_was(tmp_path):
    wafer = run_of([[1, 2]], step="CP1", passing_known=False, remarks=("One.", "Two."))
    Lake(tmp_path).append_wafers([wafer])
    found = Lake(tmp_path).wafer(wafer.key)
    assert (found.step, found.started_at, found.passing_known, found.remarks) == (
        "CP1",
        wafer.started_at,
        False,
        ("One.", "Two."),
    )
    assert {name for name, _ in WAFER_COLUMNS} >= set(NEW_COLUMNS)


def append_runs(root, step):
    """Append a first test, a retest and a test at another step, and die before a file operation."""
    dying_at(step)
    lake = Lake(root)
    first, again = first_and_retest()
    lake.append_wafers([first])
    lake.append_wafers([again])
    lake.append_wafers([run_of(np.ones((3, 3)), 3, step="ST2")])
    lake.compact(settled_seconds=0)


@pytest.mark.slow
@pytest.mark.parametrize("step", range(0, 24, 3))
def test_a_writer_killed_between_parts_loses_no_test(tmp_path, step):
    writer = processes.Process(target=append_runs, args=(str(tmp_path), step))
    writer.start()
    writer.join()
    assert writer.exitcode in (0, -signal.SIGKILL)
    lake = Lake(tmp_path)
    if lake.count():
        assert list_tests(lake, "LOTR:07")[-1].tested_count in (36, 9)
    first, again = first_and_retest()
    lake.append_wafers([first, again, run_of(np.ones((3, 3)), 3, step="ST2")])
    lake.compact(settled_seconds=0)
    found = list_tests(Lake(tmp_path), "LOTR:07")
    assert [(test.tested_count, test.fail_count) for test in found] == [(9, 0), (36, 1)]
