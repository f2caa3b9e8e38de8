import importlib.util
import shutil
import subprocess
import sys

import pytest

from core.batches.folder import Batch
from core.batches.results import results_of
from core.batches.spreading import _finish, segment_parts_on_ray
from core.exports import mask_png, result_json
from core.segmentation import Segmenter
from data.errors import ModelError, SettingError
from tests.core.batches.batch_examples import mixed_folder, read_batch, segment_all
from tests.core.batches.local_ray import running_ray
from tests.source_tree import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def segmenter(tiny_model_path) -> Segmenter:
    return Segmenter.load(str(tiny_model_path), threads=1)


@pytest.fixture
def batch(tmp_path, monkeypatch, tiny_model_path):
    """Seven wafers in parts of three."""
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tiny_model_path))
    return read_batch(tmp_path, mixed_folder(tmp_path / "in"), wafers_per_part=3)


def said(batch):
    return [(result_json(result), mask_png(result)) for result, _ in results_of(batch)]


def test_on_ray_the_results_are_those_of_this_machine(batch, segmenter, tmp_path, tiny_model_path):
    shutil.copytree(batch.path, tmp_path / "here")
    here = Batch(tmp_path / "here")
    segment_all(here, segmenter)
    with running_ray({"WAFERSCOPE_MODEL": str(tiny_model_path), "WAFERSCOPE_THREADS": "1"}) as environment:
        words = [sys.executable, "-m", "jobs.batch", "--out", str(batch.path), "--home", str(tmp_path)]
        ran = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (ran.returncode, batch.finished()) == (0, {0, 1, 2}), ran.stderr
    assert "segmented 7 of 7 wafers" in ran.stderr
    assert said(batch) == said(here)


def test_a_worker_with_another_model_refuses(batch, tiny_model_path):
    with pytest.raises(ModelError, match="expected the model another@1 on every machine, found tiny@"):
        _finish({"part": [0]}, str(batch.path), str(tiny_model_path), "another@1", 1)
    assert batch.finished() == frozenset()


def test_a_missing_ray_is_said(batch, segmenter, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        SettingError, match=r"it is set, but Ray is not installed\. Run pip install 'ray\[default,data\]=="
    ):
        next(segment_parts_on_ray(batch, [0], segmenter, 1, "127.0.0.1:6379"))
