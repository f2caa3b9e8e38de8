"""Masks as COCO's uncompressed run lengths."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def coco_run_lengths(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """Write a mask as COCO's uncompressed run lengths: by columns, beginning with what is outside.

    Args:
        mask: bool (H, W).

    Returns:
        `size` [H, W] and `counts`.

    Example:
        >>> coco_run_lengths(np.array([[False, True], [True, True]]))
        {'size': [2, 2], 'counts': [1, 3]}
    """
    flat = mask.ravel(order="F")
    bounds = np.flatnonzero(np.diff(flat, prepend=False)).tolist()
    return {"size": list(mask.shape), "counts": np.diff([0, *bounds, flat.size]).tolist()}
