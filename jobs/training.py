"""The training loop of jobs.train: its trainer, its record, and how it tells its progress."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import MLFlowLogger

from core.jobs.folder import tell_progress
from core.settings import Settings
from core.storage.folder import Folder
from core.training.config import TrainConfig, check_config, check_shape, run_folder
from core.training.inputs import read_inputs
from core.training.records import LABELS_TAG, RUN_FILE
from core.training.tracking import opening
from data.classes import CLASS_KEYS
from jobs.checkpoints import check_goes_on
from jobs.learning import Wafers, consolidated, learner, started, with_shape
from jobs.progress import say

THEN = "; then "
"""Between the labels that a run began with and those that it went on with."""


class ProgressPrinter(Callback):
    """One line an epoch and one a minute: step, loss, time left. Whoever watches over the job is told each second."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.started = self.spoken = self.told = time.monotonic()
        self.first = 0

    def on_train_start(self, trainer: lightning.Trainer, *_: object) -> None:
        """Count time from here."""
        self.started, self.first = time.monotonic(), trainer.global_step

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        """Print where it stands, at most once a minute."""
        now = time.monotonic()
        if now - self.told >= 1 or trainer.global_step == self.steps:
            self.told = now
            rate = (trainer.global_step - self.first) / max(1e-9, now - self.started)
            tell_progress(trainer.global_step, self.steps, trainer.global_step / self.steps, rate)
        if now - self.spoken < 60:
            return
        self.spoken = now
        each = (now - self.started) / max(1, trainer.global_step - self.first)
        left = each * (self.steps - trainer.global_step)
        loss = float(trainer.callback_metrics.get("train/loss", torch.nan))
        say(f"step {trainer.global_step}/{self.steps}  loss {loss:.4f}  {each:.2f} s/step  {left / 60:.0f} min left")

    def on_validation_end(self, trainer: lightning.Trainer, *_: object) -> None:
        """Print what the epoch measured."""
        measures = {k: float(v) for k, v in trainer.callback_metrics.items() if not k.startswith(("train/", "lr-"))}
        if not trainer.sanity_checking:
            say(f"step {trainer.global_step}  " + "  ".join(f"{k} {v:.3f}" for k, v in sorted(measures.items())))


def train(config: TrainConfig, at: Settings) -> Path:
    """Train, or go on training.

    Returns:
        The newest checkpoint.

    Raises:
        FormatError: a file of real wafers cannot be used.
        SettingError: the configuration cannot be trained.
        AppDatabaseError: there is no such frozen dataset.
        ModelError: there are no weights to start from or to go on with, or they do not fit.
    """
    check_config(config)
    inputs = read_inputs(config, at)
    config = with_shape(config, inputs)
    check_shape(config)
    lightning.seed_everything(config.seed, verbose=False)
    wafers, module = Wafers(config, inputs), learner(config)
    folder = run_folder(at.home, config.name)
    last = folder / "last.ckpt"
    if last.exists():
        check_goes_on(last, module)
    if config.from_ and (config.ewc or not last.exists()):
        started(module, config, wafers)
    if config.ewc:
        say("measuring which weights matter for old wafers")
        consolidated(module, config, wafers)
    folder.mkdir(parents=True, exist_ok=True)
    trainer = lightning.Trainer(
        max_steps=config.steps,
        limit_train_batches=config.epoch_steps,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        precision=config.precision,  # type: ignore[arg-type]
        devices=config.devices,
        gradient_clip_val=1.0,
        logger=_logger(config, inputs.marks, at, folder / RUN_FILE),
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=min(25, config.epoch_steps),
        callbacks=[
            ModelCheckpoint(folder, filename="best", monitor="score", mode="max", enable_version_counter=False),
            # Not `save_last`: that writes only when the epoch was the best so far.
            ModelCheckpoint(folder, filename=last.stem, enable_version_counter=False),
            EarlyStopping("score", mode="max", patience=config.patience, check_on_train_epoch_end=False),
            LearningRateMonitor(),
            ProgressPrinter(config.steps),
        ],
    )
    say(f"{config.name}: {len(CLASS_KEYS)} classes, {config.steps} steps" + (", resumed" if last.exists() else ""))
    trainer.fit(module, datamodule=wafers, ckpt_path=last if last.exists() else None, weights_only=True)
    trainer.save_checkpoint(last)
    tell_progress(trainer.global_step, config.steps, 1.0, None)
    return last


def _logger(config: TrainConfig, marks: Mapping[str, str], at: Settings, kept: Path) -> MLFlowLogger:
    """Open the run's record; training that goes on adds to the record it began, under the config it began with.

    Where it goes on with other labels than it began with, the record names both, so that neither alone is believed.
    """
    begun = kept.read_text(encoding="utf-8") if kept.exists() else None
    with opening(at):
        record = MLFlowLogger("waferscope", run_name=config.name, tracking_uri=at.mlflow_url, run_id=begun)
        number = record.run_id
    if begun is None and number:  # of several processes only the first has one
        record.log_hyperparams(asdict(config))
        for tag, told in marks.items():
            record.experiment.set_tag(number, tag, told)
        Folder(kept.parent).write_text(kept.name, number)
    elif number and LABELS_TAG in marks:
        told = record.experiment.get_run(number).data.tags.get(LABELS_TAG, "")
        if marks[LABELS_TAG] not in told.split(THEN):
            record.experiment.set_tag(number, LABELS_TAG, f"{told}{THEN}{marks[LABELS_TAG]}")
    return record
