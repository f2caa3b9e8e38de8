"""Everything that decides what comes out of a training, as the command line takes it and the page's form shows it."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from data.errors import SettingError
from data.pictures import DIES, DIES_DEPTH, raster_of

SERVED = "served"
"""Word of `from_` for the weights that the app serves."""


_COUNTS = ("depth", "steps", "epoch_steps", "ewc_batches", "pixels", "validation_batches", "patience", "devices")
_FROM_ZERO = (
    "unlabelled_share",
    "consistency",
    "ramp",
    "decay",
    "warmup",
    "frozen_steps",
    "encoder_rate",
    "ewc",
    "dice",
    "focal",
    "gamma",
    "presence",
    "whole",
    "extent",
    "workers",
    "seed",
)
_SHARES = ("people_share", "replay", "confidence", "fall_from", "alpha", "real_share")
_RANGES: tuple[tuple[tuple[str, ...], tuple[float, float, tuple[float, ...]], str], ...] = (
    (_COUNTS, (1, math.inf, (math.inf,)), "1 or more"),
    (_FROM_ZERO, (0, math.inf, (math.inf,)), "0 or more"),
    (("rate",), (0, math.inf, (0.0, math.inf)), "more than 0"),
    (_SHARES, (0, 1, ()), "a share from 0 to 1"),
    (("dropout", "calibration_share"), (0, 1, (1.0,)), "a share from 0 to below 1"),
)
"""Least and largest number of fields, which of the two are not allowed themselves, and the range in words."""


@dataclass(frozen=True)
class TrainConfig:
    """Train the segmentation network on masks, on labels of whole wafers and on wafers without a label."""

    name: str = "waferscope"  # name of the run; its folder is HOME/runs/NAME
    encoder: Literal["resnet18", "resnet34", "resnet50", "resnet101", "mobilenet_v2", "dies"] = (
        "resnet50"  # of the U-Net
    )
    depth: int = 5  # encoder stages; 4 leaves out the coarsest
    decoder_channels: tuple[int, ...] = (256, 128, 64, 32, 16)  # channels of the decoder, coarse to fine
    dropout: float = 0.3  # share of the coarsest features dropped
    from_: str = ""  # weights to start from, and their network's shape: a checkpoint's path, or "served"; empty: none
    real: tuple[str, ...] = ()  # .npz files with wafer-level labels
    calibration_share: float = 0.1  # share of the real wafers kept for thresholds, never trained on
    labels: str = ""  # frozen dataset whose wafers people labelled, or "now" for the labels that count now
    people_share: float = 0.5  # share of the wafers with masks that are people's, where there are any of that size
    old_labels: str = ""  # frozen dataset that the starting weights learnt from already
    replay: float = 0.2  # share of people's wafers that is drawn from --old-labels
    unlabelled: tuple[str, ...] = ()  # "lake", or .npz files: FixMatch learns from their wafers without their labels
    unlabelled_share: float = 1.0  # unlabelled wafers in a batch for each other one
    consistency: float = 1.0  # weight of FixMatch, reached after --ramp steps
    confidence: float = 0.95  # probability from which FixMatch learns a class that is seen often; lower for rare ones
    ramp: int = 1000  # steps over which weight and confidence of FixMatch rise
    steps: int = 6000  # optimiser steps in all
    epoch_steps: int = 400  # steps between measurements; a checkpoint after each
    rate: float = 1.5e-3  # learning rate
    decay: float = 0.01  # weight decay
    warmup: int = 200  # steps of warm-up
    fall_from: float = 0.5  # share of the steps after which the learning rate falls
    frozen_steps: int = 0  # steps for which the encoder stands still
    encoder_rate: float = 1.0  # learning rate of the encoder after that, as a share of --rate
    few_shot: bool = False  # only the last three layers learn: for a product with few labels
    ewc: float = 0.0  # strength of elastic weight consolidation, which holds what matters for old wafers
    ewc_batches: int = 24  # batches of old wafers that say which weights matter for --ewc
    dice: float = 0.5  # weight of the Dice loss
    focal: float = 0.5  # weight of the focal loss
    gamma: float = 2.0  # focusing exponent of the focal loss
    alpha: float = 0.25  # weight of positives in the focal loss
    presence: float = 0.5  # weight of wafer-level labels, of which dies are asked
    whole: float = 0.5  # weight of wafer-level labels, of which the wafer's own logit is asked
    extent: float = 0.0  # weight against masks larger than their pattern ever is, where only presence is known
    pixels: int = 98304  # pixels a batch may hold
    real_share: float = 0.5  # share of real wafers in a batch
    size_shares: tuple[float, ...] = ()  # how often each size is drawn, small first; empty: as the encoder needs
    validation_batches: int = 12  # synthetic batches that every measurement looks at
    patience: int = 12  # epochs without a better score before training stops
    precision: str = "32-true"  # "bf16-mixed" where the processor or GPU has it
    devices: int = 1  # GPUs or processes
    workers: int = 1  # processes that draw wafers
    seed: int = 20261123  # of weights, batches and splits

    @property
    def starts_trained(self) -> bool:
        """Whether it starts from weights that know something."""
        return bool(self.from_)


def check_config(config: TrainConfig) -> None:
    """Refuse a configuration that cannot be trained, whatever its network's shape.

    Raises:
        SettingError: the name is no folder's name, a number is out of its range, or something is asked for that needs
            weights to start from or one process.
    """
    _check_numbers(config)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", config.name):
        raise SettingError("--name", f"{config.name!r} is no name of a run", "Use letters, digits, . _ and -.")
    if not config.starts_trained and (config.few_shot or config.ewc or config.frozen_steps):
        raise SettingError(
            "--from", "frozen layers and consolidation need weights that know something", "Name a checkpoint or served."
        )
    if config.devices > 1 and config.frozen_steps:
        raise SettingError(
            "--frozen-steps",
            "several processes cannot free layers while they train",
            "Train twice, with --few-shot or a lower --encoder-rate, or use --devices 1.",
        )


def _check_numbers(config: TrainConfig) -> None:
    """Refuse numbers that mean nothing: a run of them would train for hours and learn nothing, or end in a trace."""
    for names, (low, high, ends), expected in _RANGES:
        for name in names:
            number = float(getattr(config, name))
            if not (low <= number <= high and number not in ends):
                flag = f"--{name.replace('_', '-')}"
                raise SettingError(flag, f"expected {expected}, found {number:g}", "Correct it.")
    if config.dice + config.focal <= 0:
        raise SettingError("--dice", "dice and focal are both 0: no loss is left for masks", "Give one a weight.")


def check_shape(config: TrainConfig) -> None:
    """Refuse a shape that no network has; where training starts from weights, theirs is to be filled in before.

    Raises:
        SettingError: the decoder does not fit the depth, or the shares of working sizes are none.
    """
    if len(config.decoder_channels) != config.depth:
        raise SettingError(
            "--decoder-channels",
            f"expected {config.depth} numbers, one a stage of --depth, found {len(config.decoder_channels)}",
            "Give one number a stage, coarse to fine.",
        )
    if config.encoder == DIES and config.depth != DIES_DEPTH:
        raise SettingError(
            "--depth", f"expected {DIES_DEPTH} stages of the encoder '{DIES}', found {config.depth}", "Change it."
        )
    shares, sizes = config.size_shares, raster_of(config.encoder).sizes
    fit = len(shares) <= len(sizes) and all(share >= 0 for share in shares) and 0 < sum(shares) < math.inf
    if shares and not fit:
        raise SettingError(
            "--size-shares",
            f"expected at most {len(sizes)} shares, not negative, found {shares}",
            "Give one a working size; those left out are never drawn.",
        )


def run_folder(home: Path, name: str) -> Path:
    """Folder of a run: its checkpoints, and the number of its record."""
    return home / "runs" / name


def kept_checkpoint(home: Path, name: str) -> Path | None:
    """Return a run's best checkpoint, the last one where none was measured; None where it keeps none yet."""
    kept = (run_folder(home, name) / file for file in ("best.ckpt", "last.ckpt"))
    return next((path for path in kept if path.exists()), None)
