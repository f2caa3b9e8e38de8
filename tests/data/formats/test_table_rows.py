"""What stands around the dies of a table, and how its cells are parted: read right, or refused with a sentence."""

import time

import pytest

from data.formats import ReadFailure, ReadOptions, read_bytes
from data.orientation import Corner, OrientationRule, die_coordinates
from data.wafer import WaferMap

DIES = [[1, 1, 2], [1, 2, 1]]
ROWS = [(x, y, {1: "1", 2: "5"}[die]) for y, row in enumerate(DIES) for x, die in enumerate(row)]


def rows(separator: str = ",", extra: str = "") -> str:
    return "".join(f"{x}{separator}{y}{separator}{code}{extra}\n" for x, y, code in ROWS)


def read(text: str, name: str = "a.csv", **options) -> WaferMap:
    [result] = read_bytes(name, text.encode(), options=ReadOptions(**options))
    assert isinstance(result, WaferMap), result
    return result


def refusal(text: str, name: str = "a.csv") -> str:
    [result] = read_bytes(name, text.encode())
    assert isinstance(result, ReadFailure), result
    assert result.reason.endswith(".")
    return result.reason


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.dat", "noname"])
@pytest.mark.parametrize(
    "text",
    [
        "x,y,bin\n" + rows(),
        "x;y;bin\n" + rows(";"),
        "x\ty\tbin\n" + rows("\t"),
        "x|y|bin\n" + rows("|"),
        "X Y BIN\n" + rows(" "),
        "   X    Y   BIN\n" + rows("    "),
        "Die X   Die Y   Hard Bin\n" + rows("       "),
        "| X | Y | BIN |\n|---|---|-----|\n" + "".join(f"| {x} | {y} | {code} |\n" for x, y, code in ROWS),
        "X;Y;HBIN;Vdd\n" + rows(";", ";1,25"),
        "X;Y;HBIN\n" + "".join(f"{x},0;{y},0;{code}\n" for x, y, code in ROWS),
        "X,Y,HBIN\n" + "".join(f"{x}.0,{y}.0,{code}\n" for x, y, code in ROWS),
        "X,Y,HBIN\n" + "".join(f'"{x}","{y}","{code}"\n' for x, y, code in ROWS),
        "X,Y,HBIN,note\n" + "".join(f'{x},{y},{code},"a, ""b"""\n' for x, y, code in ROWS),
        "x,y,bin\n" + rows(extra=","),
        "x,y,bin,\n" + rows(),
        "x,y,bin,vth,\n" + rows(extra=",0.5"),
        "x,y,bin\n\n" + rows() + "\n\n",
        "x,y,bin\n,,\n" + rows() + ",,\n",
        "Report of the tester\n\nsite 3, loop 2\nx,y,bin\n" + rows(),
        "Part,x,y,bin,Vdd\nUnit,,,,V\nLowLimit,,,,1.1\nHighLimit,,,,1.3\n"
        + "".join(f"1,{x},{y},{code},1.2\n" for x, y, code in ROWS),
        "Part,x,y,bin,Vdd\nLSL,0,0,0,1.1\nUSL,99,99,9,1.3\nUnits,,,,V\n".replace("LSL,0,0,0", "LSL,,,").replace(
            "USL,99,99,9", "USL,,,"
        )
        + "".join(f"1,{x},{y},{code},1.2\n" for x, y, code in ROWS),
        "Part,x,y,bin,Vdd\nLowLimit,0,0,0,1.1\nHighLimit,99,99,9,1.3\n"
        + "".join(f"1,{x},{y},{code},1.2\n" for x, y, code in ROWS),
        "x,y,bin,Vdd\n#,#,-,V\n" + rows(extra=",1.2"),
        "x,y,bin\n" + rows() + "Total,6\nYield,66.7 %\n",
        "x,y,bin\n" + rows() + "\nEnd of file\n",
        "x,y,bin\n" + rows() + "\nBin,Count,Percent\n1,4,66.7\n5,2,33.3\n",
        "x,y,bin,Vdd\n" + rows(extra=",1.2") + "Average,8,8,1.2\n",
        "x,y,bin\n" + rows()[:18] + "x,y,bin\n" + rows()[18:],
        "x,y,bin\n" + rows()[:18] + "\nPage 2\n\nX,Y,BIN\n" + rows()[18:],
    ],
)
def test_a_table_is_the_same_however_it_is_written(name, text):
    assert read(text, name).dies.tolist() == DIES


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_every_encoding_is_read(encoding):
    text = f"Product;Größe\nx;y;bin\n{rows(';')}"
    [wafer] = read_bytes("a.csv", text.encode(encoding))
    assert (wafer.product, wafer.dies.tolist()) == ("Größe", DIES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (rows(), "expected a line that names the columns x, y and bin"),
        ("Die,X,Y,Thickness\n1,0,0,1004.5\n", "expected columns for x, y and bin (or pass_fail), found Die, X, Y"),
        ("x,y,value\n" + "".join(f"{i % 9},{i // 9},{1000 + i}\n" for i in range(81)), "holds 81 different numbers"),
        ("x,y,bin,Vdd\n" + rows(extra=",1,25"), "line 2: expected 4 cells, found 5"),
        ("x,y,bin\n" + rows() + "3,1\n", "line 8: expected 3 cells, found 2"),
        ("x,y,bin\n" + rows()[:12] + "oops,1,1\n" + rows()[12:], "dies go on below line 4, which is no die"),
        ("x,y,bin\n" + rows()[:12] + "oops,ouch,no\nmore,of,it\n" + rows()[12:], "dies go on below line 4"),
        ("x,y,bin\n" + rows()[:12] + ",,5\n" + rows()[12:], "line 4: column 'x' holds '', expected a whole number"),
        ("x,y,bin\n" + rows() + "7,,1\n", "line 8: column 'y' holds ''"),
        ("x,y,bin\na,b,1\n" + rows(), "line 2: column 'x' holds 'a'"),
        ("x,y,bin,Vdd\nmm,mm,,V\n" + rows(extra=",1.2"), "gives 'x' in mm, expected rows and columns of dies"),
        ("x,y,bin\n" + rows() + "\nx,y,soft_bin\n" + rows(), "line 9: a second table of dies begins"),
        ("lot,x,y,bin\nL1,0,0,1\n,1,0,1\nL1,2,0,1\n", "line 3: column 'lot' holds '', expected a name"),
        ("wafer,x,y,bin\n1,0,0,1\n,0,0,1\n", "line 3: column 'wafer' holds ''"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_place(text, said):
    assert said in refusal(text)


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "noname"])
@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{x},{y},1,1,{1 + x % 2}\n" for y in range(9) for x in range(9)),
        "".join(f"{x} {y} {1 + x % 2}\n" for y in range(9) for x in range(9)),
        "Serial numbers\n" + "".join(f"{10_000 + i}\n" for i in range(30)),
        "".join(f"A{10_000 - i}\n" for i in range(30)),
    ],
)
def test_lists_of_numbers_without_names_are_no_wafer(name, text):
    assert "expected a line that names the columns x, y and bin" in refusal(text, name).replace(
        "expected columns for x, y and bin", "expected a line that names the columns x, y and bin"
    )


