"""The training loop of jobs.train: its trainer, its record, and how it tells its progress."""

import hashlib
import time
from dataclasses import asdict
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import MLFlowLogger

from core.database import AppDatabase
from core.datasets.label_marks import labels_mark
from core.datasets.wafers import labelled_wafers
from core.jobs.folder import tell_progress
from core.lake import Lake
from core.segmentation.serving import model_in_use
from core.settings import Settings
from core.training.config import SERVED, TrainConfig, check_config, check_shape, run_folder
from core.training.records import LABELS_TAG, RUN_FILE, START_TAG
from core.training.tracking import opening
from data.classes import CLASS_KEYS
from jobs.checkpoints import check_goes_on
from jobs.learning import Wafers, consolidated, learner, started, with_shape
from jobs.progress import say


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
    config = with_shape(config, at)
    check_shape(config)
    lightning.seed_everything(config.seed, verbose=False)
    wafers, module = Wafers(config, at), learner(config)
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
        logger=_logger(config, at, folder / RUN_FILE),
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
    trainer.fit(module, datamodule=wafers, ckpt_path=last if last.exists() else None, weights_only=False)
    trainer.save_checkpoint(last)
    tell_progress(trainer.global_step, config.steps, 1.0, None)
    return last


def _logger(config: TrainConfig, at: Settings, kept: Path) -> MLFlowLogger:
    """Open the run's record; training that goes on adds to the record it began, under the config it began with."""
    begun = kept.read_text(encoding="utf-8") if kept.exists() else None
    with opening(at):
        record = MLFlowLogger("waferscope", run_name=config.name, tracking_uri=at.mlflow_url, run_id=begun)
        number = record.run_id
    if begun is None and number:  # of several processes only the first has one
        record.log_hyperparams(asdict(config))
        for tag, told in _origins(config, at).items():
            record.experiment.set_tag(number, tag, told)
        kept.write_text(number, encoding="utf-8")
    return record


def _origins(config: TrainConfig, at: Settings) -> dict[str, str]:
    """Name what the config names by words whose meaning changes: the labels that count now, the weights in use."""
    told = {}
    if config.labels:
        sides = labelled_wafers(AppDatabase(at.database_place), Lake(at.lake_url), config.labels)
        told[LABELS_TAG] = labels_mark(config.labels, sides)
    if config.from_ == SERVED:
        told[START_TAG] = hashlib.sha256(model_in_use(at).read_bytes()).hexdigest()
    return told
