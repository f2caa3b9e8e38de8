import io
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from data.formats import ReadFailure, ReadOptions, read_bytes
from data.formats.columns import COLUMN_ALIASES
from data.formats.metadata import ALIASES


def csv(text: str, **options):
    return list(read_bytes("lot.csv", text.encode(), options=ReadOptions(**options)))


def parquet(frame: pd.DataFrame):
    stream = io.BytesIO()
    frame.to_parquet(stream)
    return list(read_bytes("lot.parquet", stream.getvalue()))


def test_bin_one_passes_others_fail_and_absent_dies_are_off():
    [wafer] = csv("x,y,bin\n10,5,1\n12,5,7\n11,6,1\n")
    assert wafer.dies.tolist() == [[1, 0, 2], [0, 1, 0]]
    assert wafer.bins.tolist() == [[1, 0, 7], [0, 1, 0]]


@pytest.mark.parametrize("x", COLUMN_ALIASES["x"])
def test_every_spelling_of_x_is_known(x):
    assert csv(f"{x.upper()},y,bin\n0,0,1\n1,0,2\n")[0].dies.tolist() == [[1, 2]]


@pytest.mark.parametrize(
    "head", ["die_x,die_y,hard_bin", "XCOORD,YCOORD,soft_bin", "col;row;P/F", "dieX\tdieY\tPass Fail", "column|row|bin"]
)
def test_common_heads_and_separators_are_known(head):
    separator = next(mark for mark in ";\t|," if mark in head)
    cells = ["P", "F"] if "P" in head else ["1", "2"]
    rows = "\n".join(separator.join([str(x), "0", cell]) for x, cell in enumerate(cells))
    assert csv(f"{head}\n{rows}\n")[0].dies.tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("good", "bad"), [("P", "F"), ("pass", "FAIL"), ("true", "false"), ("1", "0"), ("Good", "Bad")]
)
def test_words_for_pass_and_fail(good, bad):
    assert csv(f"x,y,pass_fail\n0,0,{good}\n1,0,{bad}\n2,0,\n")[0].dies.tolist() == [[1, 2, 0]]


def test_a_column_that_marks_failures_is_turned_round():
    assert csv("x,y,defective\n0,0,0\n1,0,1\n")[0].dies.tolist() == [[1, 2]]


def test_a_result_outranks_the_bins_unless_the_caller_says_which_pass():
    text = "x,y,bin,result\n0,0,5,P\n1,0,6,F\n"
    assert csv(text)[0].dies.tolist() == [[1, 2]]
    assert csv(text, pass_values=(6,))[0].dies.tolist() == [[2, 1]]


def test_a_die_tested_twice_counts_by_its_last_row():
    assert csv("x,y,bin\n0,0,2\n1,0,1\n0,0,1\n")[0].dies.tolist() == [[1, 1]]


def test_wafers_are_parted_by_lot_and_wafer_however_rows_are_mixed():
    text = "lot,wafer,x,y,bin\nB,1,0,0,1\nA,1,0,0,2\nB,2,0,0,1\nB,1,1,0,2\nA,1,0,1,1\n"
    wafers = csv(text)
    assert [(wafer.key, wafer.dies.tolist()) for wafer in wafers] == [
        ("B:1", [[1, 2]]),
        ("A:1", [[2], [1]]),
        ("B:2", [[1]]),
    ]


def test_grouping_agrees_with_a_slow_oracle():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "lot": rng.choice(["L1", "L2"], 400),
            "wafer": rng.integers(1, 4, 400),
            "x": rng.integers(-3, 6, 400),
            "y": rng.integers(0, 7, 400),
            "bin": rng.integers(1, 5, 400),
        }
    )
    wafers = {wafer.key: wafer for wafer in parquet(frame)}
    assert len(wafers) == 6
    for (lot, name), rows in frame.groupby(["lot", "wafer"]):
        expected = np.zeros((rows.y.max() - rows.y.min() + 1, rows.x.max() - rows.x.min() + 1), dtype=int)
        for row in rows.itertuples():
            expected[row.y - rows.y.min(), row.x - rows.x.min()] = row.bin
        assert wafers[f"{lot}:{name}"].bins.tolist() == expected.tolist()


HEADER = """# Lot ID: L77
# Wafer = W09
# Product: CHIP-A
# test_program, TP v3
# tested_at: 2026-05-01T14:30:00+02:00
# Die Pitch X (um): 8200
# die_pitch_y_mm: 7,5
# wafer diameter: 12 in
# Notch: Left
# chamber: CH-2
x,y,bin
0,0,1
1,0,2
"""


