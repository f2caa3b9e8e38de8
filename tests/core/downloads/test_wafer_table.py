import io

import pandas as pd

from core.downloads.wafer_table import page_csv
from core.lake import Lake, WaferFilter
from core.lake.filter import PAGE_COLUMNS
from tests.core.lake_examples import drawn, found_on


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
