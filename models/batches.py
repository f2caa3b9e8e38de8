"""Training batches: synthetic wafers with masks beside real wafers with presence labels, one working size a batch.

A batch depends on the seed and its own number only, so training that resumes goes on with the very batches that it
would have seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from data.classes import CLASS_COUNT
from data.datasets import LabelledMaps
from data.raster import WORKING_SIZES, blocks, cell_sums, die_planes, reduced, resample, working_size
from data.synthesis import Recipe, draw_over, draw_wafer
from data.turning import add_noise, symmetry, turn
from data.wafer import FAIL

Batch = dict[str, Tensor]
LEAST_WAFERS = 2
GRIDS = range(20, 331)


@dataclass(frozen=True)
class MixConfig:
    """What a batch holds.

    Args:
        pixels: pixels a batch may hold; its wafers are as many as fit at its working size.
        real_share: share of wafers that are real, with presence labels.
        over_real_share: share of synthetic wafers drawn over real wafers without a pattern.
        none_share: share of real wafers that show no pattern.
        fine_share: share of synthetic wafers seen die by die, where others of that working size are seen in cells.
        size_shares: how often each working size, from the smallest up, is drawn.
    """

    pixels: int = 24 * 64 * 64
    real_share: float = 0.5
    over_real_share: float = 0.6
    none_share: float = 0.25
    fine_share: float = 0.5
    size_shares: tuple[float, ...] = (0.24, 0.24, 0.28, 0.1, 0.14)


class WaferBatches(IterableDataset[Batch]):
    """Batches without end.

    Each batch is a dict: `wafer` float32 (N, 3, S, S), `masks` float32 (N, 8, S, S), `has_masks` bool (N,), `presence`
    float32 (N, 8) with NaN where unknown. Where a cell holds several dies, its mask says what share of its failing dies
    belongs to the class.

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
        drawn = [self._real(rng, size) if i < real_count else self._synthetic(rng, size) for i in range(count)]
        return {
            "wafer": torch.from_numpy(np.stack([resample(reduced(die_planes(d.dies), d.block), size) for d in drawn])),
            "masks": torch.from_numpy(np.stack([_draw_masks(d, size) for d in drawn])),
            "has_masks": torch.arange(count) >= real_count,
            "presence": torch.from_numpy(np.stack([d.presence for d in drawn])),
        }

    def _synthetic(self, rng: np.random.Generator, size: int) -> "_Drawn":
        looks = _looks(size)
        fine, *coarse = looks
        block = int(rng.choice(coarse)) if coarse and rng.random() >= self.mix.fine_share else fine
        background = self.pools.get(size, {}).get("none") if block == 1 else None
        if self.real is not None and background is not None and rng.random() < self.mix.over_real_share:
            wafer = draw_over(rng, _turned(rng, self.real.maps[rng.choice(background[:, 0])]))
        else:
            shortest, longest = looks[block]
            wafer = draw_wafer(rng, Recipe(shortest=shortest, longest=longest))
        present = np.asarray(wafer.masks.any(axis=(1, 2)), dtype=np.float32)
        return _Drawn(wafer.wafer.dies, block, present, wafer.masks)

    def _real(self, rng: np.random.Generator, size: int) -> "_Drawn":
        assert self.real is not None
        pools = self.pools[size]
        patterns = [name for name in pools if name != "none"]
        plain = "none" in pools and (not patterns or rng.random() < self.mix.none_share)
        pool = pools["none" if plain else patterns[rng.integers(len(patterns))]]
        i, block = (int(n) for n in pool[rng.integers(len(pool))])
        dies = _turned(rng, self.real.maps[i])
        failing, passing = rng.uniform(0, 0.02, 2)
        dies = add_noise(rng, dies, failing, passing, missing=float(rng.choice([0, 0, 0.01])))
        return _Drawn(dies, block, np.asarray(self.real.presence[i]))


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A wafer, the side in dies of the cells it is seen in, and its labels; no masks where only presence is known."""

    dies: NDArray[np.uint8]
    block: int
    presence: NDArray[np.float32]
    masks: NDArray[np.bool_] | None = None


def _pools(real: LabelledMaps) -> dict[int, dict[str, NDArray[np.intp]]]:
    """Sort looks at wafers by working size, then by file and the rarest label: files and classes are drawn evenly.

    Returns:
        For each size and group the looks, (n, 2): number of the wafer, side of the cells in dies.
    """
    source = np.array([name.split(":")[0] for name in real.names], dtype=object)
    group = np.full(len(real), "", dtype=object)
    for k in np.argsort(np.nansum(real.presence, axis=0))[::-1]:
        group = np.where(real.presence[:, k] == 1, source + f":{k}", group)
    group[real.without_pattern] = "none"
    pools: dict[int, dict[str, list[tuple[int, int]]]] = {}
    for i, dies in enumerate(real.maps):
        for block in blocks(dies.shape) if group[i] else ():
            pools.setdefault(_drawn_at(max(dies.shape), block), {}).setdefault(group[i], []).append((i, block))
    return {size: {name: np.array(looks[name]) for name in sorted(looks)} for size, looks in sorted(pools.items())}


@cache
def _looks(size: int) -> dict[int, tuple[int, int]]:
    """Give the ways to come to a working size: for each side of a cell the fewest and most dies across, fine first."""
    sides: dict[int, list[int]] = {}
    for dies in GRIDS:
        for block in blocks((dies, dies)):
            if _drawn_at(dies, block) == size:
                sides.setdefault(block, []).append(dies)
    return {block: (min(sides[block]), max(sides[block])) for block in sorted(sides)}


def _drawn_at(dies: int, block: int) -> int:
    return working_size((-(-dies // block),))


def _turned(rng: np.random.Generator, dies: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if rng.random() < 0.4:
        dies = turn(dies, float(rng.uniform(0, 2 * np.pi)))
    return np.ascontiguousarray(symmetry(dies, int(rng.integers(8)))).astype(np.uint8)


def _draw_masks(drawn: _Drawn, size: int) -> NDArray[np.float32]:
    if drawn.masks is None:
        return np.zeros((CLASS_COUNT, size, size), dtype=np.float32)
    failing = cell_sums((drawn.dies == FAIL)[None].astype(np.float32), drawn.block)
    shares = cell_sums(drawn.masks.astype(np.float32), drawn.block) / failing.clip(min=1)
    return resample(shares, size)
