import csv
import io

import pandas as pd

from core.exports.frames import frame_csv


def test_a_table_comes_back_as_it_was_but_for_formulas():
    table = pd.DataFrame({"lot": ["L1", "=cmd()", "a,b"], "share": [0.25, None, -1.5], "n": [1, 2, 3]})
    rows = list(csv.reader(io.StringIO(frame_csv(table))))
    assert rows == [["lot", "share", "n"], ["L1", "0.25", "1"], ["'=cmd()", "", "2"], ["a,b", "-1.5", "3"]]


def test_a_column_that_people_named_runs_no_more_than_a_cell():
    assert frame_csv(pd.DataFrame({"=1+1": ["a"], 7: ["b"]})) == "'=1+1,7\na,b\n"


def test_times_are_in_utc_and_the_heading_says_so_while_no_key_runs():
    table = pd.DataFrame({"key": ["=L:W"], "lot": ["=L"], "frozen": pd.to_datetime(["2026-05-01 14:30"])})
    rows = list(csv.reader(io.StringIO(frame_csv(table))))
    assert rows == [["key", "lot", "frozen (UTC)"], ["'=L:W", "'=L", "2026-05-01 14:30:00"]]
