"""Two looks at one wafer for learning without labels: as it is, and disturbed. Every pixel's way between them is known.

The disturbed look is made of the same dies on the same pixels and only then flipped or turned by quarters, so what is
said of a pixel of one look holds for one pixel of the other, exactly.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.pictures import Raster
from data.raster import die_planes, reduced
from data.turning import SYMMETRIES, Grid, add_noise, symmetry
from data.wafer import OFF_WAFER

NOISE = (0.05, 0.25, 0.02)  # shares at most of passing dies that fail, of failing ones that pass, of dies not tested
CUT = (0.15, 0.4)  # side of the square that CutOut takes, as a share of the grid's


def two_views(
    rng: np.random.Generator,
    dies: Grid,
    block: int,
    size: int,
    raster: Raster,
    *,
    noise: tuple[float, float, float] = NOISE,
) -> tuple[NDArray[np.float32], NDArray[np.float32], int]:
    """Draw a wafer as it is and disturbed: single dies flipped or lost, a square cut out, then flipped and turned.

    Args:
        rng: source of randomness.
        dies: uint8 (H, W).
        block: side of the network's cells in dies.
        size: side in pixels.
        raster: how the network wants its pictures.
        noise: shares at most of passing dies that fail, of failing ones that pass, of dies not tested.

    Returns:
        The look as it is and the disturbed one, float32 (3, size, size) each, and which of the eight symmetries leads
        from the pixels of the first to those of the second.

    Source: Sohn et al., "FixMatch", NeurIPS 2020; DeVries and Taylor, "Improved Regularization ... with Cutout", 2017.
    """
    noisy = add_noise(rng, dies, *(rng.uniform(0, most) for most in noise))
    way = int(rng.integers(SYMMETRIES))
    weak, strong = (raster.draw(reduced(die_planes(d), block), size) for d in (dies, cut_out(rng, noisy)))
    return weak, np.ascontiguousarray(symmetry(strong, way)), way


def cut_out(rng: np.random.Generator, dies: Grid) -> Grid:
    """Take a square out of a wafer as if it had not been tested; never the whole wafer."""
    side = [max(1, round(rng.uniform(*CUT) * n)) for n in dies.shape]
    top, left = (int(rng.integers(0, n - s + 1)) for n, s in zip(dies.shape, side, strict=True))
    cut = dies.copy()
    cut[top : top + side[0], left : left + side[1]] = OFF_WAFER
    return cut if (cut != OFF_WAFER).any() else dies


def follow(pixels: Tensor, way: Tensor) -> Tensor:
    """Bring pixels of the looks as they are to where the disturbed looks show them, as `data.turning.symmetry` does.

    Shape:
        pixels: (N, C, S, S); way: (N,) whole numbers of 0 to 7. Output: (N, C, S, S).
    """
    turned = []
    for one, k in zip(pixels, way.tolist(), strict=True):
        quarter = torch.rot90(one, k % 4, (-2, -1))
        turned.append(quarter if k < 4 else quarter.flip(-1))
    return torch.stack(turned)
