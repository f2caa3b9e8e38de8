import csv
import io

import numpy as np
import pandas as pd
import pytest

from core.exports.die_table import DIE_COLUMNS, dies_csv
from data.classes import CLASS_INDEX, CLASS_KEYS
from data.formats import read_bytes, read_wafers
from data.orientation import axes_text, die_coordinates
from data.wafer import WaferMap
from tests.core.exports.examples import analysed, example_result
from tests.data.formats.make_fixtures import FIXTURES


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
    assert (first["key"], first["lot"], first["bin"]) == ("'=1+1:W01", "'=1+1", "")


PLACES = [(1000 + column, 1024 + row) for row in range(6) for column in range(5)]


def csv_of(places):
    return "x,y,bin\n" + "".join(f"{x},{y},{1 + (x % 3 == 0)}\n" for x, y in places)


def xlsx_of(places, path):
    pd.DataFrame([(x, y, 1 + (x % 3 == 0)) for x, y in places], columns=["x", "y", "bin"]).to_excel(path, index=False)


def parquet_of(places, path):
    pd.DataFrame([(x, y, 1 + (x % 3 == 0)) for x, y in places], columns=["x", "y", "bin"]).to_parquet(path)


def e142_of(places):
    codes = "".join(f'<BinCode X="{x}" Y="{y}">00{1 + (x % 3 == 0)}</BinCode>' for x, y in places)
    return (
        '<MapData xmlns="urn:semi-org:xsd.E142-1.V1005.SubstrateMap"><Layouts/><SubstrateMaps><SubstrateMap '
        'SubstrateId="W1" OriginLocation="LowerLeft"><Overlay MapName="m"><BinCodeMap BinType="Decimal" NullBin="255">'
        '<BinDefinitions><BinDefinition BinCode="001" BinQuality="Pass"/><BinDefinition BinCode="002" '
        f'BinQuality="Fail"/></BinDefinitions>{codes}</BinCodeMap></Overlay></SubstrateMap></SubstrateMaps></MapData>'
    )


@pytest.mark.parametrize("ending", ["csv", "txt", "xlsx", "parquet", "xml"])
def test_dies_leave_under_the_coordinates_of_the_file_they_came_from(tmp_path, ending):
    path = tmp_path / f"LOT1_W01.{ending}"
    if ending in ("xlsx", "parquet"):
        {"xlsx": xlsx_of, "parquet": parquet_of}[ending](PLACES, path)
    else:
        text = e142_of(PLACES) if ending == "xml" else csv_of(PLACES)
        path.write_text(text.replace(",", "  ") if ending == "txt" else text)
    [wafer] = read_wafers(path)
    assert isinstance(wafer, WaferMap), wafer
    rows = table(analysed(wafer, np.zeros((8, *wafer.dies.shape), dtype=bool)))
    assert set(zip(rows["x"], rows["y"], strict=True)) == set(PLACES)
    assert set(rows.loc[rows["result"] == "fail", "x"]) == {1002}


@pytest.mark.parametrize("name", ["lot7.stdf", "lot7_12.klarf", "lot7_18.klarf"])
def test_testers_and_inspectors_count_their_own_way_and_it_comes_back(name):
    [wafer, *_] = read_wafers(FIXTURES / name)
    rows = table(analysed(wafer, np.zeros((8, *wafer.dies.shape), dtype=bool)))
    x, y = die_coordinates(wafer)
    assert (rows["x"].to_numpy() == x[rows["row"], rows["column"]]).all()
    assert (rows["y"].to_numpy() == y[rows["row"], rows["column"]]).all()
    [again] = read_bytes("dies.csv", dies_csv([analysed(wafer, np.zeros((8, *wafer.dies.shape), dtype=bool))]).encode())
    assert np.array_equal(again.dies, wafer.dies)
    assert again.attributes["die_axes"] == wafer.attributes["die_axes"]


def test_a_table_of_an_earlier_version_lies_as_the_grid_did_and_keeps_its_coordinates():
    """Without its last column nothing but rows tells of the wafer: row and column lay it out, not x and y."""
    upwards = example_result(attributes={"die_axes": axes_text("right", "up", (1000, 1024))})
    bare = pd.read_csv(io.StringIO(dies_csv([upwards])), dtype=str, keep_default_na=False).drop(columns="waferscope")
    [found] = read_bytes("dies.csv", bare.to_csv(index=False).encode())
    assert np.array_equal(found.dies, upwards.wafer.dies)
    assert found.attributes == upwards.wafer.attributes


def test_many_wafers_come_back_each_as_it_was():
    results = [example_result(lot, product=f"P{n}", die_pitch_mm=(n + 1.5, 2.0)) for n, lot in enumerate(("A", "=B"))]
    found = list(read_bytes("dies.csv", dies_csv(results).encode()))
    assert [(w.key, w.product, w.die_pitch_mm) for w in found] == [
        (r.wafer.key, r.wafer.product, r.wafer.die_pitch_mm) for r in results
    ]
