from datetime import UTC, datetime

import numpy as np

from core.exports import INSTANCE_COLUMNS, WAFER_COLUMNS
from core.reports.levels import LevelsWorkbook
from tests.core.lake_examples import drawn, found_on
from tests.core.reports.report_readers import cells


def results_xlsx(results, made_at, title):
    levels = LevelsWorkbook()
    for result in results:
        levels.add(result)
    return levels.xlsx(made_at, title)


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_each_level_has_a_sheet_and_a_row_for_each_of_its_things():
    results = [found_on(drawn(number), "edge", "ring") for number in range(3)]
    content = results_xlsx(results, NOW, "t")
    wafers, clusters, dies = (cells(content, sheet) for sheet in (1, 2, 3))
    heads = [
        [found[name][1] for name in found if name.strip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "1"]
        for found in (wafers, clusters)
    ]
    assert heads == [list(WAFER_COLUMNS), list(INSTANCE_COLUMNS)]
    last = [max(int(name.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) for name in found) for found in (wafers, clusters, dies)]
    assert last == [
        1 + 3,
        1 + sum(len(result.instances) for result in results),
        1 + sum(result.wafer.fail_count for result in results),
    ]


def test_numbers_are_numbers_and_times_are_times():
    result = found_on(drawn(0), "edge")
    found = cells(results_xlsx([result], NOW, "t"), 1)
    by_name = {found[f"{letter}1"][1]: found.get(f"{letter}2") for letter in "ABCDEFGHIJKLMNOPQRSTU"}
    assert by_name["lot"] == ("s", result.wafer.lot_id)
    assert by_name["failing_dies"] == (None, result.wafer.fail_count)
    assert by_name["tested_at"][0] is None
    rows, columns = np.nonzero(result.wafer.failing)
    dies = cells(results_xlsx([result], NOW, "t"), 3)
    assert [(dies[f"A{at}"][1], dies[f"B{at}"][1]) for at in range(2, len(rows) + 2)] == list(
        zip(rows, columns, strict=True)
    )
