"""The fixed wafers that every epoch is measured on: synthetic ones with masks, held-out real ones with labels.

Wafers that people labelled die by die are in batches of their own, marked `people`, and are counted apart.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from data.datasets import LabelledMaps, MaskedMaps
from data.pictures import Raster
from data.raster import blocks, die_planes, reduced
from models.batches import Batch, MixConfig, WaferBatches, draw_masks

NONE_AT_MOST, PATTERNS_AT_MOST = 200, 400
BATCH_PIXELS = 64 * 64 * 64


def fixed_batches(
    held_out: LabelledMaps | None, synthetic_batches: int, seed: int, raster: Raster, people: MaskedMaps | None = None
) -> list[Batch]:
    """Make the validation batches.

    Args:
        held_out: real wafers that training never sees; None for synthetic alone.
        synthetic_batches: batches of synthetic wafers, sizes drawn as in training.
        seed: not the training seed.
        raster: how the network wants its pictures.
        people: wafers that people labelled and training never sees.
    """
    drawn = WaferBatches(None, MixConfig(raster=raster), seed)
    batches = [drawn.batch(i) for i in range(synthetic_batches)]
    if held_out is not None:
        none, patterns = held_out.without_pattern, (held_out.presence == 1).any(axis=1)
        keep = np.concatenate([_thinned(none, NONE_AT_MOST), _thinned(patterns, PATTERNS_AT_MOST)])
        batches += _batches(held_out.take(keep), raster)
    if people is not None:
        batches += [batch | {"people": torch.tensor(True)} for batch in _batches(people.labelled, raster, people.masks)]
    return batches


def _batches(wafers: LabelledMaps, raster: Raster, masks: list[NDArray[np.bool_]] | None = None) -> list[Batch]:
    looks = [_whole(dies) for dies in wafers.maps]
    sizes = np.array([raster.size(look.shape[1:]) for look in looks])
    batches = []
    for size in raster.sizes:
        chosen = np.flatnonzero(sizes == size)
        step = max(1, BATCH_PIXELS // size**2)
        for start in range(0, len(chosen), step):
            part = chosen[start : start + step]
            drawn = torch.zeros(len(part), wafers.presence.shape[1], size, size)
            if masks is not None:
                for row, i in enumerate(part):
                    dies = wafers.maps[i]
                    drawn[row] = torch.from_numpy(draw_masks(dies, masks[i], blocks(dies.shape)[-1], size, raster))
            batches.append(
                {
                    "wafer": torch.from_numpy(np.stack([raster.draw(looks[i], size) for i in part])),
                    "masks": drawn,
                    "has_masks": torch.full((len(part),), masks is not None),
                    "presence": torch.from_numpy(wafers.presence[part]),
                }
            )
    return batches


def _whole(dies: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The coarsest look at a wafer."""
    return reduced(die_planes(dies), blocks(dies.shape)[-1])


def _thinned(which: NDArray[np.bool_], most: int) -> NDArray[np.intp]:
    index = np.flatnonzero(which)
    return index[:: max(1, -(-len(index) // most))]
