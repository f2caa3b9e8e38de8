"""A lake with a step chosen: of each wafer the newest test of that step, in lists, sums, dies and results."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.annotation.filling import candidates_by_filter
from core.comparison.commonality import commonality
from core.comparison.comparison import measures, shared, summed_up
from core.downloads.formats import page_csv
from core.lake import Lake, WaferFilter
from core.lake.wafer_tests import ids_of_step, list_tests
from core.lots.stacking import grids, stack
from core.trends.overview import by_week, newest_day, totals
from core.trends.series import Period, Subject, series
from tests.core.lake_examples import drawn, found_on, same_wafer

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
AT = {step: WaferFilter(attribute=f"step={step}") for step in ("ST1", "ST2", "ST3", "it's")}


def one_test(number, step, hour=0, looks=None):
    """One test of wafer `number`; `looks` is the number that its dies are drawn from."""
    wafer = drawn(number)
    return replace(
        wafer,
        dies=drawn(100 + hour if looks is None else looks).dies,
        bins=None,
        step=step,
        started_at=None,
        tested_at=START + timedelta(hours=hour),
        source_sha256=f"{number:02d}{hour:02d}{step}".encode().hex(),
    )


def readers(lake):
    """The lake as it is, as another process opens it, and both once its parts are merged."""
    yield lake
    yield Lake(lake.root)
    lake.compact(settled_seconds=0)
    yield lake
    yield Lake(lake.root)


@pytest.mark.slow
def test_lists_counts_and_sums_show_the_newest_test_of_the_step(tmp_path):
    lake = Lake(tmp_path)
    both = one_test(1, "ST1"), one_test(1, "ST2", 1)
    single = one_test(2, "ST1", 2)
    lake.append_wafers(both)
    lake.append_wafers([single])
    for reader in readers(lake):
        assert [reader.count(AT[step]) for step in ("ST1", "ST2", "ST3")] == [2, 1, 0]
        page = reader.wafers_page(AT["ST1"], "tested_at")
        assert list(page["fail_count"]) == [both[0].fail_count, single.fail_count]
        assert list(page["yield_fraction"]) == [both[0].yield_fraction, single.yield_fraction]
        assert list(reader.wafers_page(AT["ST2"])["fail_count"]) == [both[1].fail_count]
        assert sorted(reader.wafers_page()["step"]) == ["ST1", "ST2"]
        seen = reader.seen_by(AT["ST1"])
        assert same_wafer(seen.wafer(both[0].key), both[0])
        assert same_wafer(reader.wafer(both[0].key), both[1])


@pytest.mark.slow
def test_results_of_the_step_are_those_made_of_its_dies(tmp_path):
    lake = Lake(tmp_path)
    first, second = one_test(1, "ST1"), one_test(1, "ST2", 1)
    key = first.key
    lake.append_wafers([first])
    lake.append_results([found_on(first, "ring", "random")])
    lake.append_wafers([second])
    for reader in readers(lake):
        page = reader.wafers_page(AT["ST1"])
        assert [list(found) for found in page["classes_present"]] == [["ring", "random"]]
        found = reader.seen_by(AT["ST1"]).result(key)
        assert found.segmentation.classes_present == ("ring", "random")
        assert same_wafer(found.wafer, first)
        assert len(found.instances) == page["cluster_count"][0]
        assert reader.result(key) is None
    lake.append_results([found_on(second, "edge")])
    lake.append_results([found_on(first, "scratch")])
    for reader in readers(lake):
        for step, classes in (("ST1", ("scratch",)), ("ST2", ("edge",))):
            assert reader.seen_by(AT[step]).result(key).segmentation.classes_present == classes
            assert tuple(reader.wafers_page(AT[step])["classes_present"][0]) == classes
        narrowed = replace(AT["ST1"], defect_class="edge")
        assert reader.count(narrowed) == 0


@pytest.mark.slow
def test_the_newest_test_of_a_step_counts_in_whichever_order_files_arrive(tmp_path):
    tests = [one_test(1, "ST1", 0), one_test(1, "ST1", 2), one_test(1, "ST2", 3)]
    for place, order in enumerate(((0, 1, 2), (1, 2, 0), (2, 1, 0), (2, 0, 1))):
        lake = Lake(tmp_path / str(place))
        for number in order:
            lake.append_wafers([tests[number]])
        for reader in readers(lake):
            assert list(reader.wafers_page(AT["ST1"])["fail_count"]) == [tests[1].fail_count]
            assert list(reader.wafers_page()["fail_count"]) == [tests[2].fail_count]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_any_parts_in_any_order_show_what_the_tests_of_each_wafer_say(tmp_path, seed):
    rng = np.random.default_rng(seed)
    lake, watching = Lake(tmp_path), Lake(tmp_path)
    steps = ("ST1", "ST2", "it's")
    tests = [one_test(int(rng.integers(4)), steps[rng.integers(3)], hour) for hour in range(14)]
    done = 0
    while done < len(tests):
        some = [tests[n] for n in rng.permutation(np.arange(done, min(done + 3, len(tests))))]
        done += 3
        lake.append_wafers(some)
        lake.append_results([found_on(test, "edge", seed=test.tested_at.hour) for test in some if rng.random() < 0.7])
        if rng.random() < 0.3:
            lake.compact(settled_seconds=0)
        for reader in (watching, Lake(tmp_path)):
            for step in steps:
                expected = {}
                for test in sorted(tests[:done], key=lambda test: test.tested_at):
                    if test.step == step:
                        expected[test.key] = test.fail_count
                page = reader.wafers_page(AT[step])
                assert dict(zip(page["key"], page["fail_count"], strict=True)) == expected
    for step in steps:
        pages = [reader.wafers_page(AT[step], "key") for reader in (watching, Lake(tmp_path))]
        assert pages[0].equals(pages[1])
        seen = watching.seen_by(AT[step])
        for row in pages[0].to_dict("records"):
            result = seen.result(row["key"])
            assert (result is None) == bool(np.isnan(row["severity"]))
            assert result is None or len(result.instances) == row["cluster_count"]


def test_each_row_of_a_step_leads_to_its_test(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([one_test(1, "ST1"), one_test(1, "ST2", 1), one_test(2, "ST1", 2)])
    keys = list(lake.wafers_page(AT["ST1"])["key"])
    found = ids_of_step(lake, AT["ST1"], keys)
    assert sorted(found) == sorted(keys)
    for key in keys:
        (test,) = (test for test in list_tests(lake, key) if test.id == found[key])
        assert test.step == "ST1"
    assert ids_of_step(lake, WaferFilter(), keys) == {}


def test_a_lake_whose_wafers_have_one_step_keeps_nothing_beside(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([one_test(1, "ST1"), one_test(1, "ST1", 1), one_test(2, "ST2", 2)])
    for reader in readers(lake):
        assert reader.query("SELECT count(*) AS n FROM other_tests")["n"][0] == 0
        assert reader.count(AT["ST1"]) == 1


def sums(lake, where):
    """What pages and reports say of the wafers of a filter, as text."""
    grid = next(iter(grids(lake, where)))
    stacked = stack(lake, where, grid)
    return repr(
        [
            totals(lake, where),
            by_week(lake, where).to_csv(float_format="%.9g"),
            newest_day(lake, where),
            series(lake, where, Subject(("edge",)), Period.LOT).to_csv(float_format="%.9g"),
            (grids(lake, where), stacked.held, stacked.failing.tolist(), stacked.by_class.sum(axis=(1, 2)).tolist()),
            commonality(lake, where, Subject(("edge",))).table.drop(columns=["p", "q"]).to_csv(float_format="%.9g"),
            summed_up(lake, where),
            measures(lake, where, where).to_csv(float_format="%.9g"),
            page_csv(lake, where, "key"),
        ]
    )


@pytest.mark.slow
def test_sums_of_a_step_are_those_of_a_lake_that_holds_its_tests_alone(tmp_path):
    both, alone = Lake(tmp_path / "both"), Lake(tmp_path / "alone")
    first = [replace(one_test(n, "ST1", n), attributes={"tool": "AB"[n % 2]}) for n in range(8)]
    second = [one_test(n, "ST2", 40 + n) for n in range(6)]
    for lake, tests in ((both, [*first, *second]), (alone, first)):
        lake.append_wafers(tests)
        lake.append_results([found_on(test, "edge" if n % 2 else "ring", seed=n) for n, test in enumerate(tests)])
    when = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d+")  # moments of segmenting
    expected = when.sub("", sums(alone, AT["ST1"]))
    for reader in readers(both):
        assert when.sub("", sums(reader, AT["ST1"])) == expected


def test_groups_of_two_steps_share_the_wafers_that_have_both(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([one_test(1, "ST1"), one_test(1, "ST2", 1), one_test(2, "ST1", 2), one_test(3, "ST2", 3)])
    assert shared(lake, AT["ST1"], AT["ST2"]) == 1
    assert shared(lake, AT["ST1"], AT["ST1"]) == 2
    assert shared(lake, AT["ST1"], WaferFilter()) == 2


def test_what_is_labelled_is_the_newest_test(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([one_test(1, "ST1"), one_test(1, "ST2", 1), one_test(2, "ST1", 2)])
    assert [one.wafer_key for one in candidates_by_filter(lake, AT["ST1"], "key", 9)] == [drawn(2).key]


@pytest.mark.parametrize("table", ["dies", "earlier_segmentations", "earlier_instances"])
def test_a_test_of_another_step_whose_rows_are_gone_is_left_out_and_the_rest_is_there(tmp_path, table):
    lake = Lake(tmp_path)
    first, second = one_test(1, "ST1"), one_test(1, "ST2", 1)
    lake.append_wafers([first])
    before = set((tmp_path / "dies").iterdir())
    lake.append_wafers([second])
    lake.append_results([found_on(second, "edge")])
    lake.append_results([found_on(first, "ring")])
    for part in before if table == "dies" else (tmp_path / table).iterdir():
        part.write_bytes(part.read_bytes()[:50])
    reader = Lake(tmp_path)
    assert reader.result(second.key).segmentation.classes_present == ("edge",)
    seen = reader.seen_by(AT["ST1"])
    seen.results_by_keys([first.key])  # meets what is damaged
    page = reader.wafers_page(AT["ST1"])
    if table == "dies":
        assert page.empty
        assert reader.append_wafers([first]) == (1, 0)
    else:
        assert page["severity"].isna().tolist() == [True]
        assert seen.result(first.key) is None
    assert same_wafer(seen.wafer(first.key), first)
