from datetime import UTC, datetime

import pytest

from core.identity import Person
from core.lake import Lake
from core.lots.lot import open_lot
from core.reports import lot_pdf, lot_xlsx
from core.reports.lot_tables import NAMES, clusters_table, stacked_table, wafers_table
from data.classes import CLASS_INDEX
from tests.core.lake_examples import drawn, found_on
from tests.core.reports.report_readers import cells, pages

NOW, EVA = datetime(2026, 3, 1, 12, tzinfo=UTC), Person("eva")


@pytest.fixture(scope="module")
def results():
    return [found_on(drawn(n, product="TC38"), *(("edge", "ring"), ())[n % 2], seed=n) for n in range(6)]


@pytest.fixture(scope="module")
def lake(results, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.append_wafers(result.wafer for result in results)
    lake.append_wafers([drawn(6, product="=TC39", tested_at=None, attributes={})])
    lake.append_results(results)
    return lake


def test_the_report_is_a_pdf_also_of_wafers_without_results_or_another_grid(lake):
    assert lot_pdf(lake, open_lot(lake, "LOT000"), EVA, NOW).startswith(b"%PDF")


def test_a_lot_of_one_unsegmented_wafer_without_slot_or_date_has_a_report(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([drawn(0, lot_id="<&>", wafer_id="x", tested_at=None, product="", attributes={})])
    lot = open_lot(lake, "<&>")
    assert lot_pdf(lake, lot, EVA, NOW).startswith(b"%PDF")
    assert lot_xlsx(lake, lot, NOW).startswith(b"PK")


def test_the_workbook_has_a_row_a_wafer_and_a_row_a_cluster(lake, results):
    content = lot_xlsx(lake, open_lot(lake, "LOT000"), NOW)
    wafers, clusters = cells(content, 2), cells(content, 3)
    assert [wafers[f"B{row}"][1] for row in range(2, 9)] == [f"W{n:02d}" for n in range(1, 8)]
    assert ("s", "=TC39") in wafers.values()
    assert "A9" not in wafers
    found = sum(len(result.instances) for result in results)
    assert found > 3
    assert f"A{found + 1}" in clusters
    assert f"A{found + 2}" not in clusters


def test_table_and_pictures_say_what_makes_wafers_severe(lake, results):
    lot = open_lot(lake, "LOT000")
    reasons = {result.severity.main_reason for result in results} - {""}
    assert reasons
    assert reasons <= {text for _, text in cells(lot_xlsx(lake, lot, NOW), 2).values()}
    printed = " ".join(" ".join(pages(lot_pdf(lake, lot, EVA, NOW))).split())
    for result in results:
        reason = result.severity.main_reason
        assert f"severity {result.severity.score:.0f}{': ' if reason else ''}{reason}" in printed


def test_stacked_dies_are_counted_by_class(lake, results):
    table = stacked_table(open_lot(lake, "LOT000").stack)
    at = 5 + list(NAMES).index("edge")
    for row in table.rows:
        masks = (result.segmentation.masks[CLASS_INDEX["edge"], row[0], row[1]] for result in results)
        assert row[at] == sum(masks)
    assert len(table.rows) == 12 * 13 - 1


def test_what_is_printed_is_the_left_part_of_the_workbooks_table(lake):
    lot = open_lot(lake, "LOT000")
    whole, printed = wafers_table(lot, {}), wafers_table(lot, {}, printed=True)
    width = len(printed.columns)
    assert list(whole.columns[:width]) == list(printed.columns)
    assert repr([row[:width] for row in whole.rows]) == repr(list(printed.rows))  # NaN equals nothing


def test_clusters_have_a_kind_for_every_column(results):
    table = clusters_table(results)
    assert all(len(row) == len(table.columns) for row in table.rows)
    kinds = {column.title: column.kind for column in table.columns}
    assert (kinds["class"], kinds["die_count"], kinds["area_mm2"]) == ("text", "count", "real")
