"""How much fails along straight lines through each die: a scratch in noise shows over many dies, not over three."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

REACH = 7
"""Dies that the longest lines go to either side."""
LINES = ((3, 8), (REACH, 16))
"""Reach of the lines in dies, and in how many directions they run."""
DISCS = (3, REACH)
"""Radii of the discs that the lines stand out from."""


class Lines(nn.Module):
    """The share of failing dies along lines of several directions and lengths through each die, and in discs around it.

    Nothing here learns. What lies off the wafer counts as passing.

    Shape:
        (N, 3, S, S), the picture. Output: (N, `channels`, S, S), each 0 to 1.
    """

    channels = sum(directions for _, directions in LINES) + len(DISCS)
    kernels: Tensor

    def __init__(self) -> None:
        super().__init__()
        kernels = [line(reach, turn) for reach, n in LINES for turn in np.arange(n) * np.pi / n]
        kernels += [disc(radius) for radius in DISCS]
        stacked = torch.from_numpy(np.stack(kernels)[:, None].astype(np.float32))
        self.register_buffer("kernels", stacked, persistent=False)

    def forward(self, wafer: Tensor) -> Tensor:
        """Look along."""
        return functional.conv2d(wafer[:, :1], self.kernels, padding=REACH)


def line(reach: int, turn: float) -> NDArray[np.float64]:
    """Return the weights, of sum 1, of a line one die wide that runs `turn` radians down from the rows' direction."""
    down, right = _offsets()
    along = right * np.cos(turn) + down * np.sin(turn)
    beside = down * np.cos(turn) - right * np.sin(turn)
    weights = np.clip(1 - np.abs(beside), 0, 1) * (np.abs(along) <= reach + 0.5)
    return np.asarray(weights / weights.sum())


def disc(radius: int) -> NDArray[np.float64]:
    """Return the weights, of sum 1, of all dies up to a distance."""
    inside = np.hypot(*_offsets()) <= radius + 0.5
    return np.asarray(inside / inside.sum())


def _offsets() -> NDArray[np.int_]:
    """Rows and columns from the middle die, (2, 15, 15)."""
    return np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1]
