"""What presence heads and projections learn from: wafers as the network describes them, as they are and changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.pictures import Raster, raster_of
from data.raster import blocks, die_planes, reduced
from data.turning import Grid, add_noise, symmetry, turn
from models.export import LookDescriber
from models.unet import WaferUNet

VIEWS = 2  # of each wafer, turned, flipped and disturbed
CHUNK = 500  # wafers drawn at a time: of tens of thousands the drawings would take gigabytes
LARGEST_TURN = 0.3  # radians, beyond quarter turns
NOISE = (0.03, 0.15, 0.01)  # shares at most of passing dies that fail, of failing ones that pass, of dies not tested


@dataclass(frozen=True, eq=False)
class Described:
    """Descriptors of wafers as they are, and changed.

    Args:
        rows: float32 (N, D), one for each cell size in which the network sees a wafer.
        wafer: (N,), the wafer that each row is of.
        views: float32 (M, D), of wafers turned, flipped and with other noise.
        of: (M,), the row that each view is of.
    """

    rows: NDArray[np.float32]
    wafer: NDArray[np.intp]
    views: NDArray[np.float32]
    of: NDArray[np.intp]


def describe_wafers(
    network: WaferUNet,
    wafers: Sequence[Grid],
    rng: np.random.Generator,
    progress: Callable[[float], None] = lambda _: None,
) -> Described:
    """Describe wafers, each also as two changed views.

    Args:
        network: trained.
        wafers: uint8 (H, W) each.
        rng: changes the wafers.
        progress: told what share is described.
    """
    again = [i for i in range(len(wafers)) for _ in range(VIEWS)]
    changed = [_changed(rng, wafers[i]) for i in again]
    every, describer, parts = [*wafers, *changed], LookDescriber(network), []
    raster = raster_of(network.config.encoder)
    for start in range(0, len(every), CHUNK):
        parts.append(describer([look for dies in every[start : start + CHUNK] for look in _looks(dies, raster)]))
        progress(min(1.0, (start + CHUNK) / len(every)))
    described = np.concatenate(parts)
    counts = np.array([len(blocks(dies.shape)) for dies in wafers])
    first = np.cumsum(counts) - counts
    of = np.concatenate([first[i] + np.arange(counts[i]) for i in again])
    total = int(counts.sum())
    return Described(described[:total], np.arange(len(wafers)).repeat(counts), described[total:], of)


def _looks(dies: Grid, raster: Raster) -> list[NDArray[np.float32]]:
    """Draw a wafer in each of the cell sizes in which the network sees it."""
    planes = die_planes(dies)
    cells = [reduced(planes, block) for block in blocks(dies.shape)]
    return [raster.draw(cell, raster.size(cell.shape[1:])) for cell in cells]


def _changed(rng: np.random.Generator, dies: Grid) -> Grid:
    """Turn, flip and disturb a wafer so that it still shows the same."""
    turned = turn(np.ascontiguousarray(symmetry(dies, int(rng.integers(8)))), rng.uniform(-LARGEST_TURN, LARGEST_TURN))
    return add_noise(rng, turned, *(rng.uniform(0, most) for most in NOISE))
