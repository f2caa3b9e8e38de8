"""What each cell of a lattice shows, and how well the map made of these cells agrees with the picture."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from data.formats.image_grid import Cells

Labels = NDArray[np.uint8]
_RIM = 0.75
_PURE = 0.93


@dataclass(frozen=True, eq=False)
class Judged:
    """The cells of a lattice.

    Args:
        labels: (rows, columns) the value that most pixels of each cell show.
        agreement: share of the dies' pixels that show what their cell shows, sides of cells left out.
        kept: for each value, the share of its pixels that lie in cells which show it; 1 for a value without pixels.
        pure: for each value, the share of the pixels of its cells that show it; 1 for a value without cells.
        at_rim: for each value, whether all its cells lie near the rim.
    """

    labels: Labels
    agreement: float
    kept: NDArray[np.float64]
    pure: NDArray[np.float64]
    at_rim: NDArray[np.bool_]

    def drawn_around(self) -> NDArray[np.bool_]:
        """For each value whether it is no die: what lies near the rim only and does not fill cells, as rings do."""
        best = float(np.sort(self.pure)[-2:].min())
        return np.asarray(self.at_rim & ((self.pure < _PURE * best) | (self.kept < _PURE * best)))


def judge(labels: Labels, cells: Cells, page: int, without: NDArray[np.bool_]) -> Judged:
    """Judge each cell by all its pixels but those of its sides.

    Args:
        labels: (H, W) pixel values.
        cells: where the dies lie.
        page: the value around the wafer.
        without: for each value, whether it is no die and counts as the page.
    """
    rows, columns = (_inside(spans) for spans in (cells.rows, cells.columns))
    counts = np.stack([_counted(labels == value, rows, columns) for value in range(len(without))])
    votes = counts.copy()
    votes[page] += votes[without].sum(axis=0)
    votes[np.flatnonzero(without & (np.arange(len(without)) != page))] = 0
    shown = votes.argmax(axis=0).astype(np.uint8)
    picked = np.take_along_axis(counts, shown[None].astype(np.intp), axis=0)[0]
    sizes = counts.sum(axis=0)
    on_wafer = shown != page
    kept, pure = np.ones(len(without)), np.ones(len(without))
    at_rim = np.zeros(len(without), dtype=bool)
    away = _away(on_wafer)
    for value in np.flatnonzero(~without):
        own = shown == value
        if counts[value].any():
            kept[value] = counts[value][own].sum() / counts[value].sum()
        if own.any():
            pure[value] = counts[value][own].sum() / sizes[own].sum()
        at_rim[value] = counts[value][away < _RIM].sum() <= 0.02 * counts[value].sum()
    at_rim[page] = False
    agreement = picked[on_wafer].sum() / max(int(sizes[on_wafer].sum()), 1)
    return Judged(shown, float(agreement), kept, pure, at_rim)


def _away(on_wafer: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How far each cell lies from the middle of the grid, as a share of its half sides."""
    rows, columns = ((np.arange(side) + 0.5) / side * 2 - 1 for side in on_wafer.shape)
    return np.asarray(np.hypot(rows[:, None], columns[None, :]))


def _inside(spans: NDArray[np.intp]) -> NDArray[np.intp]:
    """Leave out a pixel at either side, where cells have more than three."""
    wide = np.diff(spans)[:, 0] > 3
    return np.stack([spans[:, 0] + wide, spans[:, 1] - wide], axis=1)


def _counted(shows: NDArray[np.bool_], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.int64]:
    """How many pixels of each cell show a value."""
    sums = cv2.integral(shows.astype(np.uint8)).astype(np.int64)
    below = sums[rows[:, 1]] - sums[rows[:, 0]]
    return np.asarray(below[:, columns[:, 1]] - below[:, columns[:, 0]])


def between(cells: Cells, labels: Labels, axis: int) -> NDArray[np.int64]:
    """How often each value shows between the dies along an axis, in the middle half of the other one."""
    spans = (cells.rows, cells.columns)[axis]
    lines = labels if axis == 0 else labels.T
    places = [np.arange(end, start) for end, start in zip(spans[:-1, 1], spans[1:, 0], strict=True) if start > end]
    quarter = lines.shape[1] // 4
    middle = len(places) // 4
    inner = places[middle : len(places) - middle]
    if not inner:
        return np.zeros(int(labels.max()) + 1, dtype=np.int64)
    shown = lines[np.concatenate(inner), quarter : lines.shape[1] - quarter]
    return np.bincount(shown.ravel(), minlength=int(labels.max()) + 1)