def test_wafers_below_each_other_are_kept_apart():
    text = f"Lot,L1\nWafer,05\nx,y,bin\n{rows()}Total,6\n\nWafer,06\nx,y,bin\n0,0,5\n"
    first, second = read_bytes("a.csv", text.encode())
    assert (first.key, first.dies.tolist()) == ("L1:05", DIES)
    assert (second.key, second.dies.tolist()) == ("L1:06", [[2]])


def test_wafers_below_each_other_are_kept_apart_where_the_coordinates_come_later():
    text = "Wafer:,05\nPart,x,y,bin\n1,0,0,1\n2,1,0,1\nWafer:,06\nPart,x,y,bin\n1,0,0,5\n"
    assert [wafer.dies.tolist() for wafer in read_bytes("a.csv", text.encode())] == [[[1, 1]], [[2]]]


def test_merged_cells_are_filled_down_where_every_wafer_begins_with_its_name_and_that_is_said():
    first, second = read_bytes("a.csv", b"wafer,x,y,bin\n1,0,0,1\n,1,0,5\n2,0,0,5\n,1,0,1\n")
    assert [(wafer.wafer_id, wafer.dies.tolist()) for wafer in (first, second)] == [("1", [[1, 2]]), ("2", [[2, 1]])]
    assert first.remarks == ("Empty cells of 'wafer' were read as the cell above.",)


