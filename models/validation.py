"""The fixed wafers that every epoch is measured on: synthetic ones with masks, held-out real ones with labels."""

import numpy as np
import torch
from numpy.typing import NDArray

from data.datasets import LabelledMaps
from data.raster import WORKING_SIZES, blocks, die_planes, reduced, resample, working_size
from models.batches import Batch, MixConfig, WaferBatches

NONE_AT_MOST, PATTERNS_AT_MOST = 200, 400
BATCH_PIXELS = 64 * 64 * 64


def fixed_batches(held_out: LabelledMaps | None, synthetic_batches: int, seed: int) -> list[Batch]:
    """Make the validation batches.

    Args:
        held_out: real wafers that training never sees; None for synthetic alone.
        synthetic_batches: batches of synthetic wafers, sizes drawn as in training.
        seed: not the training seed.
    """
    drawn = WaferBatches(None, MixConfig(), seed)
    batches = [drawn.batch(i) for i in range(synthetic_batches)]
    if held_out is not None:
        batches += _real_batches(held_out)
    return batches


def _real_batches(held_out: LabelledMaps) -> list[Batch]:
    none, patterns = held_out.without_pattern, (held_out.presence == 1).any(axis=1)
    keep = np.concatenate([_thinned(none, NONE_AT_MOST), _thinned(patterns, PATTERNS_AT_MOST)])
    looks = {int(i): _whole(held_out.maps[i]) for i in keep}
    sizes = np.array([working_size(looks[int(i)].shape[1:]) for i in keep])
    batches = []
    for size in WORKING_SIZES:
        chosen = keep[sizes == size]
        step = max(1, BATCH_PIXELS // size**2)
        for start in range(0, len(chosen), step):
            part = chosen[start : start + step]
            wafers = torch.from_numpy(np.stack([resample(looks[int(i)], size) for i in part]))
            batches.append(
                {
                    "wafer": wafers,
                    "masks": torch.zeros(len(part), held_out.presence.shape[1], size, size),
                    "has_masks": torch.zeros(len(part), dtype=torch.bool),
                    "presence": torch.from_numpy(held_out.presence[part]),
                }
            )
    return batches


def _whole(dies: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The coarsest look at a wafer."""
    return reduced(die_planes(dies), blocks(dies.shape)[-1])


def _thinned(which: NDArray[np.bool_], most: int) -> NDArray[np.intp]:
    index = np.flatnonzero(which)
    return index[:: max(1, -(-len(index) // most))]
