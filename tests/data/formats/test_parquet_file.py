import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.errors import FormatError
from data.formats import ReadOptions, parquet_file, read_bytes
from data.formats.options import MIB
from data.formats.source import Source


def parquet(columns) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content, compression="zstd")
    return content.getvalue()


def read_small(content: bytes):
    """Read what takes 4 MiB at most."""
    return list(parquet_file.read(Source("a.parquet", io.BytesIO(content)), ReadOptions(max_table_bytes=4 * MIB)))


def test_runs_that_would_fill_the_memory_are_refused_unread():
    many = pa.array(np.zeros(500_000, dtype=np.int8))
    content = parquet({"x": many, "y": many, "bin": many})
    assert len(content) < 20_000
    with pytest.raises(FormatError, match=r"^a.parquet: its columns take 20 MiB once read, the limit is 4 MiB. Split"):
        read_small(content)


def test_columns_of_lists_are_left_unread():
    many = pa.array(np.zeros(3_000_000, dtype=np.int8))
    notes = pa.ListArray.from_arrays(pa.array([0, len(many), len(many)]), many)
    [wafer] = read_small(parquet({"x": [0, 1], "y": [0, 0], "bin": [1, 2], "notes": notes}))
    assert wafer.dies.tolist() == [[1, 2]]


def test_a_table_of_many_constant_columns_is_read():
    y, x = np.divmod(np.arange(300 * 300), 300)
    constant = {f"attribute_{n}": pa.array(["T1"] * 90_000) for n in range(30)}
    [wafer] = read_bytes("a.parquet", parquet({"x": x, "y": y, "bin": x % 3 + 1, **constant}))
    assert wafer.dies.shape == (300, 300)


def test_a_column_whose_statistics_are_damaged_is_refused_and_the_process_lives():
    content = parquet({"x": ["0", "1"], "y": ["0", "0"], "bin": ["1", "2"]})
    histogram = b"\x19\x26\x00\x04"  # thrift: two counts of definition levels, none missing and two there
    damaged = content.replace(histogram, b"\x19\x16\x84\x00")  # one count, in as many bytes
    assert damaged != content
    [failure] = read_bytes("a.parquet", damaged)
    assert failure.reason.startswith("a.parquet")


def test_long_texts_that_would_fill_the_memory_end_the_reading():
    content = io.BytesIO()
    group = pa.table({"x": [0], "y": [0], "bin": [1], "note": ["A" * MIB]})
    with pq.ParquetWriter(content, group.schema, compression="zstd", write_statistics=False) as writer:
        for _ in range(20):
            writer.write_table(group)
    with pytest.raises(FormatError, match=r"^a.parquet: its columns take more than 4 MiB once read. Split it.$"):
        read_small(content.getvalue())


def test_columns_without_a_meaning_are_left_unread_beyond_the_first_hundreds():
    columns = {f"c{n}": ["a", "b"] for n in range(1000)}
    [wafer] = read_bytes("a.parquet", parquet({"x": [0, 1], "y": [0, 0], **columns, "bin": [1, 2], "lot": ["L", "L"]}))
    assert (wafer.dies.tolist(), wafer.lot_id) == ([[1, 2]], "L")
