import hashlib
import io
import zipfile

import numpy as np
import pytest

from core.ingestion.samples import sample_files
from core.ingestion.saving import results_to_keep, shared_names
from core.ingestion.upload_session import UploadSession
from core.ingestion.uploaded_file import Names
from core.lake import Lake
from core.pipeline import Pipeline, take_in
from core.registry.traffic import Challenger
from core.segmentation import Segmenter
from core.segmentation.serving import challenger_takes
from core.storage.blobs import Blobs
from tests.tiny_model import METADATA, write_tiny_model

FILES = sample_files()


@pytest.fixture
def upload(tiny_model_path):
    """A PNG, and a zip of two PNGs and a text, segmented."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        for name, content in FILES[1:3]:
            zipped.writestr(f"inner/{name}", content)
        zipped.writestr("notes.png", "no picture")
    held = UploadSession()
    held.add(*FILES[0])
    held.add("lot.zip", archive.getvalue())
    for _ in held.work(Segmenter.load(str(tiny_model_path), threads=1)):
        pass
    return held


def test_wafers_results_and_originals_come_back_as_they_were_saved(upload, tmp_path):
    lake, blobs = Lake(tmp_path / "lake"), Blobs(tmp_path / "blobs")
    upload.rename(upload.ready[0], Names("LOT9", "W11", "P1"))
    saved = take_in(Pipeline(lake), results=results_to_keep(upload, blobs))
    assert (saved.new, saved.already) == (3, 0)
    assert list(lake.query("SELECT key FROM wafers ORDER BY key")["key"]) == ["LOT9:W11", "SAMPLE:W02", "SAMPLE:W03"]
    for entry in upload.ready:
        found = lake.result(entry.wafer.key)
        np.testing.assert_array_equal(found.wafer.dies, entry.wafer.dies)
        np.testing.assert_array_equal(found.segmentation.masks, entry.result.segmentation.masks)
        assert len(found.instances) == len(entry.result.instances)
    for _, content in FILES[:3]:
        assert blobs.read(hashlib.sha256(content).hexdigest()) == content


def test_wafers_that_share_a_name_are_left_out_and_the_others_saved(upload, tmp_path):
    lake, blobs = Lake(tmp_path / "lake"), Blobs(tmp_path / "blobs")
    first, second, third = upload.ready
    name = Names(second.wafer.lot_id, second.wafer.wafer_id, second.wafer.product)
    upload.rename(first, name)
    assert shared_names(upload.ready) == [second.wafer.key]
    saved = take_in(Pipeline(lake), results=results_to_keep(upload, blobs))
    assert saved.new == 1
    assert list(lake.query("SELECT key FROM wafers")["key"]) == [third.wafer.key]
    assert blobs.read(hashlib.sha256(FILES[2][1]).hexdigest()) == FILES[2][1]
    upload.rename(first, Names("LOT9", "W11", "P1"))
    assert take_in(Pipeline(lake), results=results_to_keep(upload, blobs)).new == 2


def test_saving_twice_says_that_all_are_there(upload, tmp_path):
    lake, blobs = Lake(tmp_path / "lake"), Blobs(tmp_path / "blobs")
    take_in(Pipeline(lake), results=results_to_keep(upload, blobs))
    again = take_in(Pipeline(lake), results=results_to_keep(upload, blobs))
    assert (again.new, again.already) == (0, 3)
    assert lake.count() == 3


def test_in_a_trial_the_challenger_s_wafers_keep_its_result(upload, tmp_path):
    lake, blobs = Lake(tmp_path / "lake"), Blobs(tmp_path / "blobs")
    path = write_tiny_model(tmp_path / "rival.onnx", metadata={**METADATA, "name": "rival"})
    rival = Challenger(Segmenter.load(str(path), threads=1), 0.5)
    upload.rename(upload.ready[0], Names("LOT9", "W11", "P1"))
    theirs = {entry.wafer.key for entry in upload.ready if challenger_takes(entry.wafer.key, 0.5)}
    assert 0 < len(theirs) < 3
    saved = take_in(Pipeline(lake, challenger=rival), results=results_to_keep(upload, blobs))
    assert (saved.new, saved.shared) == (3, len(theirs))
    rows = lake.query("SELECT key, model FROM wafers")
    assert set(rows.loc[rows["model"] == rival.segmenter.name, "key"]) == theirs


def test_originals_are_kept_before_the_first_wafer(upload, tmp_path):
    blobs = Blobs(tmp_path / "blobs")
    next(results_to_keep(upload, blobs))
    for _, content in FILES[:3]:
        assert blobs.read(hashlib.sha256(content).hexdigest()) == content
