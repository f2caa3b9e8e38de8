import numpy as np
import pytest

from data.formats import ReadFailure, ReadOptions, read_bytes
from data.wafer import WaferMap
from tests.data.formats.map_texts import PLAIN, RING, coded, counts, dies_of

DIES = [[0, 1, 1, 1, 0], [1, 1, 2, 1, 1], [0, 1, 2, 1, 0]]


def read(text: str, name: str = "a.txt"):
    [result] = read_bytes(name, text.encode())
    return result


@pytest.mark.parametrize(
    "text",
    [
        ".111.\n11X11\n.121.\n",
        "_111_\r\n11211\r\n_1F1_",
        " 111\n11X11\n 1X1\n",
        "-PPP-\nPPFPP\n-PFP-\n",
        "01110\n11211\n01210\n",
        ". 1 1 1 .\n1 1 2 1 1\n. 1 2 1 .\n",
        ".. 01 01 01 ..\n01 01 12 01 01\n.. 01 12 01 ..\n",
        "0,1,1,1,0\n1,1,3,1,1\n0,1,4,1,0\n",
        ";1;1;1;\n1;1;3;1;1\n;1;3;1;\n",
        "0\t1\t1\t1\t0\n1\t1\t7\t1\t1\n0\t1\t7\t1\t0\n",
        "Lot: L7\n\n.111.\n11X11\n.121.\n\nYield: 82 %\n",
    ],
)
def test_maps_of_every_way_of_writing_are_the_same(text):
    assert read(text).dies.tolist() == DIES


def test_headers_above_and_below_are_metadata():
    wafer = read("Product: P1\nWafer No: 7\nFlat: Up\n\n.121.\n11X11\n.111.\n\nLot: L7\n")
    assert (wafer.key, wafer.product) == ("L7:7", "P1")
    assert wafer.dies.tolist() == [row[::-1] for row in [[0, 1, 1, 1, 0], [1, 1, 2, 1, 1], [0, 1, 2, 1, 0]]]


def test_rows_of_different_length_are_refused_with_the_line():
    failure = read("Lot: L7\n.111.\n11X1\n.121.\n")
    assert isinstance(failure, ReadFailure)
    assert "line 3: the row has 4 dies, the first row has 5" in failure.reason


@pytest.mark.parametrize(
    "table",
    [
        "x,y,bin\n" + "0,0,1\n" * 9,
        "wafer,lot,x,y,bin\n" + "1,2,0,0,1\n" * 9,
        "lot,wafer,x,y,bin,result\n" + "1,2,0,0,1,1\n" * 9,
        "x y bin a b\n".replace(" ", "\t") + "0\t0\t1\t1\t1\n" * 9,
    ],
)
def test_tables_of_dies_are_no_maps(table):
    assert isinstance(read(table), WaferMap)
    assert read(table).tested_count == 1


def test_a_table_without_known_columns_still_says_which_are_missing():
    assert "expected columns for x, y and bin" in read("a,b,c,d,e\n" + "0,0,1,2,3\n" * 9, "a.csv").reason


def test_prose_is_no_map():
    assert isinstance(read("This is a note.\nIt has lines.\nThree of them.\n"), ReadFailure)


@pytest.mark.parametrize(
    ("header", "mark"),
    [
        ("Gross Die: 61\nPass Die: 57\nFail Die: 4\nnotch-DOWN\n", "*"),
        ("GROSS 61\nPASS 57\nFAIL 4\n", "X"),
        ("Gross Die,61\nPass Die,57\nFail Die,4\n", "S"),
        ("Total: 61, Pass: 57, Fail: 4, Yield: 93.44%\n", "#"),
        ("Gross Dies: 89\nGood: 57\nBad: 4\n", "M"),
        ("Gross: 89\nTested: 61\n", "+"),
        ("Yield: 93.44 %\n", "E"),
        ("ROWCNT 11\nCOLCNT 11\nPASBIN 1\nNODI   .,X\n", "X"),
        ("BCEQU=1\nNULBC=.*\n", "*"),
        ("Good die: 1\nEdge die: E\nReference die: R\n", "E"),
        ("Pass bin: 1, 7\nNull bin: ~\n", "~"),
        ("Legend: 1 = Pass, 5 = Fail, E = Edge die\n", "E"),
        ("1 : Good\n5 : Bad\nM : Mirror die\n", "M"),
        ("Bin 1 Pass 57\nBin 5 Fail 4\n'#' = not tested\n", "#"),
    ],
)
def test_marks_that_the_header_or_its_counts_explain_are_dies_without_a_result(header, mark):
    wafer = read(header + RING.replace("*", mark))
    assert (wafer.dies.tolist(), wafer.remarks) == (dies_of(RING), ())


