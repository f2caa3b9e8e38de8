import io
import zipfile

import pytest

from jobs.sources import Reading


def zipped(count):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.csv", f"lot,wafer,x,y,bin\nL,W{number},0,0,1\n")
    return file.getvalue()


def test_the_share_counts_the_entries_of_zips(tmp_path):
    (tmp_path / "a.zip").write_bytes(zipped(3))
    (tmp_path / "b.csv").write_bytes(b"lot,wafer,x,y,bin\nL,W9,0,0,1\n")
    reading = Reading([tmp_path])
    assert [reading.share for _ in reading] == [0, 1 / 4, 2 / 4, 3 / 4]


@pytest.mark.parametrize("content", [b"", b"PK\5\6", zipped(2)[:-16], b"x" * 10**6])
def test_what_only_claims_to_be_a_zip_counts_once(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    (tmp_path / "b.csv").write_bytes(b"lot,wafer,x,y,bin\nL,W9,0,0,1\n")
    reading = Reading([tmp_path])
    [wafer] = reading
    assert wafer.wafer_id == "W9"
    assert len(reading.failures) == 1
    assert reading.share == 1 / 2
