import pytest

from data.formats import ReadFailure, read_bytes
from data.wafer import WaferMap

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
