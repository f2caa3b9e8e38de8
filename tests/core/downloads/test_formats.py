import io

import pandas as pd
import pytest

from core.downloads.formats import (
    LOT_FORMATS,
    PERIOD_FORMATS,
    WAFER_FORMATS,
    ExportStyle,
    FormatKey,
    chosen,
    page_csv,
)
from core.identity import Person
from core.lake import Lake, WaferFilter
from core.lake.filter import PAGE_COLUMNS
from tests.core.exports.examples import example_result
from tests.core.lake_examples import drawn, found_on

STYLE = ExportStyle(Person("eva"))
BEGINS = {
    "image/png": b"\x89PNG",
    "application/pdf": b"%PDF",
    "image/svg+xml": b"<svg",
    "application/xml": b"<?xml",
    "application/json": b"{",
    "text/csv": b"key,",
}


@pytest.fixture(scope="module")
def result():
    return example_result(die_pitch_mm=(10.0, 12.0), diameter_mm=300.0)


@pytest.fixture(scope="module")
def lake(tmp_path_factory, result):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.append_wafers([result.wafer])
    lake.append_results([result])
    return lake


@pytest.mark.slow
@pytest.mark.parametrize("one", WAFER_FORMATS, ids=lambda one: one.key)
def test_a_wafers_file_is_what_its_type_says(one, result):
    content = one.make(result, STYLE)
    assert content.startswith(BEGINS.get(one.mime, b"PK" if one.ending == ".xlsx" else content[:4]))
    assert len(content) > 100
    assert content == one.make(result, STYLE) or one.ending == ".xlsx"


def test_lots_and_periods_have_files_too(lake, result):
    assert [one.make(lake, "LOT1", STYLE)[:2] for one in LOT_FORMATS] == [b"%P", b"PK"]
    assert [one.make(lake, WaferFilter(), STYLE)[:2] for one in PERIOD_FORMATS] == [b"%P"]


def test_every_format_has_a_key_of_its_own():
    keys = [one.key for one in (*WAFER_FORMATS, *LOT_FORMATS, *PERIOD_FORMATS)]
    assert sorted(keys) == sorted(FormatKey)
    assert chosen(WAFER_FORMATS, [FormatKey.PERIOD_PDF]) == []


def test_the_csv_holds_every_row_of_the_filter_in_its_order(tmp_path):
    lake = Lake(tmp_path)
    results = [found_on(drawn(n), "edge", "ring") for n in range(60)]
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results[:-3])
    where = WaferFilter(product="TC38")
    table = pd.read_csv(io.StringIO(page_csv(lake, where, "-severity")), keep_default_na=False)
    assert tuple(name.removesuffix(" (UTC)") for name in table.columns) == PAGE_COLUMNS
    assert {"tested_at (UTC)", "segmented_at (UTC)"} < set(table.columns)
    assert list(table["key"]) == list(lake.wafers_page(where, "-severity", limit=100)["key"])
    assert len(table) == 20
    assert set(table["classes_present"]) == {"edge ring", ""}


def test_a_filter_without_wafers_gives_the_heading_alone(tmp_path):
    assert page_csv(Lake(tmp_path), WaferFilter(), "key").replace(" (UTC)", "") == ",".join(PAGE_COLUMNS) + "\n"
