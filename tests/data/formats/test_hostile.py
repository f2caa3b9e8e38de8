"""Small files that promise much: each ends in a sentence, and none takes memory or time beyond its size."""

import io
import pickle
import struct
import time
import tracemalloc
import zipfile
import zlib

import numpy as np
import pandas as pd
import pytest

from data.formats import ReadFailure, ReadOptions, read_bytes
from data.formats.klarf import words
from data.formats.pickle_records import load_records
from data.wafer import WaferMap

MIB = 2**20
HARDLY_ANY = 64 * MIB
"""Memory that no small file's reading exceeds."""


def read_within(name: str, content: bytes, most: int = HARDLY_ANY, **options) -> list[WaferMap | ReadFailure]:
    """Read a file, and hold what it took against a bound."""
    tracemalloc.start()
    try:
        results = list(read_bytes(name, content, options=ReadOptions(**options)))
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()
    return results


def refusal(name: str, content: bytes, most: int = HARDLY_ANY, **options) -> str:
    [failure] = read_within(name, content, most, **options)
    assert isinstance(failure, ReadFailure)
    return failure.reason


def seconds(name: str, content: bytes) -> float:
    begin = time.thread_time()
    list(read_bytes(name, content))
    return time.thread_time() - begin


def grows_with_its_size(name: str, make, size: int) -> bool:
    """Return whether eight times the file takes about eight times as long, and not sixty-four times."""
    seconds(name, make(8))  # what is imported and kept
    return seconds(name, make(8 * size)) < 30 * max(seconds(name, make(size)), 1e-3)


def npy(shape: str, descr: str, content: bytes = b"") -> bytes:
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + content


def zipped(entries: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return stream.getvalue()


# zips


def test_entries_of_a_zip_that_share_bytes_are_refused():
    content = zipped({"a.csv": b"x,y,bin\n0,0,1\n"})
    end = content.rfind(b"PK\x05\x06")
    start = struct.unpack_from("<I", content, end + 16)[0]
    entry, many = content[start:end], 50
    tail = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, many, many, len(entry) * many, start, 0)
    assert "entries of the zip lie upon each other" in refusal("a.zip", content[:start] + entry * many + tail)


def test_many_small_entries_together_grow_no_more_than_one_large_one():
    content = zipped({f"{n}.npy": npy("(1024, 2048)", "|u1", bytes(2 * MIB)) for n in range(20)})
    assert "the limit is 500. Send it unpacked." in refusal("a.npz", content)


def test_the_entries_of_a_zip_are_counted_before_they_are_understood():
    content = zipped({f"{n}.csv": b"x" for n in range(3000)})
    assert "3000 entries, the limit is 100" in refusal("a.zip", content, 4 * MIB, max_members=100)


def test_a_zip_file_may_hold_one_name_twice():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.csv", "x,y,bin\n0,0,1\n")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.csv", "x,y,bin\n0,0,1\n")
    assert [type(one) for one in read_bytes("a.zip", stream.getvalue())] == [WaferMap, WaferMap]


# arrays


@pytest.mark.parametrize("shape", ["(1000000000000, 0, 0)", "(1000000, 0, 5)"])
def test_arrays_that_promise_wafers_without_a_die_are_refused(shape):
    assert "expected flat + offsets + shapes" in refusal("a.npz", zipped({"maps.npy": npy(shape, "|u1")}))


def test_texts_of_no_length_take_no_memory():
    content = zipped({"maps.npy": npy("(1, 1, 1)", "|u1", b"\2"), "metadata.npy": npy("(4000000000,)", "<U0")})
    assert "4000000000" in refusal("a.npz", content)


def test_bad_wafers_end_the_reading_after_some():
    count = 5000
    arrays = {
        "flat.npy": npy("(0,)", "|u1"),
        "offsets.npy": npy(f"({count + 1},)", "<i8", bytes(8 * (count + 1))),
        "shapes.npy": npy(f"({count}, 2)", "<i4", bytes(8 * count)),
    }
    results = read_within("a.npz", zipped(arrays), max_failures=20)
    assert len(results) == 21
    assert results[-1].reason == (
        "a.npz: more than 20 of its wafers cannot be read; the rest was left unread. Correct or split it."
    )


def test_a_grid_a_wafer_is_loaded_when_its_turn_comes():
    grid = np.ones((1024, 1024), dtype=np.uint8)
    grid[::3, ::7] = 2
    content = zipped({f"{n}.npy": npy("(1024, 1024)", "|u1", grid.tobytes()) for n in range(40)})
    assert all(isinstance(one, WaferMap) for one in read_bytes("a.npz", content))
    tracemalloc.start()
    for _ in read_bytes("a.npz", content):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 * MIB


