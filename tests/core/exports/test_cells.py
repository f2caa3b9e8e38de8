import csv
import io

import pytest

from core.annotation.filling import named_wafers
from core.downloads.formats import page_csv
from core.exports import instances_csv, wafers_csv
from core.exports.cells import plain, plain_row
from core.lake import Lake, WaferFilter
from data.formats.own_exports import restored
from tests.core.lake_examples import drawn, found_on


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＠A"])
def test_what_begins_a_formula_is_told_to_be_text(text):
    assert plain(text) == "'" + text


@pytest.mark.parametrize("cell", ["LOT-1", "a=b", "", "'=1", -1, -0.5, None, True])
def test_everything_else_stays(cell):
    assert plain(cell) is cell


def test_a_row_keeps_its_columns():
    assert plain_row({"lot": "=L", "dies": -3}) == {"lot": "'=L", "dies": -3}


def test_no_table_of_results_lets_a_lots_name_run_and_keys_can_be_had_back(tmp_path):
    result = found_on(drawn(0, lot_id="=HYPERLINK(1)", product="@P", source_name="+x.png"), "edge")
    lake = Lake(tmp_path)
    lake.append_wafers([result.wafer])
    lake.append_results([result])
    for text in (wafers_csv([result]), instances_csv([result]), page_csv(lake, WaferFilter(), "key")):
        [row, *_] = csv.DictReader(io.StringIO(text))
        assert restored(row["key"]) == "=HYPERLINK(1):W01"
        assert "'=HYPERLINK(1)" in row.values()
        assert not [cell for cell in row.values() if cell.startswith(("=", "@", "+"))]


def test_a_list_of_keys_from_a_table_names_the_wafers_again(tmp_path):
    result = found_on(drawn(0, lot_id="=1+1"), "edge")
    lake = Lake(tmp_path)
    lake.append_wafers([result.wafer])
    assert named_wafers(lake, wafers_csv([result])).known == ("=1+1:W01",)