@pytest.mark.parametrize("mark", ["*", "#", "+", "S", "M", "E", "R", "X"])
def test_marks_that_nothing_explains_do_not_fail_and_it_is_said(mark):
    wafer = read(RING.replace("*", mark))
    assert wafer.dies.tolist() == dies_of(RING)
    assert wafer.remarks == (f"The header does not explain '{mark}' (28 dies); read as dies without a result.",)


def test_an_x_that_is_no_whole_rim_fails():
    assert counts(read(PLAIN.replace("2", "X"))) == (81, 8)


@pytest.mark.parametrize(
    ("header", "passing"),
    [
        ("BCEQU=123456789\n", 89),
        ("PASBIN 2\n", 8),
        ("Good bins: 1-2\n", 89),
        ("Pass Bin: 2, 7\n", 8),
        ("Good bin = '1'\n", 81),
        ("Pass bin: 01\n", 81),
        ("PASBIN 1 2 3\n", 89),
        ("GoodBins=A-C,2\n", 8),
        ("Fail bin: 2\n", 81),
        ("2 = Pass\n1 = Fail\n", 8),
    ],
)
def test_the_header_says_which_codes_pass(header, passing):
    assert counts(read(header + PLAIN)) == (passing, 89 - passing)


def test_codes_of_letters_pass_where_the_header_says_so():
    assert counts(read("Good die: A\nBad die: B\n" + "\n".join(coded(PLAIN, {"1": "A", "2": "B"})))) == (81, 8)


def test_declared_counts_tell_the_code_that_passes_where_no_header_does():
    wafer = read("Pass: 81\nFail: 8\n" + PLAIN.replace("1", "7"))
    assert counts(wafer) == (81, 8)
    assert wafer.remarks == ("The header does not say which code passes; by its counts '7' does.",)
    assert "Nothing says which code passes" in read(PLAIN.replace("1", "7")).remarks[0]


def test_declared_counts_that_differ_are_said_and_far_off_refused():
    assert read("Pass: 80\nFail: 9\n" + PLAIN).remarks == (
        "The file declares 80 passing dies, 81 were read.",
        "The file declares 9 failing dies, 8 were read.",
    )
    assert "the file declares 30 passing dies, 81 were read" in read("Pass die: 30\nFail die: 2\n" + PLAIN).reason


def test_a_header_that_says_two_things_of_a_code_is_refused():
    assert "code '1' passes, and that it fails" in read("PASBIN 1\nFail bin: 1\n" + PLAIN).reason


def test_a_map_that_has_not_the_declared_size_is_refused():
    assert "declares 12 rows, but the map has 11" in read("ROWCT=12\nCOLCT=11\n" + PLAIN, "a.map").reason
    assert "declares 10 columns, but the map has 11" in read("Rows: 11\nColumns: 10\n" + PLAIN, "a.map").reason


@pytest.mark.parametrize(
    "codes",
    [
        {".": "255", "1": "1", "2": "12"},
        {".": "-1", "1": "1", "2": "12"},
        {".": "FF", "1": "01", "2": "0A"},
        {".": "__", "1": "01", "2": "03"},
        {".": "000", "1": "001", "2": "009"},
    ],
)
@pytest.mark.parametrize("parted", [" ", ",", ";", "\t"])
def test_codes_of_words_are_numbers_of_the_file(codes, parted):
    wafer = read("\n".join(coded(PLAIN, codes, parted)))
    assert wafer.dies.tolist() == dies_of(PLAIN)
    assert set(wafer.bins.ravel().tolist()) == {0, 1, int(codes["2"], 16 if "F" in codes["."] else 10)}


