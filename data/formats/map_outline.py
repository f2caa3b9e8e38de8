"""Evidence that rows of codes are a wafer: a round outline, or a full rectangle in which one code prevails."""

import numpy as np
from numpy.typing import NDArray

from data.formats.bin_codes import CodeGrid

ROUND_SHARE = 0.8
"""Share of the cells that agree with the ellipse in the box around the dies; of 3,000 maps of WM-811K all but one in a
thousand agree in 0.93 or more."""
_LEAST_FILLED, _MOST_COLUMNS, _MOST_CODES = 0.5, 0.9, 16


def is_round(on_wafer: NDArray[np.bool_]) -> bool:
    """Return whether dies fill a round outline: no corner of the box around them holds one, and the box's ellipse does.

    Args:
        on_wafer: (H, W), true where a die is, with a result or without.
    """
    rows, columns = np.flatnonzero(on_wafer.any(1)), np.flatnonzero(on_wafer.any(0))
    if len(rows) < 3 or len(columns) < 3:
        return False
    box = on_wafer[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if box[[0, 0, -1, -1], [0, -1, 0, -1]].any():
        return False
    up, across = (np.abs((2 * np.arange(count) + 1) / count - 1) ** 2 for count in box.shape)
    agrees = box == (up[:, None] + across <= 1)
    return bool(agrees.mean() >= ROUND_SHARE)


def is_full_rectangle(grid: CodeGrid) -> bool:
    """Return whether rows are a full map and no table or list, whose columns differ from each other.

    One code, which is no zero, is the most frequent in nine of ten columns and in half of all cells.
    """
    if min(grid.shape) < 3 or len(grid.codes) > _MOST_CODES:
        return False
    chief = max(range(len(grid.codes)), key=lambda place: grid.counts[grid.codes[place]])
    if not grid.codes[chief].strip("0") or grid.counts[grid.codes[chief]] < _LEAST_FILLED * grid.places.size:
        return False
    counts = np.stack([np.count_nonzero(grid.places == place, axis=0) for place in range(len(grid.codes))])
    return bool((counts.argmax(axis=0) == chief).mean() >= _MOST_COLUMNS)


def rim_of(on_wafer: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (H, W), true for the dies that lie beside no die or the border."""
    wide = np.pad(on_wafer, 1)
    inner = wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
    rim: NDArray[np.bool_] = on_wafer & ~inner
    return rim
