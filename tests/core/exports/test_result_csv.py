import io
import json
from dataclasses import replace

import pandas as pd
import pytest

from core.exports import instances_csv, wafers_csv
from core.exports.records import result_json
from core.exports.result_csv import INSTANCE_COLUMNS, WAFER_COLUMNS
from tests.core.exports.examples import example_result


def table(text):
    return pd.read_csv(io.StringIO(text), dtype={"lot": str, "wafer": str}, keep_default_na=False, na_values=[""])


def test_one_line_a_cluster_with_its_measures():
    result = example_result()
    rows = table(instances_csv([result]))
    assert tuple(rows.columns) == INSTANCE_COLUMNS
    assert rows["class"].tolist() == [instance.class_key for instance in result.instances]
    for row, instance in zip(rows.itertuples(), result.instances, strict=True):
        assert row.die_count == instance.die_count
        assert row.area_mm2 == pytest.approx(instance.area_mm2, abs=1e-4)
        assert (row.centroid_row, row.centroid_column) == pytest.approx(instance.centroid_die, abs=1e-4)
        assert (row.centroid_x_mm, row.centroid_y_mm) == pytest.approx(instance.centroid_mm, abs=1e-4)


def test_the_box_of_a_cluster_names_its_first_and_last_die():
    rows = table(instances_csv([example_result()])).set_index("class")
    box = rows.loc["particle", ["first_row", "first_column", "last_row", "last_column"]]
    assert box.tolist() == [4, 6, 7, 10]


def test_one_line_a_wafer_with_its_counts():
    rows = table(wafers_csv([example_result(), example_result("LOT2", "007")]))
    assert tuple(rows.columns) == WAFER_COLUMNS
    assert rows["key"].tolist() == ["LOT1:W01", "LOT2:007"]
    assert rows["wafer"].tolist() == ["W01", "007"]
    assert rows["classes"].tolist() == ["scratch particle"] * 2
    assert rows["failing_dies"].tolist() == [21, 21]
    assert rows["yield_fraction"].tolist() == pytest.approx([1 - 21 / 720] * 2, abs=1e-4)


def test_a_lot_name_with_commas_quotes_and_line_ends_stays_one_cell():
    lot = 'L,"1"\nx'
    assert table(wafers_csv([example_result(lot)]))["lot"].tolist() == [lot]


def test_tables_of_nothing_have_their_header():
    assert wafers_csv([]).splitlines() == [",".join(WAFER_COLUMNS)]
    assert instances_csv([]).splitlines() == [",".join(INSTANCE_COLUMNS)]


def test_what_a_file_left_open_and_the_first_pass_stand_in_the_table_and_in_json():
    result = example_result()
    told = {"first_pass_tested": "4", "first_pass_passing": "1"}
    again = replace(result, wafer=replace(result.wafer, step="CP1", remarks=("One.", "=Two."), attributes=told))
    row = table(wafers_csv([again])).iloc[0]
    assert (row["step"], row["remarks"], row["first_pass_yield"]) == ("CP1", "One. =Two.", 0.25)
    record = json.loads(result_json(again))
    assert (record["remarks"], record["first_pass_yield"]) == (["One.", "=Two."], 0.25)
    unknown = replace(again, wafer=replace(again.wafer, passing_known=False))
    row = table(wafers_csv([unknown])).iloc[0]
    assert not row["passing_known"]
    assert row[["yield_fraction", "first_pass_yield"]].isna().all()
    record = json.loads(result_json(unknown))
    assert (record["yield_fraction"], record["passing_known"]) == (None, False)
