import bz2
import gzip
import hashlib
import io
import zipfile

import pytest

from data.formats import ReadFailure, ReadOptions, read_bytes
from tests.data.formats.make_fixtures import GRID, stdf

TABLE = b"x,y,bin\n0,0,1\n1,0,2\n"
PACKERS = {"gz": gzip.compress, "bz2": bz2.compress}


@pytest.mark.parametrize("suffix", PACKERS)
def test_packed_files_of_any_format_are_read_by_what_is_in_them(suffix):
    pack = PACKERS[suffix]
    [table] = read_bytes(f"LOT1_W02.csv.{suffix}", pack(TABLE))
    [sort] = read_bytes(f"a.stdf.{suffix}", pack(stdf(GRID)))
    assert (table.key, table.dies.tolist()) == ("LOT1:W02", [[1, 2]])
    assert sort.bins.tolist() == GRID.tolist()


def test_wafers_carry_the_hash_of_the_file_that_was_handed_in():
    packed = gzip.compress(TABLE)
    [wafer] = read_bytes("a.csv.gz", packed)
    assert wafer.source_sha256 == hashlib.sha256(packed).hexdigest()


def test_packed_files_within_a_zip_are_read():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("sub/a.stdf.gz", gzip.compress(stdf(GRID)))
    [wafer] = read_bytes("lot.zip", stream.getvalue())
    assert (wafer.source_name, wafer.bins.tolist()) == ("lot.zip/sub/a.stdf.gz", GRID.tolist())


def refused(content: bytes, **options) -> str:
    [failure] = read_bytes("a.csv.gz", content, options=ReadOptions(**options))
    assert isinstance(failure, ReadFailure)
    return failure.reason


@pytest.mark.parametrize("pack", PACKERS.values())
def test_a_bomb_is_refused_before_it_is_unpacked_whole(pack):
    assert "fold when unpacked" in refused(pack(b"0" * (40 * 2**20)), max_unpack_ratio=100.0)
    assert "it unpacks to" in refused(pack(b"0" * (3 * 2**20)), max_file_bytes=2**20)


def test_what_is_packed_twice_or_holds_a_zip_is_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.csv", TABLE)
    assert "packed twice" in refused(gzip.compress(bz2.compress(TABLE)))
    assert "a zip within a packed file" in refused(gzip.compress(stream.getvalue()))


def test_a_damaged_file_is_refused():
    assert "it is damaged" in refused(gzip.compress(TABLE)[:-12])
