import hashlib
from dataclasses import FrozenInstanceError

import pytest

from core.database import AppDatabase
from core.datasets.label_marks import labels_mark
from core.datasets.label_set import Split
from core.datasets.wafers import labelled_wafers
from core.lake import Lake
from core.segmentation.network import SHIPPED_WEIGHTS
from core.segmentation.serving import ServedModel, Serving, keep_served
from core.settings import Settings
from core.training import inputs
from core.training.config import TrainConfig
from core.training.inputs import read_inputs
from core.training.records import LABELS_TAG, START_TAG
from data.errors import AppDatabaseError, ModelError
from tests.core.label_examples import labelled_home


def test_a_training_that_names_nothing_reads_and_opens_nothing(tmp_path):
    found = read_inputs(TrainConfig(), Settings(home=tmp_path))
    assert (found.labels, found.old_labels, list(found.unlabelled), found.start_weights) == ({}, {}, [], None)
    assert found.marks == {}
    assert not list(tmp_path.iterdir())


def test_labels_that_teach_in_two_ways_are_read_once(tmp_path, monkeypatch):
    home, asked = labelled_home(tmp_path), []
    monkeypatch.setattr(inputs, "labelled_wafers", lambda *of: asked.append(of[-1]) or labelled_wafers(*of))
    config = TrainConfig(labels="now", old_labels="now", unlabelled=("lake",))
    found = read_inputs(config, Settings(home=home))
    assert asked == ["now"]
    assert found.labels is found.old_labels
    assert sum(len(found.labels[side]) for side in Split) == 4
    assert len(found.unlabelled) == 2
    sides = labelled_wafers(AppDatabase(home / "decisions.db"), Lake(home / "lake"), "now")
    assert found.marks == {LABELS_TAG: labels_mark("now", sides)}
    with pytest.raises(FrozenInstanceError):
        found.labels = {}


def test_the_weights_in_use_are_the_champion_s_and_are_marked_by_their_hash(tmp_path):
    at, three = Settings(home=tmp_path), tmp_path / "three.onnx"
    found = read_inputs(TrainConfig(from_="served"), at)
    assert found.start_weights == SHIPPED_WEIGHTS
    assert found.marks == {START_TAG: hashlib.sha256(SHIPPED_WEIGHTS.read_bytes()).hexdigest()}
    keep_served(at, Serving(champion=ServedModel(3, "tuned@1", str(three))))
    with pytest.raises(ModelError, match=r"three\.onnx: the weights in use cannot be read \(No such file"):
        read_inputs(TrainConfig(from_="served"), at)
    three.write_bytes(b"three")
    found = read_inputs(TrainConfig(from_="served"), at)
    assert (found.start_weights, found.marks) == (three, {START_TAG: hashlib.sha256(b"three").hexdigest()})
    assert read_inputs(TrainConfig(from_="some.ckpt"), at).start_weights is None


def test_a_dataset_that_is_not_there_is_said(tmp_path):
    with pytest.raises(AppDatabaseError, match="dataset v9: there is no such dataset"):
        read_inputs(TrainConfig(labels="v9"), Settings(home=tmp_path))
