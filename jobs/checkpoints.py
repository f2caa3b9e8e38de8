"""The checkpoints that jobs.train writes, read for what others want of them: config, network, steps."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from core.training.config import TrainConfig
from data.errors import ModelError
from models.averaging import mean_network
from models.unet import NetworkConfig, WaferUNet

AVERAGED = "average.module."
"""Begins the names of the averaged weights, which are what gets shipped."""
_CALLED_FOR = re.compile(r"GLOBAL (\S+)")
"""Where torch says what a pickle calls for beside tensors and plain values."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a run left.

    Args:
        config: as it was trained.
        network: with the averaged weights; parts that it lacked when it was trained change nothing of its answers.
        steps: that it took.
    """

    config: TrainConfig
    network: WaferUNet
    steps: int


def read_checkpoint(path: Path) -> Checkpoint:
    """Read what jobs.train wrote.

    Raises:
        ModelError: the file is missing, damaged, carries code, or is no checkpoint of jobs.train.
    """
    saved = _saved(path)
    try:
        config = TrainConfig(**saved["hyper_parameters"]["config"])
        network = WaferUNet(shape_of(config))
        state = saved["state_dict"]
        network.take({name.removeprefix(AVERAGED): state[name] for name in state if name.startswith(AVERAGED)})
        return Checkpoint(config, network, int(saved["global_step"]))
    except (RuntimeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _refusal(path, repr(error)) from error


def read_mean(path: Path, others: Sequence[Path]) -> Checkpoint:
    """Read a checkpoint whose network has the mean of its weights and those of others.

    Raises:
        ModelError: as of `read_checkpoint`, or their networks differ.
    """
    checkpoint, networks = read_checkpoint(path), []
    for other in others:
        found = read_checkpoint(other)
        if shape_of(found.config) != shape_of(checkpoint.config):
            raise ModelError(
                str(other),
                f"its network differs from that of {path}, so they have no mean",
                "Name checkpoints of runs that began with one another.",
            )
        networks.append(found.network)
    return replace(checkpoint, network=mean_network([checkpoint.network, *networks]))


def check_goes_on(path: Path, module: nn.Module) -> None:
    """Refuse to go on training from a checkpoint of a network that had fewer parts: their optimiser's state is lacking.

    Raises:
        ModelError: it is such a one, or it cannot be read.
    """
    held = _saved(path).get("state_dict")
    if not isinstance(held, dict) or held.keys() != module.state_dict().keys():
        raise ModelError(
            str(path),
            "it is of another network than this version trains, so that run cannot go on",
            f"Start a run of another --name with --from {path}, which takes its weights over.",
        )


def shape_of(config: TrainConfig) -> NetworkConfig:
    """Return which network a configuration trains."""
    return NetworkConfig(config.encoder, config.depth, tuple(config.decoder_channels), config.dropout)


def _saved(path: Path) -> dict[str, Any]:
    """Read what a checkpoint holds: tensors and plain values, since a pickle of anything else could run code.

    Raises:
        ModelError: it is missing or damaged, or calls for more than that.
    """
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise _refusal(path, error.strerror or error) from error
    except Exception as error:  # what a damaged file raises shares no base but Exception
        if called := _CALLED_FOR.search(str(error)):
            raise ModelError(
                str(path),
                f"the checkpoint carries code: it calls for {called[1].rstrip('.')}, so nothing of it was loaded",
                "Name a last.ckpt or best.ckpt that jobs.train wrote.",
            ) from error
        raise _refusal(path, "it is damaged, or no file of weights") from error
    if not isinstance(saved, dict):
        raise _refusal(path, f"expected a table, found {type(saved).__name__}")
    return saved


def _refusal(path: Path, why: object) -> ModelError:
    return ModelError(
        str(path), f"the checkpoint cannot be read ({why})", "Name a last.ckpt or best.ckpt that jobs.train wrote."
    )
