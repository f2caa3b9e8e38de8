"""Small files that promise much: each ends in a sentence, and none takes memory or time beyond its size."""

import io
import pickle
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pandas as pd
import pytest

from data.errors import FormatError
from data.formats import ReadFailure, read_bytes
from data.formats.pickle_records import load_records
from data.wafer import WaferMap
from tests.data.formats.hostile_examples import MIB, grows_with_its_size, npy, read_within, refusal, zipped

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
    content = zipped({f"{n}.npy": npy("(1024, 1024)", "|u1", grid.tobytes()) for n in range(65)})
    tracemalloc.start()
    assert all(isinstance(one, WaferMap) for one in read_bytes("a.npz", content))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 * MIB


# tables


def test_dies_far_apart_are_bounded_by_the_size_of_their_file():
    rows = "".join(f"L,{n},0,0,1\nL,{n},999,999,2\n" for n in range(20))
    results = read_within("a.csv", f"lot,wafer,x,y,bin\n{rows}".encode(), max_cells=2 * MIB)
    assert [type(one) for one in results] == [WaferMap, WaferMap, ReadFailure]
    assert "too many for its size; the rest was left unread" in results[-1].reason


def test_a_line_of_a_hundred_thousand_names_is_read():
    names = ",".join(f"{n:x}" for n in range(40_000))
    [wafer] = read_within("a.csv", f"x,y,bin,{names}\n1,1,1{',' * 40_000}\n".encode())
    assert wafer.dies.tolist() == [[1]]
    assert grows_with_its_size(
        "a.csv", lambda n: f"x,y,bin,{','.join(map(str, range(n)))}\n1,1,1{',' * n}\n".encode(), 4000
    )


def test_rows_of_a_table_are_counted_before_they_are_read():
    content = b"x,y,bin\n" + b"1\n" * (16 * MIB)
    assert "the limit is 16777216. Split it by wafer." in refusal("a.csv", content, 256 * MIB)


def test_metadata_that_is_no_metadata_by_its_length_is_refused():
    table = pd.DataFrame({"x": [0], "y": [0], "bin": [1], "lot": ["L" * 70_000]})
    assert "'lot' has 70000 characters, the limit is 65536" in refusal("a.csv", table.to_csv(index=False).encode())


def test_the_dates_of_many_wafers_are_not_asked_by_each():
    def make(n: int) -> bytes:
        rows = "".join(f"L,{i},0,0,1,{i % 28 + 1:02d}/{i % 12 + 1:02d}/20{i % 90:02d}\n" for i in range(n))
        return f"lot,wafer,x,y,bin,tested_at\n{rows}".encode()

    assert grows_with_its_size("a.csv", make, 400)


@pytest.mark.slow
def test_lines_below_the_dies_are_gone_through_once():
    assert grows_with_its_size("a.csv", lambda n: b"x,y,bin\n1,1,1\n\n" + b"some words, more, words\n" * n, 3000)


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
def test_steps_of_a_pickle_are_bounded_by_its_size(step):
    with pytest.raises(FormatError, match="too many for its size"):
        load_records(io.BytesIO(b"\x80\x02" + step * 100_000 + b"."), 10_000)


def test_a_table_that_names_one_block_again_and_again_is_refused(monkeypatch):
    table = load_records(io.BytesIO(frame("L")))
    manager = table.state["_mgr"]
    manager.args = (manager.args[0] * 1000, *manager.args[1:])
    monkeypatch.setattr("data.formats.pickle_file.load_records", lambda _: table)
    assert "its blocks hold more than its 2 columns" in refusal("a.pkl", b"\x80\x04N.")


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
