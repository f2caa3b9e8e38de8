"""From a trained network and wafers to the projection of its embeddings: views drawn, described and compared."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.raster import blocks, die_planes, reduced, resample, working_size
from data.turning import Grid, add_noise, symmetry, turn
from models.embedding import EmbeddingUNet
from models.export import describe_looks
from models.projection import Projection, fit_projection
from models.unet import WaferUNet

VIEWED_SHARE = 1 / 3  # of the wafers that are also seen as two changed views
VIEWS = 2
LARGEST_TURN = 0.3  # radians, beyond quarter turns
NOISE = (0.03, 0.15, 0.01)  # shares at most of passing dies that fail, of failing ones that pass, of dies not tested


def fit_embedding(
    network: WaferUNet, wafers: Sequence[Grid], classes: Sequence[str], rng: np.random.Generator
) -> Projection:
    """Find the projection under which wafers of one look lie together.

    Args:
        network: trained.
        wafers: uint8 (H, W) each.
        classes: of each the name of its set of classes.
        rng: chooses and changes the wafers that are seen again.
    """
    again = rng.permutation(len(wafers))[: max(1, round(VIEWED_SHARE * len(wafers)))].repeat(VIEWS)
    changed = [_changed(rng, wafers[i]) for i in again]
    drawn = [look for dies in wafers for look in _looks(dies)]
    redrawn = [look for dies in changed for look in _looks(dies)]
    described = describe_looks(EmbeddingUNet(network, None), [*drawn, *redrawn])
    counts = [len(blocks(dies.shape)) for dies in wafers]
    first = np.cumsum([0, *counts[:-1]])
    of = np.concatenate([first[i] + np.arange(counts[i]) for i in again])
    names = np.repeat(np.asarray(classes), counts).tolist()
    return fit_projection(described[: len(drawn)], described[len(drawn) :], of, names)


def _looks(dies: Grid) -> list[NDArray[np.float32]]:
    """Draw a wafer in each of the cell sizes in which the network sees it."""
    planes = die_planes(dies)
    cells = [reduced(planes, block) for block in blocks(dies.shape)]
    return [resample(cell, working_size(cell.shape[1:])) for cell in cells]


def _changed(rng: np.random.Generator, dies: Grid) -> Grid:
    """Turn, flip and disturb a wafer so that it still shows the same."""
    turned = turn(np.ascontiguousarray(symmetry(dies, int(rng.integers(8)))), rng.uniform(-LARGEST_TURN, LARGEST_TURN))
    return add_noise(rng, turned, *(rng.uniform(0, most) for most in NOISE))
