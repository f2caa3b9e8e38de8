import io
import stat
import zipfile

import numpy as np
import pytest

from data.formats import ReadFailure, ReadOptions, read_bytes, read_wafers
from data.wafer import WaferMap

TABLE = b"x,y,bin\n0,0,1\n1,0,2\n"


def zipped(entries, compression=zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return stream.getvalue()


def test_good_entries_go_through_and_bad_ones_say_why():
    content = zipped([("LOT1_W02.csv", TABLE), ("sub/LOT1_W01.csv", TABLE), ("a.png", b"\x89PNG\r\n\x1a\nbroken")])
    results = list(read_bytes("lot.zip", content))
    assert {result.key for result in results if isinstance(result, WaferMap)} == {"LOT1:W01", "LOT1:W02"}
    [failure] = [result for result in results if isinstance(result, ReadFailure)]
    assert failure.source_name == "lot.zip/a.png"
    assert failure.reason.startswith("lot.zip/a.png: the PNG image cannot be read")


def test_each_entry_carries_the_hash_of_its_own_bytes():
    import hashlib

    [wafer] = read_bytes("lot.zip", zipped([("a.csv", TABLE)]))
    assert wafer.source_sha256 == hashlib.sha256(TABLE).hexdigest()
    assert wafer.source_name == "lot.zip/a.csv"


@pytest.mark.parametrize("name", ["../out.csv", "a/../../out.csv", "/etc/out.csv", "..\\out.csv", "C:\\out.csv"])
def test_names_that_lead_out_are_refused_and_nothing_is_written(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.zip").write_bytes(zipped([(name, TABLE)]))
    [failure] = read_wafers(tmp_path / "in.zip")
    assert "leads out of the zip" in failure.reason
    assert [path.name for path in tmp_path.iterdir()] == ["in.zip"]


def test_a_link_in_a_zip_is_refused():
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    [failure] = read_bytes("links.zip", zipped([(link, b"/etc/passwd")]))
    assert "is a link" in failure.reason


def test_a_zip_in_a_zip_is_refused():
    [failure] = read_bytes("outer.zip", zipped([("inner.zip", zipped([("a.csv", TABLE)]))]))
    assert "zip within a zip" in failure.reason


def test_an_npz_in_a_zip_is_read():
    stream = io.BytesIO()
    np.savez(stream, maps=np.ones((2, 3, 3), dtype=np.uint8))
    assert [wafer.wafer_id for wafer in read_bytes("arrays.zip", zipped([("arrays.npz", stream.getvalue())]))] == [
        "W01",
        "W02",
    ]


def test_a_locked_entry_is_refused():
    content = bytearray(zipped([("a.csv", TABLE)]))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    [failure] = read_bytes("locked.zip", bytes(content))
    assert "password" in failure.reason


def test_an_entry_that_grows_without_measure_is_refused():
    [failure] = read_bytes("bomb.zip", zipped([("a.csv", b"0" * (17 * 2**20))]))
    assert "fold when unpacked" in failure.reason


def test_a_zip_that_unpacks_to_too_much_is_refused_whole():
    content = zipped([(f"{n}.csv", TABLE * 1000) for n in range(4)])
    [failure] = read_bytes("large.zip", content, options=ReadOptions(max_unpacked_bytes=len(TABLE) * 3000))
    assert "unpacks to" in failure.reason


def test_a_zip_of_too_many_entries_is_refused_whole():
    [failure] = read_bytes(
        "many.zip", zipped([(f"{n}.csv", TABLE) for n in range(4)]), options=ReadOptions(max_members=3)
    )
    assert "4 entries, the limit is 3" in failure.reason


def test_an_npz_bomb_is_refused():
    stream = io.BytesIO()
    np.savez_compressed(stream, maps=np.zeros((20, 1024, 1024), dtype=np.uint8))
    [failure] = read_bytes("bomb.npz", stream.getvalue())
    assert "fold when unpacked" in failure.reason


def test_system_files_are_passed_over():
    content = zipped([("__MACOSX/._a.csv", b"x"), (".DS_Store", b"x"), ("a.csv", TABLE)])
    assert [type(result) for result in read_bytes("mac.zip", content)] == [WaferMap]


@pytest.mark.parametrize("name", ["README.md", "lot/readme.txt", "LICENSE", "Read_Me.PDF"])
def test_what_tells_of_the_files_is_no_wafer_that_failed(name):
    content = zipped([(name, b"These are the wafers of lot 7."), ("a.csv", TABLE)])
    assert all(isinstance(one, WaferMap) for one in read_bytes("lot.zip", content))
    (failure,) = read_bytes("lot.zip", zipped([(name, b"nothing else")]))
    assert "holds no file of wafers" in failure.reason


def test_an_empty_zip_says_so():
    [failure] = read_bytes("empty.zip", zipped([]))
    assert "holds no file" in failure.reason
