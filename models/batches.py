"""Training batches: wafers with masks beside wafers with presence labels and wafers without, one working size a batch.

A batch depends on the seed and its own number only, so training that resumes goes on with the very batches that it
would have seen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from data.classes import CLASS_COUNT
from data.datasets import LabelledMaps, MaskedMaps
from data.pictures import RESAMPLED, Raster
from data.raster import blocks, cell_sums, die_planes, reduced
from data.synthesis import WaferRecipe, draw_over, draw_wafer
from data.turning import Grid, add_noise, overlaid
from data.wafer import FAIL
from models.augmentation import joined, stretched, turned, turned_with
from models.views import two_views

Batch = dict[str, Tensor]
LEAST_WAFERS = 2
RARE = 0.05
"""Share of the looks at real wafers below which a size gets fewer of them, or a handful would be learnt by heart."""
GRIDS = range(20, 331)


@dataclass(frozen=True)
class MixConfig:
    """What a batch holds.

    Args:
        pixels: pixels a batch may hold; its wafers are as many as fit at its working size.
        real_share: share of wafers that are real, with presence labels.
        over_real_share: share of synthetic wafers drawn over real wafers without a pattern.
        none_share: share of real wafers that show no pattern.
        resized_share: share of real wafers shown on a grid of another shape: what a product looks like is no pattern.
        overlaid_share: share of real wafers with a pattern that also fail where one without a pattern does.
        joined_share: share of real wafers with a pattern that also fail where another one does, and show what both do.
        fine_share: share of synthetic wafers seen die by die, where others of that working size are seen in cells.
        size_shares: how often each size of the raster, from the smallest up, is drawn; empty: as the raster says.
        people_share: share of the wafers with masks that people labelled, where there are any of that size.
        replay: share of these that comes from what the network knows already.
        unlabelled_share: wafers without a label for each other one; they come on top of `pixels`.
        raster: how the network wants its pictures.
    """

    pixels: int = 24 * 64 * 64
    real_share: float = 0.5
    over_real_share: float = 0.6
    none_share: float = 0.25
    resized_share: float = 0.5
    overlaid_share: float = 0.4
    joined_share: float = 0.3
    fine_share: float = 0.5
    size_shares: tuple[float, ...] = ()
    people_share: float = 0.5
    replay: float = 0.2
    unlabelled_share: float = 1.0
    raster: Raster = RESAMPLED


@dataclass(frozen=True, eq=False)
class MoreWafers:
    """What training may learn from beside synthetic wafers and presence labels.

    Args:
        people: wafers that people labelled die by die.
        known: such wafers that the network learnt from before.
        unlabelled: uint8 (H, W) each, of which nobody said anything.
    """

    people: MaskedMaps | None = None
    known: MaskedMaps | None = None
    unlabelled: Sequence[Grid] = ()


class WaferBatches(IterableDataset[Batch]):
    """Batches without end.

    Each batch is a dict: `wafer` float32 (N, 3, S, S), `masks` float32 (N, 8, S, S), `has_masks` bool (N,), `presence`
    float32 (N, 8) with NaN where unknown. Where a cell holds several dies, its mask says what share of its failing dies
    belongs to the class.

    Where there are unlabelled wafers of its size, it also has `weak` and `strong` float32 (M, 3, S, S), two looks at
    each, and `way` int64 (M,), which brings pixels of the first to the second (`models.views.follow`). The rest of the
    batch is the same with and without them.

    Args:
        real: wafers with presence labels; None trains on synthetic wafers alone.
        mix: what a batch holds.
        seed: of all randomness.
        start: number of the first batch.
        more: what else there is to learn from.
    """

    def __init__(
        self, real: LabelledMaps | None, mix: MixConfig, seed: int, start: int = 0, more: MoreWafers | None = None
    ) -> None:
        super().__init__()
        self.mix, self.raster, self.seed, self.start = mix, mix.raster, seed, start
        self.pools = _pools(real, self.raster) if real is not None else {}
        self.groups = {size: _groups(pools) for size, pools in self.pools.items()}
        looks = {size: sum(map(len, pools.values())) for size, pools in self.pools.items()}
        self.plenty = {size: min(1.0, count / sum(looks.values()) / RARE) for size, count in looks.items()}
        self.real, self.more = real, more or MoreWafers()
        self.people, self.known = (
            _sorted(m.labelled, self.raster) if m else {} for m in (self.more.people, self.more.known)
        )
        self.unlabelled = _looks_at(self.more.unlabelled, self.raster)

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
        raster, shares = self.raster, np.array(self.mix.size_shares or self.raster.shares)
        size = int(rng.choice(raster.sizes[: len(shares)], p=shares / shares.sum()))
        count = max(LEAST_WAFERS, self.mix.pixels // size**2)
        pools = self.pools.get(size)
        real_count = round(count * self.mix.real_share * self.plenty[size]) if pools else 0
        drawn = [self._real(rng, size) if i < real_count else self._masked(rng, size) for i in range(count)]
        return {
            **self._views(number, size, round(count * self.mix.unlabelled_share)),
            "wafer": torch.from_numpy(
                np.stack([raster.draw(reduced(die_planes(d.dies), d.block), size) for d in drawn])
            ),
            "masks": torch.from_numpy(np.stack([d.drawn_masks(size, raster) for d in drawn])),
            "has_masks": torch.arange(count) >= real_count,
            "presence": torch.from_numpy(np.stack([d.presence for d in drawn])),
        }

    def _views(self, number: int, size: int, count: int) -> Batch:
        """Two looks at unlabelled wafers, by randomness of their own."""
        if not count or size not in self.unlabelled:
            return {}
        rng = np.random.default_rng([self.seed, number, 1])
        looks = self.unlabelled[size][rng.integers(len(self.unlabelled[size]), size=count)].tolist()
        seen = [two_views(rng, turned(rng, self.more.unlabelled[i]), block, size, self.raster) for i, block in looks]
        weak, strong, way = zip(*seen, strict=True)
        return {
            "weak": torch.from_numpy(np.stack(weak)),
            "strong": torch.from_numpy(np.stack(strong)),
            "way": torch.tensor(way),
        }

    def _masked(self, rng: np.random.Generator, size: int) -> "_Drawn":
        """Draw a wafer with masks: people's where there are any, else synthetic."""
        pools, of = self.people.get(size), self.more.people
        known = self.known.get(size)
        if not (pools or known) or rng.random() >= self.mix.people_share:
            return self._synthetic(rng, size)
        if known and (not pools or rng.random() < self.mix.replay):
            pools, of = known, self.more.known
        assert pools
        assert of
        pool = pools[list(pools)[rng.integers(len(pools))]]
        i, block = (int(n) for n in pool[rng.integers(len(pool))])
        dies, masks = turned_with(rng, of.maps[i], of.masks[i])
        return _Drawn(dies, block, np.asarray(masks.any(axis=(1, 2)), dtype=np.float32), masks)

    def _synthetic(self, rng: np.random.Generator, size: int) -> "_Drawn":
        looks = _looks(size, self.raster)
        fine, *coarse = looks
        block = int(rng.choice(coarse)) if coarse and rng.random() >= self.mix.fine_share else fine
        background = self.pools.get(size, {}).get("none") if block == 1 else None
        if self.real is not None and background is not None and rng.random() < self.mix.over_real_share:
            wafer = draw_over(rng, turned(rng, self.real.maps[rng.choice(background[:, 0])]))
        else:
            shortest, longest = looks[block]
            wafer = draw_wafer(rng, WaferRecipe(shortest=shortest, longest=longest))
        present = np.asarray(wafer.masks.any(axis=(1, 2)), dtype=np.float32)
        return _Drawn(wafer.wafer.dies, block, present, wafer.masks)

    def _real(self, rng: np.random.Generator, size: int) -> "_Drawn":
        assert self.real is not None
        pools = self.pools[size]
        patterns, shares = self.groups[size]
        plain = "none" in pools and (not patterns or rng.random() < self.mix.none_share)
        pool = pools["none" if plain else patterns[rng.choice(len(patterns), p=shares)]]
        i, block = (int(n) for n in pool[rng.integers(len(pool))])
        dies = turned(rng, self.real.maps[i])
        if rng.random() < self.mix.resized_share:
            dies = stretched(rng, dies, *_looks(size, self.raster)[block])
        if not plain and "none" in pools and rng.random() < self.mix.overlaid_share:
            other = pools["none"][rng.integers(len(pools["none"])), 0]
            dies = overlaid(dies, turned(rng, self.real.maps[other]))
        presence = np.asarray(self.real.presence[i])
        if not plain and rng.random() < self.mix.joined_share:
            pool = pools[patterns[rng.choice(len(patterns), p=shares)]]
            other = pool[rng.integers(len(pool)), 0]
            dies, presence = joined(dies, presence, turned(rng, self.real.maps[other]), self.real.presence[other])
        failing, passing = rng.uniform(0, 0.02, 2)
        dies = add_noise(rng, dies, failing, passing, missing=float(rng.choice([0, 0, 0.01])))
        return _Drawn(dies, block, presence)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A wafer, the side in dies of the cells it is seen in, and its labels; no masks where only presence is known."""

    dies: NDArray[np.uint8]
    block: int
    presence: NDArray[np.float32]
    masks: NDArray[np.bool_] | None = None

    def drawn_masks(self, size: int, raster: Raster) -> NDArray[np.float32]:
        """The masks as the network shall see them, empty where there are none."""
        if self.masks is None:
            return np.zeros((CLASS_COUNT, size, size), dtype=np.float32)
        return draw_masks(self.dies, self.masks, self.block, size, raster)


def _sorted(people: LabelledMaps, raster: Raster) -> dict[int, dict[str, NDArray[np.intp]]]:
    """As `_pools`, of wafers whose names say nothing of where they come from."""
    return _pools(LabelledMaps(people.maps, people.presence, [""] * len(people), people.near_full), raster)


def _looks_at(maps: Sequence[Grid], raster: Raster) -> dict[int, NDArray[np.intp]]:
    """For each size the looks, (n, 2): number of the wafer, side of the cells in dies."""
    looks: dict[int, list[tuple[int, int]]] = {}
    for i, dies in enumerate(maps):
        for block in blocks(dies.shape) if (dies == FAIL).any() else ():
            looks.setdefault(_drawn_at(max(dies.shape), block, raster), []).append((i, block))
    return {size: np.array(found) for size, found in looks.items()}


def _pools(real: LabelledMaps, raster: Raster) -> dict[int, dict[str, NDArray[np.intp]]]:
    """Sort looks at wafers by working size, then by file and the rarest label, between which `_groups` chooses.

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
            pools.setdefault(_drawn_at(max(dies.shape), block, raster), {}).setdefault(group[i], []).append((i, block))
    return {size: {name: np.array(looks[name]) for name in sorted(looks)} for size, looks in sorted(pools.items())}


