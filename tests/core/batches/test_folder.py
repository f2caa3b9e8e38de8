import io

import pytest

from core.batches.folder import Batch, all_batches, new_batch
from core.batches.notes import BatchRequest
from data.errors import BatchError


def test_a_request_comes_back_as_it_was_accepted(tmp_path):
    batch = new_batch(tmp_path)
    asked = BatchRequest("Läufe", "ana", paths=("a.zip", "b"), tta=True, save=True, channels=(3, 1))
    batch.accept(asked, ["L1:W1", "晶:\udc80"])
    assert Batch(batch.path).request == asked
    assert Batch(batch.path).keys == ("L1:W1", "晶:\udc80")


def test_a_folder_without_a_request_is_no_batch(tmp_path):
    with pytest.raises(BatchError, match=r"there is no batch here\. Start one"):
        Batch(tmp_path).request  # noqa: B018
    (tmp_path / "batches" / "half").mkdir(parents=True)
    assert all_batches(tmp_path) == all_batches(tmp_path / "nowhere") == []


def test_a_damaged_request_is_said(tmp_path):
    batch = new_batch(tmp_path)
    batch.accept(BatchRequest("t", "ana"))
    (batch.path / "request.json").write_text("{")
    with pytest.raises(BatchError, match=r"request\.json is damaged"):
        batch.request  # noqa: B018
    (batch.path / "request.json").write_text('{"paths": [], "channels": [], "other": 1}')
    with pytest.raises(BatchError, match=r"request\.json is damaged"):
        batch.request  # noqa: B018


def test_batches_are_listed_newest_first(tmp_path):
    for name in ("20260102-a", "20260103-c", "20260101-b"):
        Batch(tmp_path / "batches" / name).accept(BatchRequest(name, "ana"))
    assert [batch.name for batch in all_batches(tmp_path)] == ["20260103-c", "20260102-a", "20260101-b"]


def test_names_of_new_batches_cannot_be_guessed(tmp_path):
    names = {new_batch(tmp_path).name for _ in range(50)}
    assert len(names) == 50
    assert all(len(name.rpartition("-")[2]) == 16 for name in names)


@pytest.mark.parametrize(
    "name", ["../../up.zip", "/etc/passwd", "a\\b.zip", "nul\0.zip", "..", "", "L" * 5000 + ".zip"]
)
def test_an_upload_stays_in_its_folder_whatever_it_is_called(tmp_path, name):
    batch = Batch(tmp_path / "batches" / "one")
    place = batch.store(name, io.BytesIO(b"content"))
    assert (batch.path / place).read_bytes() == b"content"
    assert [path.parent for path in tmp_path.rglob("*") if path.is_file()] == [batch.path / "input" / "1"]


def test_an_upload_keeps_the_name_that_says_lot_and_wafer(tmp_path):
    batch = Batch(tmp_path / "one")
    assert batch.store("Läufe #7 (neu)_W05.png", io.BytesIO(b"")) == "input/1/Läufe #7 (neu)_W05.png"


def test_uploads_of_one_name_do_not_replace_each_other(tmp_path):
    batch = Batch(tmp_path / "one")
    places = [batch.store("lot.zip", io.BytesIO(bytes([n]))) for n in range(3)]
    assert [(batch.path / place).read_bytes() for place in places] == [b"\0", b"\1", b"\2"]


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path):
    class Broken(io.RawIOBase):
        def read(self, size=-1):
            raise OSError("connection lost")

    batch = Batch(tmp_path / "one")
    with pytest.raises(OSError, match="connection lost"):
        batch.store("lot.zip", Broken())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_one_process_works_on_a_batch_at_a_time(tmp_path):
    batch = Batch(tmp_path / "one")
    batch.accept(BatchRequest("t", "ana"))
    with batch.claimed() as first, Batch(batch.path).claimed() as second:
        assert (first, second) == (True, False)
    with batch.claimed() as again:
        assert again


def test_a_request_of_an_earlier_version_is_understood(tmp_path):
    batch = new_batch(tmp_path)
    batch.accept(BatchRequest("old", "ana", tta=True), [])
    path = batch.path / "request.json"
    path.write_text(path.read_text().replace('"tta"', '"careful"'))
    assert batch.request.tta is True
