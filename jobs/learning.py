"""What training is put together from: wafers to learn from, the learner, and the weights that it starts from."""

import signal
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import lightning
import numpy as np
from torch.utils.data import DataLoader

from core.datasets.label_set import Split
from core.training.config import TrainConfig
from core.training.inputs import TrainingInputs
from data.datasets import LabelledMaps, load_labelled, together
from data.pictures import raster_of
from data.splits import held_out
from jobs.checkpoints import read_checkpoint, shape_of
from models.batches import Batch, MixConfig, MoreWafers, WaferBatches
from models.consistency import ConsistencyConfig
from models.consolidation import Consolidation, fisher
from models.learner import Learner, ScheduleConfig
from models.losses import LossConfig
from models.restoring import network_of, served_shape
from models.tuning import TuningConfig
from models.validation import fixed_batches

MEASURED = 6
"""Batches that measure statistics of the served network."""


def _leave_the_end_to_training(_worker: int) -> None:
    """All processes of a job are told to end; a worker that did so by itself would be an error to the training."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


class Wafers(lightning.LightningDataModule):
    """Batches that go on where training stands.

    Args:
        config: says how what there is to learn from is mixed.
        inputs: wafers that people labelled or nobody did, and the weights in use.
    """

    def __init__(self, config: TrainConfig, inputs: TrainingInputs) -> None:
        super().__init__()
        self.config, self.inputs = config, inputs
        self.train_part, self.held_out = split_real(config.real, config.calibration_share, config.seed)
        self.judged = inputs.labels.get(Split.VALIDATION)
        people, known = inputs.labels.get(Split.TRAIN), inputs.old_labels.get(Split.TRAIN)
        self.more = MoreWafers(people, known, inputs.unlabelled)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Batches from the current step on."""
        config, step = self.config, self.trainer.global_step if self.trainer else 0
        seed = config.seed + 1000 * (self.trainer.global_rank if self.trainer else 0)
        if config.starts_trained:  # such weights have seen the first batches of the seed itself
            seed += crc32(config.name.encode())
        batches = WaferBatches(self.train_part, mix_of(config), seed, start=step, more=self.more)
        return DataLoader(
            batches, batch_size=None, num_workers=config.workers, worker_init_fn=_leave_the_end_to_training
        )

    def val_dataloader(self) -> DataLoader[Batch]:
        """Return the fixed batches."""
        judged = self.judged if self.judged is not None and len(self.judged) else None
        batches: Any = fixed_batches(
            self.held_out, self.config.validation_batches, self.config.seed + 1, raster_of(self.config.encoder), judged
        )
        return DataLoader(batches, batch_size=None)

    def old_batches(self, count: int) -> list[Batch]:
        """Return batches of what the starting weights learnt from: synthetic, with presence labels, of --old-labels."""
        old = WaferBatches(
            self.train_part, mix_of(self.config), self.config.seed + 2, more=MoreWafers(known=self.more.known)
        )
        return [old.batch(number) for number in range(count)]


def split_real(paths: Sequence[str], share: float, seed: int) -> tuple[LabelledMaps | None, LabelledMaps | None]:
    """Read labelled files and part them into training and calibration wafers, None where there are none."""
    every = together(load_labelled(path) for path in paths)
    if every is None:
        return None, None
    apart = held_out(every.names, share, seed)
    return every.take(np.flatnonzero(~apart)), every.take(np.flatnonzero(apart))


def mix_of(config: TrainConfig) -> MixConfig:
    """Return what a batch of a run holds."""
    return MixConfig(
        pixels=config.pixels,
        real_share=config.real_share,
        people_share=config.people_share,
        replay=config.replay,
        unlabelled_share=config.unlabelled_share,
        size_shares=config.size_shares,
        raster=raster_of(config.encoder),
    )


def learner(config: TrainConfig) -> Learner:
    """Build the untrained learner of a config that `check_config` and `check_shape` let through."""
    loss = LossConfig(
        config.dice, config.focal, config.gamma, config.alpha, config.presence, config.whole, config.extent
    )
    schedule = ScheduleConfig(config.rate, config.decay, config.warmup, config.steps, config.fall_from)
    sure = ConsistencyConfig(config.consistency, config.confidence, ramp=config.ramp) if config.unlabelled else None
    tuning = TuningConfig(config.frozen_steps, config.encoder_rate, config.few_shot)
    module = Learner(shape_of(config), loss, schedule, sure, tuning)
    module.save_hyperparameters({"config": asdict(config)}, logger=False)  # the run is told once, by `_logger`
    return module


def with_shape(config: TrainConfig, inputs: TrainingInputs) -> TrainConfig:
    """Return the configuration with the network's shape of the weights that it starts from.

    Raises:
        ModelError: they cannot be read.
    """
    if not config.from_:
        return config
    if inputs.start_weights is not None:
        shape = served_shape(inputs.start_weights)
        return replace(config, encoder=shape.encoder, depth=shape.depth, decoder_channels=shape.decoder_channels)  # type: ignore[arg-type]
    held = read_checkpoint(Path(config.from_)).config
    return replace(config, encoder=held.encoder, depth=held.depth, decoder_channels=held.decoder_channels)


def started(module: Learner, config: TrainConfig, wafers: Wafers) -> None:
    """Load into a learner the weights that `--from` names: averaged ones of a checkpoint, or the served file's.

    Raises:
        ModelError: they cannot be read.
    """
    if wafers.inputs.start_weights is not None:
        seen = [batch["wafer"] for batch in wafers.old_batches(MEASURED)]
        module.start_from(network_of(wafers.inputs.start_weights, config.dropout, seen).state_dict())
    else:
        module.start_from(read_checkpoint(Path(config.from_)).network.state_dict())


def consolidated(module: Learner, config: TrainConfig, wafers: Wafers) -> None:
    """Hold a learner's weights as they are now, each as firmly as it matters for old wafers."""
    importance = fisher(module.network, wafers.old_batches(config.ewc_batches))
    module.consolidation = Consolidation(module.network, importance, config.ewc)
