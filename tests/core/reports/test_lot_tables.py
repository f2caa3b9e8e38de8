import math

import numpy as np
import pytest

from core.exports import INSTANCE_COLUMNS, instance_rows
from core.lake import Lake
from core.lots.lot import open_lot, slots_compared
from core.reports.lot_tables import (
    NAMES,
    RESULTS_AT_ONCE,
    angular_table,
    clusters_table,
    facts_table,
    radial_table,
    results_of,
    slot_table,
    stacked_table,
    wafers_table,
)
from data.classes import CLASS_INDEX, CLASSES
from tests.core.lake_examples import drawn, found_on

SEGMENTED = 5


@pytest.fixture(scope="module")
def results():
    return [found_on(drawn(n, product="TC38"), *(("edge", "ring"), ())[n % 2], seed=n) for n in range(SEGMENTED)]


@pytest.fixture(scope="module")
def lake(results, tmp_path_factory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.append_wafers(result.wafer for result in results)
    lake.append_wafers([drawn(6, product="TC38", tested_at=None)])
    lake.append_results(results)
    return lake


@pytest.fixture(scope="module")
def lot(lake):
    return open_lot(lake, "LOT000")


@pytest.fixture(scope="module")
def every(results):
    return [*(result.wafer for result in results), drawn(6)]


def by_title(table):
    return [dict(zip((column.title for column in table.columns), row, strict=True)) for row in table.rows]


def test_facts_add_up_the_wafers(lot, results, every):
    facts = dict(facts_table(lot).rows)
    tested, fails = sum(w.tested_count for w in every), sum(w.fail_count for w in every)
    scores = [result.severity.score for result in results]
    assert (facts["Lot"], facts["Product"], facts["Test program"]) == ("LOT000", "TC38", "prog_0, prog_1")
    assert (facts["First test (UTC)"], facts["Last test (UTC)"]) == ("2026-03-01 00:00", "2026-03-01 04:00")
    assert (facts["Wafers"], facts["Segmented"], facts["With a pattern"]) == (6, 5, 3)
    assert facts["Yield, 0 to 1"] == pytest.approx(1 - fails / tested, rel=1e-12)
    assert facts["Lowest yield of a wafer, 0 to 1"] == pytest.approx(min(w.yield_fraction for w in every), rel=1e-12)
    assert facts["Mean severity, 0 to 100"] == pytest.approx(np.mean(scores), rel=1e-6)
    assert facts["Highest severity, 0 to 100"] == pytest.approx(max(scores), rel=1e-6)
    assert facts["Clusters"] == sum(len(result.instances) for result in results)
    assert str(facts["Stacked"]).startswith("6 wafers of ")


def test_a_lot_of_which_no_day_is_known_has_no_first_or_last_test(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([drawn(0, tested_at=None, attributes={"tool": "T1", "slot": "3"})])
    facts = dict(facts_table(open_lot(lake, "LOT000")).rows)
    assert (facts["First test (UTC)"], facts["Last test (UTC)"]) == (None, None)
    assert facts["tool"] == "T1"
    assert "slot" not in facts


def test_every_wafer_has_a_row_of_its_own_numbers_in_slot_order(lot, results):
    reasons = {result.wafer.key: result.severity.main_reason for result in results}
    rows = by_title(wafers_table(lot, reasons))
    assert [row["Wafer"] for row in rows] == ["W01", "W02", "W03", "W04", "W05", "W07"]
    for row, result in zip(rows, results, strict=False):
        wafer, instances = result.wafer, result.instances
        assert (row["Dies fail"], row["Clusters"]) == (wafer.fail_count, len(instances))
        assert row["Yield"] == pytest.approx(wafer.yield_fraction, rel=1e-12)
        assert row["Mostly for"] == result.severity.main_reason
        assert row["Affected"] == len({tuple(die) for one in instances for die in one.dies.tolist()})
        dies = {c.name: int(result.segmentation.masks[CLASS_INDEX[c.key]].sum()) for c in CLASSES}
        assert row["Classes"] == (", ".join(name for name, count in dies.items() if count) or "none")
        assert [row[f"{name}, dies"] for name in dies] == list(dies.values())
        assert (row["Model"], row["File"]) == ("model@1", wafer.source_name)
    assert (rows[-1]["Classes"], rows[-1]["Dies fail"]) == (None, drawn(6).fail_count)


def test_paper_has_the_first_columns_of_the_same_rows(lot):
    whole, printed = wafers_table(lot, {}), wafers_table(lot, {}, printed=True)
    assert [column.title for column in printed.columns][-1] == "Classes"
    assert list(printed.columns) == list(whole.columns[: len(printed.columns)])
    for short, long in zip(printed.rows, whole.rows, strict=True):
        assert [str(cell) for cell in short] == [str(cell) for cell in long[: len(short)]]


def test_every_cluster_has_a_row_and_words_are_no_numbers(results):
    table = clusters_table(results)
    expected = [row for result in results for row in instance_rows(result)]
    assert [column.title for column in table.columns] == list(INSTANCE_COLUMNS)
    assert [dict(zip(INSTANCE_COLUMNS, row, strict=True)) for row in table.rows] == expected
    for place, column in enumerate(table.columns):
        cells = [row[place] for row in table.rows]
        assert (column.kind == "text") == all(isinstance(cell, str) for cell in cells), column.title
        if column.kind == "count":
            assert all(isinstance(cell, int) for cell in cells), column.title


def test_every_tested_die_of_the_stack_has_a_row(lot, results, every):
    rows = by_title(stacked_table(lot.stack))
    tested = np.sum([wafer.dies > 0 for wafer in every], axis=0)
    failing = np.sum([wafer.failing for wafer in every], axis=0)
    masks = np.sum([result.segmentation.masks for result in results], axis=0)
    assert [(row["Row"], row["Column"]) for row in rows] == [tuple(at) for at in np.argwhere(tested).tolist()]
    for row in rows:
        at = row["Row"], row["Column"]
        assert (row["Wafers tested"], row["Fails"]) == (tested[at], failing[at])
        assert row["Share failing"] == failing[at] / tested[at]
        assert [row[f"{name}, wafers"] for name in NAMES.values()] == masks[:, *at].tolist()


@pytest.mark.parametrize("class_key", [None, "edge"])
@pytest.mark.parametrize("table_of", [radial_table, angular_table])
def test_profiles_part_the_stack_s_dies_and_lose_none(lot, results, every, table_of, class_key):
    rows = by_title(table_of(lot.stack, class_key))
    shown = results if class_key else every
    dies = [getattr(one, "wafer", one).dies for one in shown]
    failing = [r.segmentation.masks[CLASS_INDEX["edge"]] for r in results] if class_key else [w.failing for w in every]
    assert sum(row["Dies tested"] for row in rows) == sum(int((one > 0).sum()) for one in dies)
    assert sum(row["Dies failing"] for row in rows) == sum(int(one.sum()) for one in failing)
    for row in rows:
        assert row["Share"] == pytest.approx(row["Dies failing"] / row["Dies tested"], rel=1e-12)
        assert row["95 % from"] - 1e-12 <= row["Share"] <= row["95 % to"] + 1e-12  # float64


def test_rings_and_hours_stand_in_their_order(lot):
    rings, hours = by_title(radial_table(lot.stack)), by_title(angular_table(lot.stack))
    ends = [(row["From, share of radius"], row["To, share of radius"]) for row in rings]
    assert ends[0][0] == 0
    assert [end for _, end in ends[:-1]] == [start for start, _ in ends[1:]]
    assert all(math.isnan(row["From, mm"]) for row in rings)
    assert [row["Clock hour"] for row in hours] == [12, *range(1, 12)]


def test_slots_are_compared_as_they_are_elsewhere(lot):
    found = slots_compared(lot, "edge")
    rows = slot_table(lot, "edge").rows
    assert len(rows) == len(found) > 0
    assert [list(map(str, row)) for row in rows] == [list(map(str, row)) for row in found.itertuples(index=False)]


def test_more_results_than_are_read_at_once_come_all_in_their_order(tmp_path):
    many = [found_on(drawn(n, size=4), "edge") for n in range(RESULTS_AT_ONCE + 2)]
    lake = Lake(tmp_path)
    lake.append_wafers([*(result.wafer for result in many), drawn(40, size=4)])
    lake.append_results(many)
    keys = [result.wafer.key for result in reversed(many)]
    assert [r.wafer.key for r in results_of(lake, [*keys[:5], drawn(40).key, *keys[5:]])] == keys
