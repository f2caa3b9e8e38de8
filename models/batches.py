"""Training batches: synthetic wafers with masks beside real wafers with presence labels, one working size a batch.

A batch depends on the seed and its own number only, so training that resumes goes on with the very batches that it
would have seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from data.classes import CLASS_COUNT
from data.datasets import LabelledMaps
from data.raster import PIXELS_PER_DIE, WORKING_SIZES, nearest_index, network_input, working_size
from data.synthesis import Recipe, draw_over, draw_wafer
from data.turning import add_noise, symmetry, turn

Batch = dict[str, Tensor]
LARGEST_TRAINED = 320
LEAST_WAFERS = 2


@dataclass(frozen=True)
class MixConfig:
    """What a batch holds.

    Args:
        pixels: pixels a batch may hold; its wafers are as many as fit at its working size.
        real_share: share of wafers that are real, with presence labels.
        over_real_share: share of synthetic wafers drawn over real wafers without a pattern.
        none_share: share of real wafers that show no pattern.
        size_shares: how often each working size, from the smallest up, is drawn.
    """

    pixels: int = 24 * 64 * 64
    real_share: float = 0.5
    over_real_share: float = 0.6
    none_share: float = 0.25
    size_shares: tuple[float, ...] = (0.36, 0.26, 0.24, 0.07, 0.07)


class WaferBatches(IterableDataset[Batch]):
    """Batches without end.

    Each batch is a dict: `wafer` float32 (N, 3, S, S), `masks` uint8 (N, 8, S, S), `has_masks` bool (N,), `presence`
    float32 (N, 8) with NaN where unknown.

    Args:
        real: wafers with presence labels; None trains on synthetic wafers alone.
        mix: what a batch holds.
        seed: of all randomness.
        start: number of the first batch.
    """

    def __init__(self, real: LabelledMaps | None, mix: MixConfig, seed: int, start: int = 0) -> None:
        super().__init__()
        self.mix, self.seed, self.start = mix, seed, start
        self.pools = _pools(real) if real is not None else {}
        self.real = real

    def __iter__(self) -> Iterator[Batch]:
        """Go on from `start`; several workers take turns."""
        worker = get_worker_info()
        step, first = (worker.num_workers, worker.id) if worker else (1, 0)
        number = self.start + first
        while True:
            yield self.batch(number)
            number += step

    def batch(self, number: int) -> Batch:
        """Make the batch of that number."""
        rng = np.random.default_rng([self.seed, number])
        sizes = WORKING_SIZES[: len(self.mix.size_shares)]
        size = int(rng.choice(sizes, p=np.array(self.mix.size_shares) / sum(self.mix.size_shares)))
        count = max(LEAST_WAFERS, self.mix.pixels // size**2)
        pools = self.pools.get(size)
        real_count = round(count * self.mix.real_share) if pools else 0
        wafers, masks, presence = [], [], []
        for i in range(count):
            drawn = self._real(rng, size) if i < real_count else self._synthetic(rng, size)
            wafers.append(network_input(drawn[0], size))
            masks.append(_draw_masks(drawn[1], drawn[0].shape, size))
            presence.append(drawn[2])
        return {
            "wafer": torch.from_numpy(np.stack(wafers)),
            "masks": torch.from_numpy(np.stack(masks)),
            "has_masks": torch.arange(count) >= real_count,
            "presence": torch.from_numpy(np.stack(presence)),
        }

    def _synthetic(self, rng: np.random.Generator, size: int) -> "_Drawn":
        shortest, longest = _grid_range(size)
        background = self.pools.get(size, {}).get("none")
        if self.real is not None and background is not None and rng.random() < self.mix.over_real_share:
            dies = _turned(rng, self.real.maps[rng.choice(background)])
            wafer = draw_over(rng, dies)
        else:
            wafer = draw_wafer(rng, Recipe(shortest=shortest, longest=longest))
        present = np.asarray(wafer.masks.any(axis=(1, 2)), dtype=np.float32)
        return wafer.wafer.dies, wafer.masks, present

    def _real(self, rng: np.random.Generator, size: int) -> "_Drawn":
        assert self.real is not None
        pools = self.pools[size]
        patterns = [name for name in pools if name != "none"]
        plain = "none" in pools and (not patterns or rng.random() < self.mix.none_share)
        pool = pools["none" if plain else patterns[rng.integers(len(patterns))]]
        i = int(rng.choice(pool))
        dies = _turned(rng, self.real.maps[i])
        failing, passing = rng.uniform(0, 0.02, 2)
        dies = add_noise(rng, dies, failing, passing, missing=float(rng.choice([0, 0, 0.01])))
        return dies, None, np.asarray(self.real.presence[i])


_Drawn = tuple[NDArray[np.uint8], NDArray[np.bool_] | None, NDArray[np.float32]]


def _pools(real: LabelledMaps) -> dict[int, dict[str, NDArray[np.intp]]]:
    """Sort wafers by working size, then by file and the rarest label they bear: files and classes are drawn evenly."""
    source = np.array([name.split(":")[0] for name in real.names], dtype=object)
    group = np.full(len(real), "", dtype=object)
    for k in np.argsort(np.nansum(real.presence, axis=0))[::-1]:
        group = np.where(real.presence[:, k] == 1, source + f":{k}", group)
    group[real.without_pattern] = "none"
    sizes = np.array([min(LARGEST_TRAINED, working_size(m.shape)) for m in real.maps])
    pools: dict[int, dict[str, NDArray[np.intp]]] = {}
    for size in np.unique(sizes):
        names = sorted(set(group[sizes == size]) - {""})
        pools[int(size)] = {name: np.flatnonzero((sizes == size) & (group == name)) for name in names}
    return pools


def _grid_range(size: int) -> tuple[int, int]:
    """Give the fewest and most dies across that are drawn at a working size."""
    i = WORKING_SIZES.index(size)
    low = 20 if i == 0 else round(np.sqrt(WORKING_SIZES[i - 1] * size) / PIXELS_PER_DIE)
    return low, round(np.sqrt(size * WORKING_SIZES[i + 1]) / PIXELS_PER_DIE)


def _turned(rng: np.random.Generator, dies: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if rng.random() < 0.4:
        dies = turn(dies, float(rng.uniform(0, 2 * np.pi)))
    return np.ascontiguousarray(symmetry(dies, int(rng.integers(8)))).astype(np.uint8)


def _draw_masks(masks: NDArray[np.bool_] | None, shape: tuple[int, ...], size: int) -> NDArray[np.uint8]:
    if masks is None:
        return np.zeros((CLASS_COUNT, size, size), dtype=np.uint8)
    rows, columns = nearest_index(shape[0], size), nearest_index(shape[1], size)
    return masks[:, rows[:, None], columns[None, :]].astype(np.uint8)
