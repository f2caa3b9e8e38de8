import csv
import io
import math
from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reports.table import UNDEFINED, Column, Table, is_defined, shown, table_csv

NOTHING = [None, float("nan"), pd.NA, pd.NaT]
KINDS = ["text", "count", "real", "score", "percent", "time"]


@pytest.mark.parametrize("cell", NOTHING, ids=repr)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_defined_is_a_dash_of_every_kind(cell, kind):
    assert not is_defined(cell)
    assert shown(cell, kind) == UNDEFINED


@pytest.mark.parametrize("cell", [0, 0.0, "", False, math.inf])
def test_nought_and_empty_text_are_defined(cell):
    assert is_defined(cell)


@pytest.mark.parametrize(
    ("cell", "kind", "expected"),
    [
        (0, "count", "0"),
        (1234567, "count", "1,234,567"),
        (0, "real", "0"),
        (99.96, "real", "100"),
        (100.4, "real", "100"),
        (-4325.6, "real", "-4,326"),
        (0, "percent", "0.0 %"),
        (1, "percent", "100.0 %"),
        (1, "score", "1.000"),
        (7, "text", "7"),
        ("1.5", "real", "1.5"),
        (datetime(2026, 3, 1, 7, 5, 59), "time", "2026-03-01 07:05"),
        (datetime(2026, 3, 1, 7, 5), "real", "2026-03-01 07:05"),
    ],
)
def test_a_cell_is_written_as_its_kind_says(cell, kind, expected):
    assert shown(cell, kind) == expected


texts = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=8)


@given(rows=st.lists(st.tuples(texts, st.integers(-9, 9), st.sampled_from(NOTHING)), max_size=5), title=texts)
def test_a_table_as_csv_is_read_back_cell_by_cell(rows, title):
    read = list(csv.reader(io.StringIO(table_csv(Table("T", [Column(title), Column("n"), Column("x")], rows)))))
    assert [read[0][0].removeprefix("'"), *read[0][1:]] == [title.removeprefix("'"), "n", "x"]
    assert [(row[1], row[2]) for row in read[1:]] == [(str(n), "") for _, n, _ in rows]
    for (said, _, _), row in zip(rows, read[1:], strict=True):
        assert row[0].removeprefix("'") == said.removeprefix("'")
