import csv
import io

import numpy as np
import pandas as pd

from core.exports.die_table import DIE_COLUMNS, dies_csv
from data.classes import CLASS_INDEX, CLASS_KEYS
from data.orientation import axes_text
from tests.core.exports.examples import example_result


def table(*results):
    return pd.read_csv(io.StringIO(dies_csv(results)))


def test_every_tested_die_has_a_row_with_its_classes():
    result = example_result()
    found = table(result)
    assert tuple(found.columns) == DIE_COLUMNS
    assert len(found) == result.wafer.tested_count
    for key in CLASS_KEYS:
        expected = np.zeros(result.wafer.dies.shape, dtype=int)
        expected[found["row"], found["column"]] = found[key]
        assert np.array_equal(expected == 1, result.segmentation.masks[CLASS_INDEX[key]])
    assert (found["defect"] == found[list(CLASS_KEYS)].max(axis=1)).all()
    assert (found["result"] == "fail").sum() == result.wafer.fail_count


def test_dies_are_keyed_as_the_tester_keyed_them():
    result = example_result(attributes={"die_axes": axes_text("left", "up", (5, -2))})
    found = table(result)
    assert (found["x"] == 5 - found["column"]).all()
    assert (found["y"] == -2 - found["row"]).all()


def test_without_coordinates_the_grid_counts_from_the_upper_left():
    found = table(example_result())
    assert (found["x"] == found["column"]).all()
    assert (found["y"] == found["row"]).all()


def test_joining_by_place_leaves_defect_dies_out():
    result = example_result(bins=np.arange(720, dtype=np.uint16).reshape(30, 24))
    parametrics = pd.DataFrame({"x": [6, 7, 0, 23], "y": [4, 5, 0, 29], "leakage_na": [9.0, 8.0, 1.0, 7.0]})
    joined = parametrics.merge(table(result), on=["x", "y"])
    assert joined["bin"].tolist() == [4 * 24 + 6, 5 * 24 + 7, 0, 719]
    assert joined.loc[joined["defect"] == 0, "leakage_na"].tolist() == [1.0, 7.0]


def test_names_that_a_spreadsheet_would_run_are_defused():
    [first, *_] = csv.DictReader(io.StringIO(dies_csv([example_result(lot="=1+1")])))
    assert (first["key"], first["lot"], first["bin"]) == ("=1+1:W01", "'=1+1", "")