def _groups(pools: dict[str, NDArray[np.intp]]) -> tuple[list[str], NDArray[np.float64]]:
    """Name the groups that show a pattern, and say how often each of them is drawn.

    Files are drawn alike, in each the groups by the root of how many looks they hold. Drawn evenly, the four rings of
    one size would be seen thousands of times each and learnt by heart.
    """
    patterns = [name for name in pools if name != "none"]
    roots = np.sqrt([len(pools[name]) for name in patterns])
    sources = np.array([name.split(":")[0] for name in patterns])
    shares = np.zeros(len(patterns))
    for source in np.unique(sources):
        shares[sources == source] = roots[sources == source] / roots[sources == source].sum()
    return patterns, shares / max(1, len(np.unique(sources)))


@cache
def _looks(size: int, raster: Raster) -> dict[int, tuple[int, int]]:
    """Return the ways to a working size: for each side of a cell the fewest and most dies across, fine first."""
    sides: dict[int, list[int]] = {}
    for dies in GRIDS:
        for block in blocks((dies, dies)):
            if _drawn_at(dies, block, raster) == size:
                sides.setdefault(block, []).append(dies)
    return {block: (min(sides[block]), max(sides[block])) for block in sorted(sides)}


def _drawn_at(dies: int, block: int, raster: Raster) -> int:
    return raster.size((-(-dies // block),))


def draw_masks(dies: Grid, masks: NDArray[np.bool_], block: int, size: int, raster: Raster) -> NDArray[np.float32]:
    """Draw masks (8, H, W) as the network shall see them: of each cell the share of its failing dies, (8, S, S)."""
    failing = cell_sums((dies == FAIL)[None].astype(np.float32), block)
    shares = cell_sums(masks.astype(np.float32), block) / failing.clip(min=1)
    return raster.draw(shares, size)
