import hashlib
import io
import uuid

import pytest

from core.storage.blobs import Blobs
from data.errors import LakeError


@pytest.fixture(params=["path", "memory"])
def blobs(request, tmp_path) -> Blobs:
    return Blobs({"path": tmp_path / "blobs", "memory": f"memory://{uuid.uuid4().hex}"}[request.param])


def test_a_file_is_read_back_by_the_hash_of_its_bytes(blobs):
    content = bytes(range(256)) * 9000
    sha256 = hashlib.sha256(content).hexdigest()
    assert blobs.add(content) == sha256
    assert blobs.read(sha256) == content
    assert sha256 in blobs


def test_the_same_bytes_are_kept_once(tmp_path):
    blobs = Blobs(tmp_path)
    blobs.add(b"one")
    (kept,) = (path for path in tmp_path.rglob("*") if path.is_file())
    before = kept.stat()
    blobs.add(b"one")
    blobs.add_stream(io.BytesIO(b"one"), hashlib.sha256(b"one").hexdigest())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [kept]
    assert (kept.stat().st_ino, kept.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_file_that_changed_since_it_was_hashed_is_not_kept(blobs):
    sha256 = hashlib.sha256(b"before").hexdigest()
    with pytest.raises(LakeError, match="it was changed"):
        blobs.add_stream(io.BytesIO(b"after"), sha256)
    assert sha256 not in blobs
    assert hashlib.sha256(b"after").hexdigest() not in blobs


def test_a_missing_file_is_said_in_a_sentence(blobs):
    with pytest.raises(LakeError, match=r"there is no original file with hash 'abc'\. Ingest the file again\."):
        blobs.read("abc")