def test_arrays_loaded_together_are_bounded(monkeypatch):
    monkeypatch.setattr("data.formats.npz.MAX_ARRAY_BYTES", 2 * MIB)
    content = zipped({"maps.npy": npy("(3, 1024, 1024)", "|u1", bytes(3 * MIB))})
    assert "its arrays take 3 MiB once read, the limit is 2 MiB" in refusal("a.npz", content)


# tables


def test_dies_far_apart_are_bounded_by_the_size_of_their_file(monkeypatch):
    monkeypatch.setattr("data.formats.reading._CELLS", 2 * MIB)
    rows = "".join(f"L,{n},0,0,1\nL,{n},999,999,2\n" for n in range(20))
    results = read_within("a.csv", f"lot,wafer,x,y,bin\n{rows}".encode())
    assert [type(one) for one in results] == [WaferMap, WaferMap, ReadFailure]
    assert "too many for its size; the rest was left unread" in results[-1].reason


def test_a_line_of_a_hundred_thousand_names_is_read():
    names = ",".join(f"{n:x}" for n in range(40_000))
    [wafer] = read_within("a.csv", f"x,y,bin,{names}\n1,1,1{',' * 40_000}\n".encode())
    assert wafer.dies.tolist() == [[1]]
    assert grows_with_its_size(
        "a.csv", lambda n: f"x,y,bin,{','.join(map(str, range(n)))}\n1,1,1{',' * n}\n".encode(), 4000
    )


def test_rows_of_a_table_are_counted_before_they_are_read(monkeypatch):
    monkeypatch.setattr("data.formats.csv_file.MAX_TABLE_BYTES", 32 * 1000)
    assert "the table has 1002 lines, the limit is 1000" in refusal("a.csv", b"x,y,bin\n" + b"1,1,1\n" * 1001)


def test_metadata_that_is_no_metadata_by_its_length_is_refused():
    table = pd.DataFrame({"x": [0], "y": [0], "bin": [1], "lot": ["L" * 70_000]})
    assert "'lot' has 70000 characters, the limit is 65536" in refusal("a.csv", table.to_csv(index=False).encode())


def test_the_dates_of_many_wafers_are_not_asked_by_each():
    def make(n: int) -> bytes:
        rows = "".join(f"L,{i},0,0,1,{i % 28 + 1:02d}/{i % 12 + 1:02d}/20{i % 90:02d}\n" for i in range(n))
        return f"lot,wafer,x,y,bin,tested_at\n{rows}".encode()

    assert grows_with_its_size("a.csv", make, 400)


def test_lines_below_the_dies_are_gone_through_once():
    assert grows_with_its_size("a.csv", lambda n: b"x,y,bin\n1,1,1\n\n" + b"some words, more, words\n" * n, 3000)


def test_names_that_stand_again_without_end_are_refused(monkeypatch):
    monkeypatch.setattr("data.formats.table_rows._MOST_NAMES", 50)
    said = refusal("a.csv", b"x,y,bin\n1,1,1\n" + b"x,y,bin\n" * 60)
    assert "the names of the columns stand again more than 50 times" in said


def test_metadata_that_each_wafer_would_have_is_bounded():
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"x": [0], "y": [0], "bin": [1]}).replace_schema_metadata({f"k{n}": "v" for n in range(1001)})
    content = io.BytesIO()
    pq.write_table(table, content)
    assert "lines of metadata, the limit is 1000" in refusal("a.parquet", content.getvalue())
    assert "1001 headers, the limit is 1000" in refusal(
        "a.sinf", ("\n".join(f"H{n}:v" for n in range(1001)) + "\nRowData:01 01\n").encode()
    )


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


def test_words_of_a_klarf_file_are_bounded(monkeypatch):
    monkeypatch.setattr(words, "MOST_WORDS", 1000)
    one_line, many_lines = "1 2 3 4 " * 1000, "1 2 3 4\n" * 1000
    for listed in (one_line, many_lines):
        assert "the file has more than 1000 words" in refusal("a.klarf", klarf('WaferID "1";', f"DefectList {listed};"))


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


