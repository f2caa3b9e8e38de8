import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from lightning.pytorch.utilities.exceptions import SIGTERMException

from core.annotation.submissions import submit
from core.database import AppDatabase
from core.datasets.label_marks import labels_mark
from core.datasets.wafers import labelled_wafers
from core.identity import Person
from core.labels.label import Label
from core.lake import Lake
from core.segmentation.network import SHIPPED_WEIGHTS
from core.segmentation.serving import ServedModel, Serving, keep_served
from core.settings import Settings
from core.training.config import TrainConfig
from core.training.inputs import TrainingInputs
from data.errors import ModelError
from jobs.learning import learner
from jobs.register_model import here, run_told
from jobs.train import main
from jobs.training import train
from tests.core.label_examples import labelled_home

pytestmark = pytest.mark.slow

FLAGS = {
    "name": "tiny",
    "encoder": "resnet18",
    "depth": 4,
    "decoder-channels": "16 8 8 8",
    "steps": 6,
    "epoch-steps": 3,
    "warmup": 2,
    "pixels": 8192,
    "validation-batches": 2,
    "workers": 0,
}
TINY = [word for name, value in FLAGS.items() for word in (f"--{name}", *str(value).split())]


def command(home: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "jobs.train", *TINY],
        env={**os.environ, "WAFERSCOPE_HOME": str(home), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> tuple[Path, int, str]:
    """A run that was killed after its first checkpoint and taken up again: folder, step it was killed at, words."""
    home = tmp_path_factory.mktemp("home")
    last = home / "runs" / "tiny" / "last.ckpt"
    first = command(home)
    while not last.exists() and first.poll() is None:
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGKILL)
    said = first.communicate()[0]
    assert last.exists(), said
    step = torch.load(last, weights_only=True)["global_step"]
    second = command(home)
    said = second.communicate()[0]
    assert second.returncode == 0, said
    return last.parent, step, said


def test_a_killed_run_leaves_a_whole_checkpoint_of_its_first_epoch(trained):
    assert trained[1] == 3


def test_the_same_command_goes_on_and_ends_at_the_last_step(trained):
    folder, _, said = trained
    assert "6 steps, resumed" in said
    assert f"checkpoint: {folder / 'last.ckpt'}" in said
    assert "step 6  " in said
    assert "step 3  " not in said  # what was measured before the kill is not measured again
    assert torch.load(folder / "last.ckpt", weights_only=True)["global_step"] == 6
    assert sorted(p.name for p in folder.glob("*.ckpt")) == ["best.ckpt", "last.ckpt"]


def test_its_checkpoint_holds_the_whole_config_and_fits_the_network(trained):
    saved = torch.load(trained[0] / "last.ckpt", weights_only=True)
    config = TrainConfig(**saved["hyper_parameters"]["config"])
    assert (config.name, config.encoder, config.depth, config.decoder_channels) == (
        "tiny",
        "resnet18",
        4,
        (16, 8, 8, 8),
    )
    module = learner(config)
    module.load_state_dict(saved["state_dict"])
    assert all(torch.isfinite(p).all() for p in module.average.parameters())


def test_its_record_knows_the_commit_that_it_began_with(trained):
    commit = run_told(Settings(home=trained[0].parents[1]), "tiny")["commit"]
    assert here().startswith(commit)
    assert bool(commit) == bool(here())


def test_training_moved_the_weights_and_the_average_with_them(trained):
    state = torch.load(trained[0] / "last.ckpt", weights_only=True)["state_dict"]
    assert int(state["network.encoder.bn1.num_batches_tracked"]) == 6
    assert int(state["average.n_averaged"]) == 6 - 2 + 1  # from the last step of warm-up on


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--real", "nowhere.npz"], "nowhere.npz: the file is missing, damaged or no .npz file. Give an .npz file."),
        (["--depth", "4"], "--decoder-channels: expected 4 numbers, one a stage of --depth, found 5"),
    ],
)
def test_a_run_that_cannot_start_says_why_and_leaves_nothing(flags, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path / "home"))
    assert main(flags) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


def test_an_encoder_that_does_not_exist_is_refused_with_those_that_do(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--encoder", "resnet19"])
    assert "resnet18" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--name", "../evil"], "--name: '../evil' is no name of a run"),
        (["--few-shot"], "--from: frozen layers and consolidation need weights that know something"),
        (["--from", "served", "--frozen-steps", "5", "--devices", "2"], "--frozen-steps: several processes cannot"),
        (["--from", "no.ckpt", "--encoder", "resnet18"], "no.ckpt: the checkpoint cannot be read"),
        (["--labels", "v9"], "dataset v9: there is no such dataset"),
    ],
)
def test_what_cannot_be_tuned_is_refused_before_anything_is_written(flags, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path))
    assert main(flags) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_a_champion_whose_file_is_gone_starts_nothing(tmp_path):
    at = Settings(home=tmp_path)
    keep_served(at, Serving(champion=ServedModel(3, "tuned@1", str(tmp_path / "three.onnx"))))
    with pytest.raises(ModelError, match=r"three\.onnx: the weights in use cannot be read"):
        train(TrainConfig(from_="served"), at)


