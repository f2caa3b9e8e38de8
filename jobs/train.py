"""Train the segmentation network; killed, it goes on from the last whole epoch by the same command."""

import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import MLFlowLogger
from torch.utils.data import DataLoader

from core.settings import settings
from data.classes import CLASS_KEYS
from data.datasets import LabelledMaps, load_labelled
from data.errors import SettingError, WaferError
from data.splits import held_out
from jobs.flags import parse
from models.batches import Batch, MixConfig, WaferBatches
from models.learner import Learner, ScheduleConfig
from models.losses import LossConfig
from models.unet import NetworkConfig
from models.validation import fixed_batches


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides what comes out."""

    name: str = "waferscope"  # name of the run; its folder is HOME/runs/NAME
    encoder: Literal["resnet18", "resnet34", "resnet50", "resnet101", "mobilenet_v2"] = "resnet50"  # of the U-Net
    depth: int = 5  # encoder stages; 4 leaves out the coarsest
    decoder_channels: tuple[int, ...] = (256, 128, 64, 32, 16)  # channels of the decoder, coarse to fine
    dropout: float = 0.3  # share of the coarsest features dropped
    real: tuple[str, ...] = ()  # .npz files with wafer-level labels
    calibration_share: float = 0.1  # share of the real wafers kept for thresholds, never trained on
    steps: int = 6000  # optimiser steps in all
    epoch_steps: int = 400  # steps between measurements; a checkpoint after each
    rate: float = 1.5e-3  # learning rate
    decay: float = 0.01  # weight decay
    warmup: int = 200  # steps of warm-up
    fall_from: float = 0.5  # share of the steps after which the learning rate falls
    dice: float = 0.5  # weight of the Dice loss
    focal: float = 0.5  # weight of the focal loss
    gamma: float = 2.0  # focusing exponent of the focal loss
    alpha: float = 0.25  # weight of positives in the focal loss
    presence: float = 0.5  # weight of wafer-level labels
    pixels: int = 98304  # pixels a batch may hold
    real_share: float = 0.5  # share of real wafers in a batch
    validation_batches: int = 12  # synthetic batches that every measurement looks at
    patience: int = 12  # epochs without a better score before training stops
    precision: str = "32-true"  # "bf16-mixed" where the processor or GPU has it
    devices: int = 1  # GPUs or processes
    workers: int = 1  # processes that draw wafers
    seed: int = 20261123  # of weights, batches and splits


class Progress(Callback):
    """One line an epoch and one a minute: step, loss, time left."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.started = self.spoken = time.monotonic()
        self.first = 0

    def on_train_start(self, trainer: lightning.Trainer, *_: object) -> None:
        """Count time from here."""
        self.started, self.first = time.monotonic(), trainer.global_step

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        """Say where it stands, at most once a minute."""
        now = time.monotonic()
        if now - self.spoken < 60:
            return
        self.spoken = now
        each = (now - self.started) / max(1, trainer.global_step - self.first)
        left = each * (self.steps - trainer.global_step)
        loss = float(trainer.callback_metrics.get("train/loss", torch.nan))
        say(f"step {trainer.global_step}/{self.steps}  loss {loss:.4f}  {each:.2f} s/step  {left / 60:.0f} min left")

    def on_validation_end(self, trainer: lightning.Trainer, *_: object) -> None:
        """Say what the epoch measured."""
        measures = {k: float(v) for k, v in trainer.callback_metrics.items() if not k.startswith("train/")}
        if not trainer.sanity_checking:
            say(f"step {trainer.global_step}  " + "  ".join(f"{k} {v:.3f}" for k, v in sorted(measures.items())))


class Wafers(lightning.LightningDataModule):
    """Batches that go on where training stands."""

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        self.config = config
        self.train_part, self.held_out = split_real(config.real, config.calibration_share, config.seed)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Batches from the current step on."""
        config, step = self.config, self.trainer.global_step if self.trainer else 0
        mix = MixConfig(pixels=config.pixels, real_share=config.real_share)
        seed = config.seed + 1000 * (self.trainer.global_rank if self.trainer else 0)
        batches = WaferBatches(self.train_part, mix, seed, start=step)
        return DataLoader(batches, batch_size=None, num_workers=config.workers)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Give the fixed batches."""
        batches: Any = fixed_batches(self.held_out, self.config.validation_batches, self.config.seed + 1)
        return DataLoader(batches, batch_size=None)


