import os
import signal
from pathlib import Path

import numpy as np
import torch

from core.datasets.label_set import Split
from core.training.config import TrainConfig
from core.training.inputs import TrainingInputs
from data.classes import CLASS_COUNT, CLASS_INDEX
from data.datasets import MaskedMaps
from jobs.learning import Wafers, split_real

TRAIN, JUDGED = Split.TRAIN, Split.VALIDATION


class Standing:
    global_step, global_rank = 7, 0


def test_training_that_resumes_goes_on_with_the_batch_it_would_have_seen():
    config = TrainConfig(pixels=2 * 64 * 64, workers=0, seed=5)
    fresh, resumed = Wafers(config, TrainingInputs()), Wafers(config, TrainingInputs())
    resumed.trainer = Standing()
    expected = fresh.train_dataloader().dataset.batch(7)
    got = next(iter(resumed.train_dataloader()))
    assert torch.equal(got["wafer"], expected["wafer"])
    assert torch.equal(got["masks"], expected["masks"])


def test_several_processes_draw_different_batches():
    config = TrainConfig(pixels=2 * 64 * 64, workers=0, seed=5)
    first, second = Wafers(config, TrainingInputs()), Wafers(config, TrainingInputs())
    first.trainer, second.trainer = Standing(), Standing()
    second.trainer.global_rank = 1
    assert first.train_dataloader().dataset.seed != second.train_dataloader().dataset.seed


def test_weights_that_know_something_are_shown_batches_that_did_not_teach_them():
    first, second, third = (
        Wafers(TrainConfig(name=name, from_=start, workers=0), TrainingInputs()).train_dataloader().dataset.seed
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


def test_people_s_validation_wafers_are_measured_and_never_trained_on():
    maps = [np.full((26, 26), 2, np.uint8) for _ in range(3)]
    masks = [np.ones((CLASS_COUNT, 26, 26), dtype=bool) for _ in maps]
    sides = {side: MaskedMaps(maps[:n], masks[:n], ["P:1", "P:2", "P:3"][:n]) for side, n in ((TRAIN, 3), (JUDGED, 2))}
    wafers = Wafers(TrainConfig(labels="v1", validation_batches=1), TrainingInputs(labels=sides))
    assert wafers.more.people is sides[TRAIN]
    marked = [len(batch["wafer"]) for batch in wafers.val_dataloader() if "people" in batch]
    assert marked == [2]


def test_a_worker_that_is_told_to_end_with_all_of_the_job_s_processes_leaves_that_to_the_training(tmp_path):
    wafers = Wafers(TrainConfig(pixels=8192, workers=1), TrainingInputs())
    batches = iter(wafers.train_dataloader())
    next(batches)
    (worker,) = batches._workers
    os.kill(worker.pid, signal.SIGTERM)
    for _ in range(4):  # more than the worker has made ahead
        next(batches)
    assert worker.is_alive()