def test_elements_and_attributes_are_counted_before_they_are_read(monkeypatch):
    monkeypatch.setattr("data.formats.semi_xml._MOST_MARKS", {b"<": 1000, b"=": 1000})
    flat = b"<MapData>" + b"<a/>" * 1000 + b"</MapData>"
    assert "more than 1000 signs <" in refusal("a.xml", flat)
    attributes = " ".join(f"a{n}='1'" for n in range(1001))
    assert "more than 1000 signs =" in refusal("a.xml", f"<MapData {attributes}><a/></MapData>".encode())


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


def test_bins_that_stand_apart_from_too_many_maps_are_refused(monkeypatch):
    monkeypatch.setattr("data.formats.semi_codes._MOST_SHARED", 100)
    bins = "".join(f"<Bin BinCode='{n}'/>" for n in range(30))
    results = read_within("a.xml", e142("", 4, bins))
    assert all("30 definitions of bins stand apart from 4 maps" in one.reason for one in results)


# pickles


def frame(column: object) -> bytes:
    grid = np.empty(1, object)
    grid[0] = np.array([[0, 1], [2, 1]], dtype=np.uint8)
    cells = np.empty(1, object)
    cells[0] = column
    return pickle.dumps(pd.DataFrame({"waferMap": grid, "lotName": cells}), 4)


@pytest.mark.parametrize("kind", [dict, list, tuple])
def test_a_tree_that_doubles_at_each_step_is_not_followed(kind):
    tree: object = kind()
    for _ in range(60):
        tree = {"a": tree, "b": tree} if kind is dict else kind([tree, tree])
    [wafer] = read_within("a.pkl", frame(tree))
    assert wafer.dies.tolist() == [[0, 1], [2, 1]]


@pytest.mark.parametrize(
    "program",
    [
        b"}(" + b"".join(b"\x8a\x09" + (i * (2**61 - 1)).to_bytes(9, "little") + b"N" for i in range(3, 500)) + b"u.",
        b"}" + b")" + b"\x85" * 100_000 + b"Ns.",  # the hash of a deep tuple
        b"}" + b")" + b"2\x86" * 60 + b"Ns.",  # the hash of a tree of tuples
        b"\x8f(" + b"G?\xf8\0\0\0\0\0\0" + b"\x90.",
        b"(" + b"G?\xf8\0\0\0\0\0\0" + b"\x91.",
        b"(" + b"G?\xf8\0\0\0\0\0\0N" + b"d.",
        b"Np" + b"9" * 40 + b"\n.",
    ],
)
def test_keys_that_take_time_without_end_are_refused(program):
    assert "expected a text or a small whole number as a key" in refusal("a.pkl", b"\x80\x04" + program)


@pytest.mark.parametrize("step", [b"}", b"]", b"(", b")", b"N"])
def test_steps_of_a_pickle_are_bounded_by_its_size(monkeypatch, step):
    monkeypatch.setattr("data.formats.pickle_records._STEPS", 10_000)
    assert "too many for its size" in refusal("a.pkl", b"\x80\x02" + step * 100_000 + b".")


def test_a_table_that_names_one_block_again_and_again_is_refused(monkeypatch):
    table = load_records(io.BytesIO(frame("L")))
    manager = table.state["_mgr"]
    manager.args = (manager.args[0] * 1000, *manager.args[1:])
    monkeypatch.setattr("data.formats.pickle_file.load_records", lambda _: table)
    assert "its blocks hold more than its 2 columns" in refusal("a.pkl", b"\x80\x04N.")


# STDF


def test_records_that_are_looked_at_by_themselves_are_counted(monkeypatch):
    monkeypatch.setattr("data.formats.stdf_records._MOST_OTHERS", 100)
    start = struct.pack("<HBBBB", 2, 0, 10, 2, 4)
    assert "more parts than any lot" in refusal("a.stdf", start + struct.pack("<HBB", 0, 2, 10) * 200)


# pictures


def png(width: int, height: int, bits: int, color: int, rows: bytes) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_pixels_are_counted_before_they_are_decoded():
    content = png(8000, 8000, 8, 0, b"\0")
    assert "the picture has 61 Mi pixels, the limit is 1" in refusal("a.png", content, 4 * MIB, max_pixels=MIB)


def test_pixels_of_many_bytes_count_more():
    import tifffile

    content = io.BytesIO()
    tifffile.imwrite(content, np.zeros((1024, 512), dtype=np.float64), compression="zlib")
    said = "the picture has 0 Mi pixels of 32 bits or more, the limit is 0"
    assert said in refusal("a.tif", content.getvalue(), 4 * MIB, max_pixels=MIB)