LONG = "die_x,die_y,test_id,test_name,measured,unit,pass_fail\n"


@pytest.mark.parametrize(
    "text",
    [
        LONG + "0,0,1,I,2,uA,PASS\n0,0,2,V,4,V,PASS\n1,0,1,I,9,uA,FAIL\n1,0,2,V,4,V,PASS\n",
        LONG + "1,0,2,V,4,V,PASS\n1,0,1,I,9,uA,FAIL\n0,0,2,V,4,V,PASS\n0,0,1,I,2,uA,PASS\n",
        LONG + "0,0,1,I,9,uA,FAIL\n0,0,1,I,2,uA,PASS\n0,0,2,V,4,V,PASS\n1,0,1,I,9,uA,FAIL\n1,0,2,V,4,V,PASS\n",
        "x,y,test_name,value,lsl,usl\n0,0,I,2,1,3\n0,0,V,4,1,5\n1,0,I,9,1,3\n1,0,V,4,1,5\n",
        "x,y,parameter,result,high limit\n0,0,I,2,3\n0,0,V,4,\n1,0,I,9,3\n1,0,V,4,5\n",
        "x,y,test_num,hbin,result\n0,0,1,1,P\n0,0,2,1,P\n1,0,1,5,F\n1,0,2,5,P\n",
    ],
)
def test_a_die_fails_when_one_of_its_tests_does(text):
    assert read(text).dies.tolist() == [[1, 2]]


def test_bins_of_a_table_of_tests_are_kept():
    wafer = read("x,y,test_num,hbin,result\n0,0,1,1,P\n0,0,2,1,P\n1,0,1,7,F\n1,0,2,7,P\n")
    assert wafer.bins.tolist() == [[1, 7]]


def zero_bins(good: int, bad: int, codes: tuple[int, int]) -> str:
    return "x,y,hbin\n" + "".join(f"{i},0,{codes[i >= good]}\n" for i in range(good + bad))


def test_bin_zero_is_a_result_and_passes_where_most_dies_have_it_and_none_has_one():
    wafer = read(zero_bins(8, 2, (0, 3)))
    assert (wafer.tested_count, wafer.fail_count) == (10, 2)
    assert wafer.remarks == ("No die has bin 1 and most have bin 0 in 'hbin': bin 0 was read as passing.",)


def test_bin_zero_fails_beside_more_dies_of_bin_one():
    wafer = read(zero_bins(8, 2, (1, 0)))
    assert (wafer.tested_count, wafer.fail_count) == (10, 2)
    assert "were read as failing" in wafer.remarks[0]


@pytest.mark.parametrize("text", [zero_bins(2, 8, (0, 3)), zero_bins(2, 8, (1, 0)), zero_bins(5, 5, (0, 1))])
def test_where_bin_zero_may_pass_or_fail_the_caller_is_asked(text):
    assert "which may pass or fail" in refusal(text)
    assert read(text, pass_values=(0,)).tested_count == 10


def test_bin_zero_is_no_die_where_the_caller_says_so_or_a_whole_array_has_it_at_its_corners():
    assert read(zero_bins(8, 2, (1, 0)), off_values=(0,)).tested_count == 8
    grid = [[0, 1, 1, 0], [1, 2, 1, 1], [0, 1, 1, 0]]
    wafer = read("x,y,bin\n" + "".join(f"{x},{y},{v}\n" for y, row in enumerate(grid) for x, v in enumerate(row)))
    assert wafer.dies.tolist() == grid
    assert "0 was read as no die" in wafer.remarks[0]


