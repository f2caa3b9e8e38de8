import bz2
import gzip
import io

import pytest

from data.formats.growing import is_growing
from tests.data.formats.stdf_writers import Records

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
        ("a.std.gz", gzip.compress(WHOLE, mtime=0), False),
        ("a.std.gz", gzip.compress(CUT, mtime=0), True),
        ("a.std.gz", gzip.compress(WHOLE, mtime=0)[:-9], True),
        ("a.stdf.bz2", bz2.compress(CUT), True),
        ("a.csv", b"x,y,bin\n0,0,1\n", False),
        ("a.csv.gz", gzip.compress(b"x,y,bin\n0,0,1\n", mtime=0), False),
        ("a.stdf", b"", False),
        ("a.gz", b"\x1f\x8bno gzip", False),
    ],
)
def test_a_file_grows_until_it_has_its_last_record(name, content, expected):
    assert is_growing(name, io.BytesIO(content)) is expected