def test_header_lines_are_metadata_with_units():
    [wafer] = csv(HEADER)
    assert (wafer.key, wafer.product, wafer.test_program, wafer.notch) == ("L77:W09", "CHIP-A", "TP v3", "down")
    assert wafer.dies.tolist() == [[2], [1]]  # turned, since the notch was on the left; so are the pitches
    assert wafer.tested_at == datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
    assert wafer.die_pitch_mm == pytest.approx((8.2, 7.5), rel=1e-12)
    assert wafer.diameter_mm == pytest.approx(304.8, rel=1e-12)
    assert dict(wafer.attributes) == {"chamber": "CH-2", "die_axes": "x up, y right, (1, 0) at row 0, column 0"}


def test_pitch_in_one_line_is_column_by_row():
    assert csv("# pitch: 8 x 7.5 mm\nx,y,bin\n0,0,1\n")[0].die_pitch_mm == (7.5, 8.0)


def test_columns_the_same_all_over_each_wafer_are_its_history_and_measurements_are_not():
    text = "wafer,x,y,bin,tool,vth\n1,0,0,1,CMP1,0.1\n1,1,0,1,CMP1,0.2\n2,0,0,1,CMP2,0.3\n2,1,0,1,CMP2,0.4\n"
    axes = {"die_axes": "x right, y down, (0, 0) at row 0, column 0"}
    assert [dict(wafer.attributes) for wafer in csv(text)] == [{"tool": "CMP1"} | axes, {"tool": "CMP2"} | axes]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(encoding, newline):
    text = "# product: Größe\nx,y,bin\n0,0,1\n1,0,2\n".replace("\n", newline)
    [wafer] = read_bytes("a.csv", text.encode(encoding))
    assert (wafer.product, wafer.dies.tolist()) == ("Größe", [[1, 2]])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x,y\n1,2\n", "expected columns for x, y and bin (or pass_fail), found x, y"),
        ("x,y,bin\n", "found a header alone"),
        ("# only: comments\n", "found none"),
        ("x,y,bin\n1,2,1\n1,a,1\n", "lot.csv line 3: column 'y' holds 'a', expected a whole number"),
        ("x,y,bin\n1,2,1\n1.5,2,1\n", "lot.csv line 3: column 'x' holds '1.5'"),
        ("# lot: A\nx,y,bin\n1,2,1\n2,2,oops\n", "lot.csv line 4: column 'bin' holds 'oops'"),
        ("x,y,bin\n1,2,-4\n", "column 'bin' holds '-4'"),
        ("x,y,bin\n1,2\n", "lot.csv line 2: expected 3 cells, found 2"),
        ("x,y,bin\n0,0,1\n9999,0,1\n", "at most 4096 dies a side, found 1 x 10000"),
        ("x,y,bin\n0,0,\n", "no die of the grid was tested"),
        ("# notch: sideways\nx,y,bin\n0,0,1\n", "'notch' is down, left, up or right, found 'sideways'"),
        ("# diameter: wide\nx,y,bin\n0,0,1\n", "'diameter' is a positive length such as 7.5 mm, found 'wide'"),
        ("# pitch: 1x2x3\nx,y,bin\n0,0,1\n", "one length or two"),
    ],
)
def test_each_fault_is_one_sentence_with_its_place(text, said):
    [failure] = csv(text)
    assert isinstance(failure, ReadFailure)
    assert said in failure.reason
    assert failure.reason.endswith(".")


def test_a_table_of_too_many_rows_is_refused():
    assert "the limit is 1" in csv("x,y,bin\n0,0,1\n1,0,1\n", max_table_rows=1)[0].reason


def test_parquet_columns_of_every_type_are_understood():
    frame = pd.DataFrame(
        {
            "lot": pd.Categorical(["L", "L"]),
            "wafer": [7.0, 7.0],
            "x": np.array([0, 1], np.uint8),
            "y": [0.0, 0.0],
            "bin": pd.array([1, None], dtype="Int16"),
            "tested_at": pd.to_datetime(["2026-01-02"] * 2),
            "pitch": [7.5, 7.5],
        }
    )
    [wafer] = parquet(frame)
    assert (wafer.key, wafer.dies.tolist(), wafer.die_pitch_mm) == ("L:7", [[1, 0]], (7.5, 7.5))
    assert wafer.tested_at == datetime(2026, 1, 2, tzinfo=UTC)


def test_no_spelling_stands_for_two_things():
    spellings = [alias for aliases in (*ALIASES.values(), *COLUMN_ALIASES.values()) for alias in aliases]
    assert len(spellings) == len(set(spellings))