def state_of(checkpoint: Path) -> dict[str, torch.Tensor]:
    return torch.load(checkpoint, weights_only=True)["state_dict"]


def test_people_s_labels_unlabelled_wafers_and_old_weights_train_together(trained, tmp_path, monkeypatch):
    """One short run with every part on: its encoder stands still, and its average began where the other run ended."""
    labelled_home(tmp_path)
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path))
    begun = trained[0] / "best.ckpt"
    more = [
        "--name",
        "tuned",
        "--encoder",
        "resnet50",
        "--from",
        str(begun),
        "--labels",
        "now",
        "--old-labels",
        "now",
        "--unlabelled",
        "lake",
        "--frozen-steps=9",
        "--ewc=5",
        "--ewc-batches=1",
        "--extent=0.1",
        "--ramp=1",
        "--steps=2",
        "--epoch-steps=2",
    ]
    assert main([*TINY, *more]) == 0
    old, new = state_of(begun), state_of(tmp_path / "runs" / "tuned" / "last.ckpt")
    encoder = [name for name in old if name.startswith("network.encoder.")]
    assert all(torch.equal(new[name], old[name.replace("network.", "average.module.", 1)]) for name in encoder)
    assert not torch.equal(new["network.head.0.weight"], old["average.module.head.0.weight"])
    assert "consistency.seen" in new
    database = AppDatabase(tmp_path / "decisions.db")
    told = run_told(Settings(home=tmp_path), "tuned")
    assert told["labels"] == labels_mark("now", labelled_wafers(database, Lake(tmp_path / "lake"), "now"))
    assert (told["config"]["labels"], told["start"]) == ("now", "")


class Begun(Exception):
    """Stands where the first step would be taken."""


def begin(config: TrainConfig, at: Settings, monkeypatch, meanwhile: Callable[[], None]) -> list[TrainingInputs]:
    """Begin a training, up to its record, while something else happens; returns what it would learn from."""
    seen = []

    def built(built_of: TrainConfig) -> object:
        meanwhile()
        return learner(built_of)

    def stop(*_: object, **__: object) -> None:
        raise Begun

    with monkeypatch.context() as patch:
        patch.setattr("jobs.training.learner", built)
        patch.setattr("jobs.training.started", lambda _module, _config, wafers: seen.append(wafers.inputs))
        patch.setattr("jobs.training.lightning.Trainer", stop)
        with pytest.raises(Begun):
            train(config, at)
    return seen


def label_one_more(home: Path) -> None:
    database, lake = AppDatabase(home / "decisions.db"), Lake(home / "lake")
    (key,) = lake.query("SELECT max(key) AS key FROM wafers")["key"]
    with database.writing() as session:
        of = lake.wafer(key)
        submit(session, of, Label(of.key, of.dies.shape, no_defect=True), Person("ana"), 30.0)
    database.close()


def mark_now(home: Path) -> str:
    return labels_mark("now", labelled_wafers(AppDatabase(home / "decisions.db"), Lake(home / "lake"), "now"))


def test_a_record_names_what_was_learnt_from_whatever_happens_meanwhile(tmp_path, monkeypatch):
    """A label is submitted and a model promoted after training has read both, before its record is made."""
    at, before = Settings(home=labelled_home(tmp_path)), mark_now(tmp_path)
    other = tmp_path / "other.onnx"
    other.write_bytes(b"another model")

    def meanwhile() -> None:
        label_one_more(tmp_path)
        keep_served(at, Serving(champion=ServedModel(1, "other@1", str(other))))

    config = TrainConfig(name="noted", from_="served", labels="now", workers=0)
    (inputs,) = begin(config, at, monkeypatch, meanwhile)
    told = run_told(at, "noted")
    assert mark_now(tmp_path) != before
    assert told["labels"] == before == labels_mark("now", inputs.labels)
    assert inputs.start_weights == SHIPPED_WEIGHTS
    assert told["start"] == hashlib.sha256(SHIPPED_WEIGHTS.read_bytes()).hexdigest()


def test_a_run_that_goes_on_with_other_labels_names_both(tmp_path, monkeypatch):
    at, before = Settings(home=labelled_home(tmp_path)), mark_now(tmp_path)
    config = TrainConfig(name="long", labels="now", workers=0)
    for _ in range(2):
        begin(config, at, monkeypatch, lambda: None)
        assert run_told(at, "long")["labels"] == before
    label_one_more(tmp_path)
    for _ in range(2):
        begin(config, at, monkeypatch, lambda: None)
        assert run_told(at, "long")["labels"] == f"{before}; then {mark_now(tmp_path)}"


def test_a_run_that_is_told_to_end_says_what_is_kept_and_is_not_done(monkeypatch, capsys):
    def told_to_end(*_: object) -> Path:
        signal.raise_signal(signal.SIGTERM)
        raise AssertionError("it went on")

    def as_lightning_does(*_: object) -> None:
        raise SIGTERMException

    before = signal.signal(signal.SIGTERM, as_lightning_does)
    monkeypatch.setattr("jobs.training.train", told_to_end)
    try:
        assert main([]) == 143
    finally:
        signal.signal(signal.SIGTERM, before)
    assert "cancelled; the checkpoint of the last whole epoch is kept" in capsys.readouterr().out