def test_a_table_in_which_nothing_passes_is_remarked_upon():
    assert "so all dies of 'hbin' fail" in read(zero_bins(8, 2, (2, 3))).remarks[0]


@pytest.mark.parametrize("top_row_is_first", [True, False])
def test_the_coordinates_of_the_file_are_kept(top_row_is_first):
    corner = Corner.UPPER_LEFT if top_row_is_first else Corner.LOWER_LEFT
    text = "x,y,bin\n" + "".join(f"{x + 1000},{y + 2000},{code}\n" for x, y, code in ROWS)
    wafer = read(text, rules=(("", OrientationRule(origin=corner)),))
    assert wafer.dies.tolist() == (DIES if top_row_is_first else DIES[::-1])
    x, y = die_coordinates(wafer)
    assert x.tolist() == [[1000, 1001, 1002]] * 2
    assert y[:, 0].tolist() == ([2000, 2001] if top_row_is_first else [2001, 2000])


def test_a_header_that_counts_other_dies_is_remarked_upon_and_far_off_refused():
    assert read("Total Die,6\nTotal Pass,4\nx,y,bin\n" + rows()).remarks == ()
    assert read("Total Die,7\nx,y,bin\n" + rows()).remarks == ("The file declares 7 tested dies, 6 were read.",)
    assert read("x,y,bin\n" + rows() + "Total Die,7\n").remarks == ("The file declares 7 tested dies, 6 were read.",)
    assert "declares 89 tested dies, 6 were read" in refusal("Total Die,89\nx,y,bin\n" + rows())


def test_several_names_on_a_line_are_several():
    assert read("Lot,L1,Wafer,05\nx,y,bin\n" + rows()).key == "L1:05"
    assert read("LOT: L1   WAFER: 05\nx,y,bin\n" + rows()).key == "L1:05"


def test_a_row_of_units_tells_the_unit_of_a_length():
    text = "x,y,bin,die width,die height\n,,,um,um\n0,0,1,40,40\n1,0,1,40,40\n"
    assert read(text).die_pitch_mm == pytest.approx((0.04, 0.04), rel=1e-12)


def test_many_columns_take_no_more_than_their_share_of_time():
    def seconds(columns: int) -> float:
        text = "x,y,bin," + ",".join(f"c{i}" for i in range(columns)) + "\n0,0,1" + "," * columns + "\n"
        start = time.perf_counter()
        assert read(text).tested_count == 1
        return time.perf_counter() - start

    seconds(100)
    assert seconds(32_000) < 40 * seconds(4_000) + 0.1


def test_rows_of_a_die_that_an_unknown_column_tells_apart_are_refused_where_their_results_differ():
    table = "x,y,corner,bin\n" + "".join(
        f"{x},{y},{corner},{5 if corner == 'hot' and x == 2 else 1}\n"
        for x in range(4)
        for y in range(3)
        for corner in ("hot", "cold")
    )
    assert "every die has 2 rows, told apart by 'corner', and their results differ" in refusal(table)
    assert read(table.replace("corner", "retest", 1)).fail_count == 0  # the last row counts
    assert read(table.replace("corner", "test_id", 1)).fail_count == 3


def test_a_summary_below_the_dies_is_none_without_a_gap_too():
    assert read("x,y,bin\n" + rows() + "Bin,Count,Percent\n1,4,66.7\n5,2,33.3\n").dies.tolist() == DIES


def test_names_that_tabs_part_may_stand_above_rows_that_blanks_part():
    assert read("x\ty\tbin\n" + rows(" ")).dies.tolist() == DIES


def test_an_empty_column_of_results_leaves_the_bins_to_tell():
    assert read("x,y,bin,result\n0,0,1,\n1,0,5,\n").dies.tolist() == [[1, 2]]


@pytest.mark.parametrize("empty", ["", "NaN", "N/A"])
@pytest.mark.parametrize("column", ["bin", "pass_fail"])
def test_a_die_without_a_result_was_not_tested(column, empty):
    assert read(f"x,y,{column}\n0,0,1\n1,0,{empty}\n").dies.tolist() == [[1, 0]]
