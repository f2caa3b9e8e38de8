"""Whole die grids as networks see them."""

import numpy as np
from numpy.typing import NDArray

from data.pictures import RESAMPLED, Raster
from data.raster import die_planes


def picture(dies: NDArray[np.uint8], size: int = 0, raster: Raster = RESAMPLED) -> NDArray[np.float32]:
    """Draw a grid, at the size that the raster chooses unless another is named; (3, S, S)."""
    return raster.draw(die_planes(dies), size or raster.size(dies.shape))