def split_real(paths: Sequence[str], share: float, seed: int) -> tuple[LabelledMaps | None, LabelledMaps | None]:
    """Read labelled files and part them into training and calibration wafers, None where there are none."""
    if not paths:
        return None, None
    parts = [load_labelled(path) for path in paths]
    every = LabelledMaps(
        [m for part in parts for m in part.maps],
        np.concatenate([part.presence for part in parts]),
        [name for part in parts for name in part.names],
        np.concatenate([part.near_full for part in parts]),
    )
    apart = held_out(every.names, share, seed)
    return every.take(np.flatnonzero(~apart)), every.take(np.flatnonzero(apart))


def learner(config: TrainConfig) -> Learner:
    """Build the untrained learner of a config.

    Raises:
        SettingError: the decoder does not fit the depth.
    """
    if len(config.decoder_channels) != config.depth:
        raise SettingError(
            "--decoder-channels",
            f"expected {config.depth} numbers, one a stage of --depth, found {len(config.decoder_channels)}",
            "Give one number a stage, coarse to fine.",
        )
    network = NetworkConfig(config.encoder, config.depth, tuple(config.decoder_channels), config.dropout)
    loss = LossConfig(config.dice, config.focal, config.gamma, config.alpha, config.presence)
    schedule = ScheduleConfig(config.rate, config.decay, config.warmup, config.steps, config.fall_from)
    module = Learner(network, loss, schedule)
    module.save_hyperparameters({"config": asdict(config)}, logger=False)  # the run is told once, by `_logger`
    return module


def train(config: TrainConfig, home: Path) -> Path:
    """Train, or go on training.

    Returns:
        The newest checkpoint.

    Raises:
        FormatError: a file of real wafers cannot be used.
        SettingError: the decoder does not fit the depth.
    """
    lightning.seed_everything(config.seed, verbose=False)
    wafers, module = Wafers(config), learner(config)
    folder = home / "runs" / config.name
    folder.mkdir(parents=True, exist_ok=True)
    last = folder / "last.ckpt"
    trainer = lightning.Trainer(
        max_steps=config.steps,
        limit_train_batches=config.epoch_steps,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        precision=config.precision,  # type: ignore[arg-type]
        devices=config.devices,
        gradient_clip_val=1.0,
        logger=_logger(config, home, folder / "mlflow_run.txt"),
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=25,
        callbacks=[
            ModelCheckpoint(folder, filename="best", monitor="score", mode="max", enable_version_counter=False),
            # Not `save_last`: that writes only when the epoch was the best so far.
            ModelCheckpoint(folder, filename=last.stem, enable_version_counter=False),
            EarlyStopping("score", mode="max", patience=config.patience, check_on_train_epoch_end=False),
            Progress(config.steps),
        ],
    )
    say(f"{config.name}: {len(CLASS_KEYS)} classes, {config.steps} steps" + (", resumed" if last.exists() else ""))
    trainer.fit(module, datamodule=wafers, ckpt_path=last if last.exists() else None, weights_only=False)
    trainer.save_checkpoint(last)
    return last


def _logger(config: TrainConfig, home: Path, kept: Path) -> MLFlowLogger:
    """Open the run's record; training that goes on adds to the record it began, under the config it began with."""
    begun = kept.read_text(encoding="utf-8") if kept.exists() else None
    record = MLFlowLogger(
        "waferscope", run_name=config.name, tracking_uri=f"sqlite:///{home / 'mlflow.db'}", run_id=begun
    )
    if begun is None and record.run_id:  # of several processes only the first has one
        record.log_hyperparams(asdict(config))
        kept.write_text(record.run_id, encoding="utf-8")
    return record


def say(line: str) -> None:
    """Print one line at once."""
    print(time.strftime("%H:%M:%S "), line, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the job.

    Returns:
        0, or 1 when training cannot start.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    config = parse(TrainConfig, argv)
    try:
        say(f"checkpoint: {train(config, settings().home)}")
    except (WaferError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
