import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from web.api.rows import plain, rows


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (np.float32("inf"), None),
        (pd.NaT, None),
        (None, None),
        (np.bool_(True), True),
        ([np.int64(1), np.nan], [1, None]),
        (date(2026, 1, 5), "2026-01-05"),
        ({"a": "b"}, {"a": "b"}),
    ],
)
def test_a_cell_is_what_json_has_for_it(cell, expected):
    assert plain(cell) == expected


def test_rows_of_any_table_can_be_written():
    table = pd.DataFrame({"at": [pd.Timestamp("2026-01-05"), pd.NaT], "n": [1.5, np.nan], "k": [["edge"], []]})
    found = rows(table)
    assert found[0]["at"].isoformat() == "2026-01-05T00:00:00+00:00"
    assert found[1] == {"at": None, "n": None, "k": []}
    json.dumps(found, default=str)
