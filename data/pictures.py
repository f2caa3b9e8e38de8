"""Between cells and a network's square pixels: pictures in, answers per cell out, as its encoder wants it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from data.raster import nearest_index

DIES = "dies"
"""The encoder of our own that sees one pixel a die."""
DIES_DEPTH = 4
"""Stages that it has."""


class Raster(ABC):
    """A way to draw cells as the pixels of a square picture.

    Attributes:
        name: as model files say it.
        sizes: sides in pixels, small first.
        shares: how often training draws each size.
    """

    name: ClassVar[str]
    sizes: ClassVar[tuple[int, ...]]
    shares: ClassVar[tuple[float, ...]]

    @abstractmethod
    def size(self, shape: Sequence[int]) -> int:
        """Choose the size for (H, W) cells."""

    @abstractmethod
    def draw(self, planes: NDArray[np.float32], size: int) -> NDArray[np.float32]:
        """Draw planes (C, H, W) on a square of `size` pixels, (C, size, size)."""

    @abstractmethod
    def per_cell(self, pixels: NDArray[np.float32], shape: Sequence[int]) -> NDArray[np.float32]:
        """Return what pixels (..., S, S) say of each of (H, W) cells, (..., H, W)."""


class Resampled(Raster):
    """The nearest cell to each pixel, about two and a half pixels a cell; answers are averaged over each cell.

    Example:
        >>> [RESAMPLED.size(shape) for shape in ((25, 27), (52, 52), (120, 90), (212, 204))]
        [64, 128, 224, 224]
    """

    name = "resampled"
    sizes = (64, 96, 128, 192, 224)
    shares = (0.24, 0.24, 0.28, 0.1, 0.14)
    pixels = 2.5

    def size(self, shape: Sequence[int]) -> int:
        """Choose the size at which a cell is nearest to two and a half pixels wide."""
        wanted = self.pixels * max(shape)
        return min(self.sizes, key=lambda size: abs(np.log(size / wanted)))

    def draw(self, planes: NDArray[np.float32], size: int) -> NDArray[np.float32]:
        """Draw the nearest cell to each pixel."""
        rows, columns = nearest_index(planes.shape[1], size), nearest_index(planes.shape[2], size)
        return np.take(np.take(planes, rows, axis=1), columns, axis=2)

    def per_cell(self, pixels: NDArray[np.float32], shape: Sequence[int]) -> NDArray[np.float32]:
        """Average over each cell; one that no pixel shows (more cells than pixels) takes its nearest pixel."""
        for axis, cells in ((-2, shape[0]), (-1, shape[1])):
            pixels = _mean_along(pixels, axis, cells)
        return pixels


class Padded(Raster):
    """One pixel a cell, and pixels off the wafer below and to the right.

    Example:
        >>> [PADDED.size(shape) for shape in ((25, 27), (52, 52), (120, 90), (210, 204))]
        [32, 64, 160, 216]
    """

    name = "padded"
    sizes = (32, 48, 64, 112, 160, 216)
    shares = (0.2, 0.24, 0.32, 0.07, 0.07, 0.1)

    def size(self, shape: Sequence[int]) -> int:
        """Choose the smallest size that holds the cells; the largest where none does."""
        return next((size for size in self.sizes if size >= max(shape)), self.sizes[-1])

    def draw(self, planes: NDArray[np.float32], size: int) -> NDArray[np.float32]:
        """Lay the cells into the upper left corner; what does not fit is cut off, which only training meets."""
        drawn = np.zeros((len(planes), size, size), dtype=np.float32)
        held = planes[:, :size, :size]
        drawn[:, : held.shape[1], : held.shape[2]] = held
        return drawn

    def per_cell(self, pixels: NDArray[np.float32], shape: Sequence[int]) -> NDArray[np.float32]:
        """Leave the padding out."""
        return pixels[..., : shape[0], : shape[1]]


RESAMPLED, PADDED = Resampled(), Padded()
RASTERS: dict[str, Raster] = {raster.name: raster for raster in (RESAMPLED, PADDED)}


def raster_of(encoder: str) -> Raster:
    """Return the way in which an encoder wants its pictures."""
    return PADDED if encoder == DIES else RESAMPLED


def _mean_along(pixels: NDArray[np.float32], axis: int, cells: int) -> NDArray[np.float32]:
    size = pixels.shape[axis]
    if cells > size:
        return np.take(pixels, nearest_index(size, cells), axis=axis)
    index = nearest_index(cells, size)
    starts = np.flatnonzero(np.diff(index, prepend=-1))
    counts = np.bincount(index, minlength=cells).astype(pixels.dtype)
    sums: NDArray[np.float32] = np.add.reduceat(pixels, starts, axis=axis)
    return sums / (counts if axis == -1 else counts[:, None])
