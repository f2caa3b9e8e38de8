"""Small texts that promise much: each ends in a sentence, and none takes memory or time beyond its size."""

import struct

import pytest

from data.errors import FormatError
from data.formats import read_bytes
from data.formats.klarf.words import MARKS_12, words_of
from data.wafer import WaferMap
from tests.data.formats.hostile_examples import MIB, grows_with_its_size, refusal

# text maps


def test_codes_that_are_all_different_are_no_map():
    codes = [f"{n:03x}" for n in range(4097)] + ["000"] * 3
    rows = [f"RowData:{' '.join(codes[at : at + 41])}" for at in range(0, 4100, 41)]
    assert "more than 4096 different codes" in refusal("a.sinf", "\n".join(["LOT:L", *rows]).encode())


def test_what_many_codes_mean_is_told_in_one_go():
    letters = [a + b for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "GHIJKLMNOPQRSTUVWXYZ"]

    def make(n: int) -> bytes:
        rows = [" ".join(letters[(7 * r + c) % min(n, len(letters))] for c in range(n)) for r in range(n)]
        return "\n".join(["LOT:L", *(f"RowData:__ {row} __" for row in rows)]).encode()

    assert grows_with_its_size("a.sinf", make, 12)


@pytest.mark.parametrize("name", ["a.map", "a.sinf"])
def test_lines_beyond_any_map_are_refused(name):
    start = "LOT:L\n" if name == "a.sinf" else ""
    assert "lines, more than any map" in refusal(name, (start + "RowData:01\n" * 140_000).encode(), 128 * MIB)


def test_rows_longer_than_any_map_are_no_rows():
    content = " 111\n" + "1" * 1_000_000 + "\n" + "111\n" * 2000
    assert refusal("a.map", content.encode())
    assert "at most 4096 dies a side" in refusal("a.sinf", ("LOT:L\nRowData:" + "01 " * 100_000).encode())


def test_rows_are_filled_up_no_more_than_round_maps_need():
    rows = [" 1", "1" * 4000, *["11"] * 1000]
    assert refusal("a.map", "\n".join(rows).encode(), 16 * MIB)
    wafer = ["  11", " 1111", "111111", "111111", " 1111", "  11"]
    [read] = read_bytes("a.map", "\n".join(["Lot: L", "Rows: 6", "Columns: 6", *wafer]).encode())
    assert read.dies.shape == (6, 6)


# KLARF


def klarf(*statements: str) -> bytes:
    return "\n".join(["FileVersion 1 2;", 'LotID "L";', *statements, "EndOfFile;"]).encode()


@pytest.mark.parametrize("lines", [["1 2 3 4 " * 1000], ["1 2 3 4"] * 1000])
def test_words_of_a_klarf_file_are_bounded(lines):
    with pytest.raises(FormatError, match="the file has more than 1000 words"):
        list(words_of(lines, MARKS_12, "a.klarf", most=1000))


def test_more_sample_plans_than_tests_are_refused():
    plans = ["SampleTestPlan 1 0 0;"] * 101
    assert "the wafer has 101 sample plans" in refusal("a.klarf", klarf(*plans, 'WaferID "1";', 'WaferID "2";'))


@pytest.mark.parametrize(
    "shared",
    [
        lambda n: [f"ClassLookup {n}", *(f'{i} "c"' for i in range(n)), ";", "SampleTestPlan 1 0 0;"],
        lambda n: [f"SampleSize {'1 ' * n};", "SampleTestPlan 1 0 0;"],
        lambda n: [f"DefectRecordSpec {n} {' '.join(f'C{i}' for i in range(n))};", "SampleTestPlan 1 0 0;"],
    ],
)
def test_what_wafers_share_is_understood_once(shared):
    def make(n: int) -> bytes:
        return klarf(*shared(n), *(f'WaferID "{i}";\nDefectList;\nSummaryList;' for i in range(n // 4)))

    assert grows_with_its_size("a.klarf", make, 400)


def test_fields_of_a_lot_that_say_nothing_are_not_kept_for_each_wafer():
    def make(n: int) -> bytes:
        plan = "List SampleTestPlanList { Columns 2 { int32 X, int32 Y } Data 1 { 0 0; } }"
        fields = "".join(f"Field F{i} 1 {{1}}\n" for i in range(n))
        wafers = "".join(f'Record WaferRecord "{i}" {{ }}\n' for i in range(n // 4))
        return (
            f'Record FileRecord "1.8" {{\nRecord LotRecord "L" {{\n{fields}{plan}\n{wafers}}}\n}}\nEndOfFile;'.encode()
        )

    assert all(isinstance(one, WaferMap) for one in read_bytes("a.klarf", make(40)))
    assert grows_with_its_size("a.klarf", make, 400)


# XML


@pytest.mark.parametrize("sign", ["<", "="])
def test_elements_and_attributes_are_counted_before_they_are_read(sign):
    content = b"<MapData>" + sign.encode() * 4_000_001
    assert f"more than 4000000 signs {sign}" in refusal("a.xml", content)


def e142(layouts: str, maps: int, bins: str = "") -> bytes:
    one = "<SubstrateMap SubstrateId='w' LayoutSpecifier='a'><Overlay><BinCodeMap BinType='Ascii'><BinCode>12</BinCode>"
    body = (one + "</BinCodeMap></Overlay></SubstrateMap>") * maps
    return f"<MapData><Layouts>{layouts}</Layouts>{bins}<SubstrateMaps>{body}</SubstrateMaps></MapData>".encode()


def test_codes_in_one_long_row_of_places_are_refused():
    long = e142("", 1).replace(b"<BinCode>12<", b"<BinCode X='0' Y='0'>" + b"1" * 100_000 + b"<")
    assert "the map has more codes than a wafer has dies" in refusal("a.xml", long)


def test_layouts_of_many_maps_are_taken_apart_once():
    def make(n: int) -> bytes:
        inside = "".join(f"<ChildLayout LayoutId='c{i}'/>" for i in range(n))
        return e142(f"<Layout LayoutId='a'><ChildLayouts>{inside}</ChildLayouts></Layout>", n // 8)

    assert grows_with_its_size("a.xml", make, 800)


def test_bins_that_stand_apart_from_too_many_maps_are_refused():
    bins = "".join(f"<Bin BinCode='{n}'/>" for n in range(10_001))
    results = list(read_bytes("a.xml", e142("", 1000, bins)))
    assert all("10001 definitions of bins stand apart from 1000 maps" in one.reason for one in results)


# STDF


@pytest.mark.slow
def test_records_that_are_looked_at_by_themselves_are_counted():
    start = struct.pack("<HBBBB", 2, 0, 10, 2, 4)
    assert "more parts than any lot" in refusal("a.stdf", start + struct.pack("<HBB", 0, 2, 10) * 500_001)
