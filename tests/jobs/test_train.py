import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning.pytorch.utilities.exceptions import SIGTERMException

from core.database import AppDatabase
from core.datasets.label_marks import labels_mark
from core.datasets.label_set import Split
from core.datasets.wafers import labelled_wafers
from core.lake import Lake
from core.segmentation.network import SHIPPED_WEIGHTS
from core.segmentation.serving import ServedModel, Serving, keep_served
from core.settings import Settings
from core.training.config import TrainConfig
from core.training.records import START_TAG
from data.classes import CLASS_COUNT, CLASS_INDEX
from data.datasets import MaskedMaps
from data.errors import ModelError
from jobs.learning import Wafers, learner, split_real, with_shape
from jobs.register_model import here, run_told
from jobs.train import main
from jobs.training import _origins
from tests.core.label_examples import labelled_home

pytestmark = pytest.mark.slow

TRAIN, JUDGED = Split.TRAIN, Split.VALIDATION
FLAGS = {
    "name": "tiny", "encoder": "resnet18", "depth": 4, "decoder-channels": "16 8 8 8", "steps": 6, "epoch-steps": 3,
    "warmup": 2, "pixels": 8192, "validation-batches": 2, "workers": 0,
}  # fmt: skip
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
    step = torch.load(last, weights_only=False)["global_step"]
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
    assert torch.load(folder / "last.ckpt", weights_only=False)["global_step"] == 6
    assert sorted(p.name for p in folder.glob("*.ckpt")) == ["best.ckpt", "last.ckpt"]


def test_its_checkpoint_holds_the_whole_config_and_fits_the_network(trained):
    saved = torch.load(trained[0] / "last.ckpt", weights_only=False)
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
    state = torch.load(trained[0] / "last.ckpt", weights_only=False)["state_dict"]
    assert int(state["network.encoder.bn1.num_batches_tracked"]) == 6
    assert int(state["average.n_averaged"]) == 6 - 2 + 1  # from the last step of warm-up on


class Standing:
    global_step, global_rank = 7, 0


def test_training_that_resumes_goes_on_with_the_batch_it_would_have_seen():
    config = TrainConfig(pixels=2 * 64 * 64, workers=0, seed=5)
    fresh, resumed = Wafers(config, Settings()), Wafers(config, Settings())
    resumed.trainer = Standing()
    expected = fresh.train_dataloader().dataset.batch(7)  # type: ignore[attr-defined]
    got = next(iter(resumed.train_dataloader()))
    assert torch.equal(got["wafer"], expected["wafer"])
    assert torch.equal(got["masks"], expected["masks"])


def test_several_processes_draw_different_batches():
    config = TrainConfig(pixels=2 * 64 * 64, workers=0, seed=5)
    first, second = Wafers(config, Settings()), Wafers(config, Settings())
    first.trainer, second.trainer = Standing(), Standing()
    second.trainer.global_rank = 1  # type: ignore[misc]
    assert first.train_dataloader().dataset.seed != second.train_dataloader().dataset.seed  # type: ignore[attr-defined]


def test_weights_that_know_something_are_shown_batches_that_did_not_teach_them():
    first, second, third = (
        Wafers(TrainConfig(name=name, from_=start, workers=0), Settings()).train_dataloader().dataset.seed  # type: ignore[attr-defined]
        for name, start in (("first", ""), ("second", "served"), ("third", "served"))
    )
    assert len({first, second, third}) == 3


def labelled_file(path: Path, count: int) -> str:
    labels = np.zeros((count, 2), dtype=int)
    labels[::2, 0] = 1
    names = np.array(["Donut", "Scratch"])
    np.savez(path, maps=np.ones((count, 26, 26), np.uint8), labels=labels, label_names=names)
    return str(path)


def test_real_wafers_are_parted_once_and_for_all(tmp_path):
    paths = [labelled_file(tmp_path / "a.npz", 60), labelled_file(tmp_path / "b.npz", 40)]
    train, apart = split_real(paths, 0.2, 7)
    assert len(train) + len(apart) == 100
    assert 8 <= len(apart) <= 32
    assert not set(train.names) & set(apart.names)
    assert (train.presence[:, CLASS_INDEX["ring"]] == [int(name[-1]) % 2 == 0 for name in train.names]).all()
    assert split_real(paths[:1], 0.2, 7)[1].names == [name for name in apart.names if name.startswith("a:")]
    assert train.presence.shape[1] == CLASS_COUNT


def test_without_files_there_is_nothing_real():
    assert split_real((), 0.1, 1) == (None, None)


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


def test_the_weights_in_use_are_the_champion_s(tmp_path):
    at = Settings(home=tmp_path)
    assert Wafers(TrainConfig(from_="served"), at).served == SHIPPED_WEIGHTS
    keep_served(at, Serving(champion=ServedModel(3, "tuned@1", str(tmp_path / "three.onnx"))))
    assert Wafers(TrainConfig(from_="served"), at).served == tmp_path / "three.onnx"
    with pytest.raises(ModelError, match=r"three\.onnx"):
        with_shape(TrainConfig(from_="served"), at)


def test_people_s_validation_wafers_are_measured_and_never_trained_on(tmp_path, monkeypatch):
    maps = [np.full((26, 26), 2, np.uint8) for _ in range(3)]
    masks = [np.ones((CLASS_COUNT, 26, 26), dtype=bool) for _ in maps]
    sides = {side: MaskedMaps(maps[:n], masks[:n], ["P:1", "P:2", "P:3"][:n]) for side, n in ((TRAIN, 3), (JUDGED, 2))}
    monkeypatch.setattr("jobs.learning.labelled_wafers", lambda *_: sides)
    wafers = Wafers(TrainConfig(labels="v1", validation_batches=1), Settings(home=tmp_path))
    assert wafers.more.people is sides[TRAIN]
    marked = [len(batch["wafer"]) for batch in wafers.val_dataloader() if "people" in batch]
    assert marked == [2]


def state_of(checkpoint: Path) -> dict[str, torch.Tensor]:
    return torch.load(checkpoint, weights_only=False)["state_dict"]


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


def test_the_weights_that_were_in_use_when_it_began_are_noted(tmp_path):
    shipped = hashlib.sha256(SHIPPED_WEIGHTS.read_bytes()).hexdigest()
    assert _origins(TrainConfig(from_="served"), Settings(home=tmp_path)) == {START_TAG: shipped}
    assert _origins(TrainConfig(), Settings(home=tmp_path)) == {}


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


def test_a_worker_that_is_told_to_end_with_all_of_the_job_s_processes_leaves_that_to_the_training(tmp_path):
    wafers = Wafers(TrainConfig(pixels=8192, workers=1), Settings(home=tmp_path))
    batches = iter(wafers.train_dataloader())
    next(batches)
    (worker,) = batches._workers  # type: ignore[attr-defined]
    os.kill(worker.pid, signal.SIGTERM)
    for _ in range(4):  # more than the worker has made ahead
        next(batches)
    assert worker.is_alive()