def test_right_aligned_numbers_are_words():
    rows = ["".join({".": " 255", "1": "   1", "2": "  12"}[code] for code in row) for row in PLAIN.split()]
    assert read("\n".join(rows)).dies.tolist() == dies_of(PLAIN)


@pytest.mark.parametrize("outside", ["N", "9", "F"])
def test_a_code_that_fills_the_corners_around_a_round_wafer_is_no_die(outside):
    wafer = read(PLAIN.replace(".", outside))
    assert wafer.dies.tolist() == dies_of(PLAIN)
    assert f"does not explain '{outside}' (32 dies)" in wafer.remarks[0]


def test_dots_that_blanks_surround_are_dies():
    text = PLAIN.replace(".", " ").replace("1", ".").replace("2", "X")
    assert counts(read(". = pass\nX = fail\n" + text)) == (81, 8)
    assert counts(read("Pass: 81\nFail: 8\n" + text)) == (81, 8)
    assert "does not explain '.' (81 dies); read as passing dies" in read(text).remarks[0]


def test_zeros_on_the_wafer_are_said():
    assert counts(read("Pass: 81\nFail: 8\n" + PLAIN.replace("2", "0"))) == (81, 8)
    assert "does not explain '0' (8 dies)" in read(PLAIN.replace("2", "0")).remarks[0]


@pytest.mark.parametrize(
    "lines",
    [
        ["   01234567890", *(f"{n:02d} {row}" for n, row in enumerate(PLAIN.split()))],
        [f"{n:2d}| {row}" for n, row in enumerate(PLAIN.split())],
        [f"{n:03d}  {' '.join(row)}" for n, row in enumerate(PLAIN.split(), 1)],
        ["0 1 2 3 4 5 6 7 8 9 10", *(" ".join(row) for row in PLAIN.split())],
        [f"R{n} {row}" for n, row in zip(range(10, -1, -1), PLAIN.split(), strict=True)],
    ],
)
def test_rulers_are_no_dies(lines):
    assert read("\n".join(lines)).dies.tolist() == dies_of(PLAIN)


def test_a_line_of_another_length_above_the_map_is_no_row():
    assert read("2024-05-01\nWX-77\n" + PLAIN).dies.tolist() == dies_of(PLAIN)


def test_a_row_of_many_letters_is_not_left_out():
    assert counts(read(PLAIN.replace(".111111222.\n.111111222.", ".ABCDGHIJK.\n.1ABCDGHIJ."))) == (70, 19)


@pytest.mark.parametrize("below", ["1    81 91.01\n2     8  8.99\n3     0  0.00\n", "BIN 1: 81\nBIN 2: 8\nTotal: 89\n"])
def test_a_summary_of_bins_is_no_second_map(below):
    wafer = read(f"Lot: L1\nWafer: 5\n{PLAIN}\nBin Count Yield\n{below}")
    assert (wafer.dies.tolist(), wafer.key, wafer.remarks) == (dies_of(PLAIN), "L1:5", ())


def test_codes_of_two_characters_may_stand_close_where_the_columns_are_declared():
    rows = "\n".join(coded(PLAIN, {".": "__", "1": "01", "2": "0A"}))
    assert read(f"ROWCT=11\nCOLCT=11\nBCEQU=1\n{rows}").dies.tolist() == dies_of(PLAIN)


def test_two_maps_in_a_file_are_refused():
    assert "holds 2 maps, which begin in lines 1, 13" in read(f"{PLAIN}\n{RING}").reason


@pytest.mark.parametrize(
    ("header", "turns"),
    [("notch-LEFT\n", 1), ("Flat / right\n", 3), ("MAPTYP=0\nFNLOC=90\nROWCT=11\n", 1), ("NULBC=.\nFNLOC=0\n", 0)],
)
def test_the_notch_is_read_from_its_word_or_in_degrees_from_the_bottom(header, turns):
    wafer = read(header + PLAIN)
    assert wafer.dies.tolist() == np.rot90(dies_of(PLAIN), turns).tolist()


def test_what_the_caller_says_goes_before_what_codes_mean():
    [wafer] = read_bytes("a.txt", RING.encode(), options=ReadOptions(pass_values=(1,), fail_values=(42,)))
    assert (counts(wafer), wafer.remarks) == ((57, 32), ())  # 42 is the star
