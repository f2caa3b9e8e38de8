import pytest
import torch

from core.database import AppDatabase
from core.datasets.label_marks import labels_mark
from core.datasets.wafers import labelled_wafers
from core.lake import Lake
from core.registry.card import shipped_card
from core.registry.store import Registry
from core.settings import Settings
from core.training.config import TrainConfig, run_folder
from jobs.learning import learner
from jobs.make_version import main
from jobs.promote_model import main as promote
from tests.core.label_examples import labelled_home
from tests.core.registry.models import hurried  # noqa: F401  # listens from its import on

pytestmark = pytest.mark.slow

CONFIG = TrainConfig(
    encoder="resnet18", depth=4, decoder_channels=(16, 8, 8, 8), labels="now", from_="served", pixels=2 * 64 * 64
)
SMALL = ["--synthetic", "6", "--described", "12", "--lake", "2"]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home whose run `tuned` left a checkpoint, with labels and wafers in its lake."""
    torch.manual_seed(5)
    module = learner(CONFIG)
    labelled_home(tmp_path, lots=6)
    folder = run_folder(tmp_path, "tuned")
    folder.mkdir(parents=True)
    saved = {"state_dict": module.state_dict(), "hyper_parameters": dict(module.hparams), "global_step": 6}
    torch.save(saved, folder / "last.ckpt")
    monkeypatch.setattr("jobs.make_version.still_to_score", lambda *_: ["synthetic:3:1"])
    told = {
        "config": {"steps": "6", "labels": "now", "from_": "served"},
        "hours": 0.5,
        "commit": "abc1234",
        "labels": mark(tmp_path),
        "start": shipped_card().sha256,
    }
    for module in ("make_version", "register_model"):
        monkeypatch.setattr(f"jobs.{module}.run_told", lambda *_: told)
    return tmp_path


def mark(home) -> str:
    """The labels that count now, as training tells them apart."""
    database = AppDatabase(home / "decisions.db")
    return labels_mark("now", labelled_wafers(database, Lake(home / "lake"), "now"))


def test_a_run_becomes_a_version_with_its_scores_and_is_not_served(home, capsys):
    assert main(["--run", "tuned", "--person", "ana", "--home", str(home), "--note", "six steps", *SMALL]) == 0
    assert "version 1: tuned@" in capsys.readouterr().out
    registry = Registry(Settings(home=home))
    version = registry.version(1)
    assert (version.note, version.registered_by) == ("six steps", "ana")
    assert version.card.hours == 0.5
    assert version.card.data == (
        f"synthetic wafers with masks, people's labels ({mark(home)}), what the model in use reports on up to 2 wafers "
        f"of the lake; starts from {shipped_card().name}"
    )
    assert (version.card.labels, version.card.commit) == (mark(home), "abc1234")
    assert version.card.never_shown[-1] == f"It started from {shipped_card().name}: what that was shown comes on top."
    assert {name: report["n"] for name, report in version.card.reports.items()} == {"synthetic:3:1": 3, "labels:now": 1}
    champion = registry.version(0).card
    assert champion.reports["labels:now"]["wafers"] == version.card.reports["labels:now"]["wafers"]
    assert version.card.parity["steps"] == 6
    assert registry.roles().champion == 0
    assert promote(["promote", "--version", "1", "--home", str(home)]) == 1
    assert "does not pass the gate" in capsys.readouterr().err


def test_a_run_without_a_checkpoint_is_told_so(tmp_path, capsys):
    assert main(["--run", "none", "--home", str(tmp_path)]) == 1
    assert "run none: it keeps no checkpoint below" in capsys.readouterr().err
