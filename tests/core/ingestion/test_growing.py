import bz2
import gzip

import pytest

from core.ingestion.growing import is_growing
from core.ingestion.inbox import Inbox
from tests.data.formats.stdf_writers import Records

SETTLE, STILL = 5.0, 60.0
RECORDS = Records()
MIDDLE = (RECORDS.wir(), RECORDS.parts([(0, 0, 1), (1, 0, 5)]), RECORDS.wrr())
WHOLE = RECORDS.lot(*MIDDLE)
CUT = WHOLE.removesuffix(RECORDS.mrr())


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.stdf", WHOLE, False),
        ("a.stdf", CUT, True),
        ("a.stdf", WHOLE[:-3], True),
        ("a.std.gz", gzip.compress(WHOLE), False),
        ("a.std.gz", gzip.compress(CUT), True),
        ("a.std.gz", gzip.compress(WHOLE)[:-9], True),
        ("a.stdf.bz2", bz2.compress(CUT), True),
        ("a.csv", b"x,y,bin\n0,0,1\n", False),
        ("a.csv.gz", gzip.compress(b"x,y,bin\n0,0,1\n"), False),
        ("a.stdf", b"", False),
        ("a.gz", b"\x1f\x8bno gzip", False),
    ],
)
def test_a_file_grows_until_it_has_its_last_record(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    assert is_growing(tmp_path / name) is expected


def test_a_file_that_is_gone_does_not_grow(tmp_path):
    assert not is_growing(tmp_path / "gone.stdf")


def test_a_growing_file_stays_until_it_ends_or_has_been_still_for_long(tmp_path):
    path, looked = tmp_path / "lot.stdf", []

    def growing(one):
        looked.append(one)
        return is_growing(one)

    path.write_bytes(CUT[:-20])
    (tmp_path / "other.csv").write_bytes(b"x,y,bin\n0,0,1\n")
    with Inbox(tmp_path, SETTLE, growing, STILL) as inbox:
        assert inbox.whole(0) == []
        assert inbox.arriving
        assert [one.name for one in inbox.whole(5)] == ["other.csv"]
        (tmp_path / "other.csv").unlink()
        assert inbox.whole(30) == []
        assert (inbox.arriving, inbox.held_back) == (False, [path])
        assert looked.count(path) == 1  # looked into once a state
        path.write_bytes(CUT)
        assert inbox.whole(40) == []
        assert inbox.whole(99) == []
        assert inbox.whole(100) == [path]  # still for a minute
        path.write_bytes(WHOLE)
        assert inbox.whole(101) == []
        assert inbox.whole(106) == [path]
        assert inbox.held_back == []
