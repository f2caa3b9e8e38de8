import pytest
import torch

from core.registry.store import Registry
from core.settings import Settings
from core.training.config import TrainConfig, run_folder
from jobs.learning import learner
from jobs.make_version import learnt_from, main
from jobs.promote_model import main as promote
from tests.core.label_examples import labelled_home
from tests.core.registry.models import hurried  # noqa: F401  # listens from its import on

CONFIG = TrainConfig(encoder="resnet18", depth=4, decoder_channels=(16, 8, 8, 8), labels="now", from_="served")
SMALL = ["--synthetic", "6", "--described", "12", "--lake", "2"]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home whose run `tuned` left a checkpoint, with labels and wafers in its lake."""
    torch.manual_seed(5)
    module = learner(CONFIG)
    labelled_home(tmp_path)
    folder = run_folder(tmp_path, "tuned")
    folder.mkdir(parents=True)
    saved = {"state_dict": module.state_dict(), "hyper_parameters": dict(module.hparams), "global_step": 6}
    torch.save(saved, folder / "last.ckpt")
    monkeypatch.setattr("jobs.make_version.still_to_score", lambda *_: ["synthetic:3:1"])
    monkeypatch.setattr("jobs.register_model.run_told", lambda *_: {"config": {"steps": "6"}, "hours": 0.5})
    return tmp_path


def test_a_run_becomes_a_version_with_its_scores_and_is_not_served(home, capsys):
    assert main(["--run", "tuned", "--person", "ana", "--home", str(home), "--note", "six steps", *SMALL]) == 0
    assert "version 1: tuned@" in capsys.readouterr().out
    registry = Registry(Settings(home=home))
    version = registry.version(1)
    assert (version.note, version.registered_by) == ("six steps", "ana")
    assert version.card.hours == 0.5
    assert version.card.data == (
        "synthetic wafers with masks, people's labels (now), what the model in use reports on up to 2 wafers of the "
        "lake; starts from served"
    )
    assert {name: report["n"] for name, report in version.card.reports.items()} == {"synthetic:3:1": 3}
    assert version.card.parity["steps"] == 6
    assert registry.roles().champion == 0
    assert promote(["promote", "--version", "1", "--home", str(home)]) == 1
    assert "does not pass the gate" in capsys.readouterr().err


def test_a_run_without_a_checkpoint_is_told_so(tmp_path, capsys):
    assert main(["--run", "none", "--home", str(tmp_path)]) == 1
    assert "run none: it keeps no checkpoint below" in capsys.readouterr().err


def test_the_card_says_what_was_learnt_from():
    config = TrainConfig(real=("a/wm.npz",), unlabelled=("lake",))
    assert learnt_from(config, 0) == "synthetic wafers with masks, presence labels of wm, unlabelled: lake"
