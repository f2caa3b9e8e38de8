"""How many dies a picture shows: the grid is recovered from where its pixels change.

Along each axis a picture of n dies in S pixels changes at multiples of S / n only, rounded as its maker rounds. Equal
neighbours hide changes, so of all n whose boundaries hold every change the smallest is taken, provided that so many
changes would hardly fall on so few boundaries by chance; where no n passes, each pixel is a die. Finer grids that are
consistent too cannot be told from a picture.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from data.raster import nearest_index
from data.wafer import MAX_GRID

Labels = NDArray[np.uint8]
Spans = NDArray[np.intp]
Numbers = NDArray[np.float64]
Found = tuple[Spans, float]  # a grid along one axis, and the share of changes that lie on its very boundaries
_MAX_CHANCE = 1e-3
_EPSILON = 1e-6
_CHUNK = 256
_COARSE = 4.0
_MOST_BLURRED = 1024
_MIN_AGREEMENT, _AS_GOOD = 0.8, 0.95
_SAME_PITCH = 0.98
_FEWER_HITS = 0.1
_MIN_SEGMENTS = 3
_FEW_CHANGES, _USED = 5, 0.1


@dataclass(frozen=True, eq=False)
class Cells:
    """Where dies lie in a picture: first pixel and the one after the last of every row and column of dies."""

    rows: Spans
    columns: Spans

    def sample(self, labels: Labels) -> Labels:
        """Return the value of each die: what most of nine points in its inner half show.

        Args:
            labels: (H, W) pixel values below 256.

        Returns:
            (rows, columns)
        """
        if (np.diff(self.rows) == 1).all() and (np.diff(self.columns) == 1).all():
            return np.asarray(labels[np.ix_(self.rows[:, 0], self.columns[:, 0])])
        points = np.stack(
            [labels[np.ix_(rows, columns)] for rows in _inner(self.rows) for columns in _inner(self.columns)]
        )
        middle = points[4]
        if (points == middle).all():
            return np.asarray(middle)
        votes = [(points == value).sum(axis=0) + 0.5 * (middle == value) for value in range(int(labels.max()) + 1)]
        return np.asarray(np.argmax(votes, axis=0), dtype=np.uint8)


def among(labels: Labels, values: Collection[int]) -> NDArray[np.bool_]:
    """Whether each pixel shows one of some values."""
    table = np.zeros(256, dtype=np.uint8)
    table[list(values)] = 1
    return np.asarray(cv2.LUT(np.ascontiguousarray(labels), table)).view(np.bool_)


def told_by(cells: Cells, shown: Labels, labels: Labels) -> bool:
    """Whether every pixel of every die shows what its die, (rows, columns), shows."""
    for axis, spans in enumerate((cells.rows, cells.columns)):
        shown = np.repeat(shown, np.diff(spans)[:, 0], axis=axis)
    down, across = (_pixels(spans) for spans in (cells.rows, cells.columns))
    return np.array_equal(shown, labels[down][:, across])


def _pixels(spans: Spans) -> slice | NDArray[np.intp]:
    """The pixels of all dies along an axis: one stretch where no gaps part them."""
    if (spans[1:, 0] == spans[:-1, 1]).all():
        return slice(int(spans[0, 0]), int(spans[-1, 1]))
    return np.concatenate([np.arange(first, end) for first, end in spans])


def _inner(spans: Spans) -> Iterator[NDArray[np.intp]]:
    first, last = spans[:, 0], spans[:, 1] - 1
    return (first + (last - first) * quarter // 4 for quarter in (1, 2, 3))


def nearest_starts(n: int, size: int) -> NDArray[np.intp]:
    """First pixel of each of n dies in a picture that Waferscope draws, as `data.raster.nearest_index` does."""
    return np.searchsorted(nearest_index(n, size), np.arange(n))


def known_cells(labels: Labels, shape: tuple[int, int]) -> Cells | None:
    """Cut a picture into a grid that is known, None when the picture does not agree with it."""
    if shape[0] > labels.shape[0] or shape[1] > labels.shape[1]:
        return None
    cells = Cells(*(_spans(nearest_starts(n, size), size) for n, size in zip(shape, labels.shape, strict=True)))
    return cells if told_by(cells, cells.sample(labels), labels) else None


def find_cells(labels: Labels, off: Collection[int], *, exact: bool, outlined: bool = True) -> Cells:
    """Recover the die grid of a picture.

    Tried in turn: dies parted by lines or gaps; a grid over the whole picture; a grid over the box around the wafer,
    where the picture has a margin; each pixel a die.

    Args:
        labels: (H, W) which value each pixel has.
        off: the values off the wafer.
        exact: false where lossy compression blurs the changes.
        outlined: false where passing dies look like what lies off the wafer, so that only the picture bounds the grid.
    """
    on_wafer = ~among(labels, off)
    if not outlined or not on_wafer.any():
        on_wafer[:] = True
    box = tuple(_extent(np.any(on_wafer, axis=1 - axis)) for axis in (0, 1))
    parted = _parted(labels, off, box)
    if parted is not None:
        return parted
    whole = tuple((0, size) for size in labels.shape)
    grids = [_regular(labels, span, exact) for span in (whole, box)]
    rows, columns = (_better(*choice) for choice in zip(*grids, labels.shape, strict=True))
    return Cells(rows, columns)


def _better(over_all: Found | None, over_box: Found | None, size: int) -> Spans:
    """Prefer the whole picture, unless its margin forces finer dies than the wafer shows, or dies off the changes."""
    if over_all is None or over_box is None:
        found = over_all or over_box
        return found[0] if found else _spans(np.arange(size), size)
    (whole, hits), (boxed, box_hits) = over_all, over_box
    if _pitch(whole) < _SAME_PITCH * _pitch(boxed) or hits < box_hits - _FEWER_HITS:
        return boxed
    if whole[0, 1] <= boxed[0, 0] and whole[-1, 0] >= boxed[-1, 1]:  # rows without a die at both ends are a margin
        return np.asarray(whole[(whole[:, 1] > boxed[0, 0]) & (whole[:, 0] < boxed[-1, 1])])
    return whole


def _pitch(spans: Spans) -> float:
    return float((spans[-1, 1] - spans[0, 0]) / len(spans))


def _extent(used: NDArray[np.bool_]) -> tuple[int, int]:
    where = np.flatnonzero(used)
    return int(where[0]), int(where[-1]) + 1


def _regular(labels: Labels, box: tuple[tuple[int, int], ...], exact: bool) -> list[Found | None]:
    (top, bottom), (left, right) = box
    inside = labels[top:bottom, left:right]
    found: list[Found | None] = []
    for axis, start in ((0, top), (1, left)):
        changes = changes_along(inside, axis)
        spans = _exact_grid(changes) if exact else None
        if spans is None:
            spans = _coarse_grid(changes)
        found.append(None if spans is None else (spans + start, _hits(changes, len(spans))))
    return found


def changes_along(labels: Labels, axis: int) -> NDArray[np.intp]:
    """How many pixels of each line differ from the line before, from the second line on."""
    if axis == 0:
        return np.asarray(np.count_nonzero(labels[1:] != labels[:-1], axis=1))
    return np.asarray(np.count_nonzero(labels[:, 1:] != labels[:, :-1], axis=0))


def _drawn_by_center(n: Numbers, size: int) -> tuple[Numbers, Numbers]:
    return np.asarray(size / n), np.full_like(n, -0.5)


def _drawn_by_corner(n: Numbers, size: int) -> tuple[Numbers, Numbers]:
    return np.asarray(size / n), np.zeros_like(n)


def _drawn_end_to_end(n: Numbers, size: int) -> tuple[Numbers, Numbers]:
    pitch: Numbers = np.asarray((size - 1) / np.maximum(n - 1, 1))
    return pitch, np.asarray(-pitch / 2)


# How makers of pictures choose the die that a pixel shows: die k starts at the first pixel from k * pitch + offset on.
_MAKERS = (_drawn_by_center, _drawn_by_corner, _drawn_end_to_end)


def _exact_grid(changes: NDArray[np.intp]) -> Spans | None:
    """Find the smallest n of which every change is a boundary, None when that is chance."""
    at = (np.flatnonzero(changes) + 1).astype(np.float64)
    size = len(changes) + 1
    if len(at) == 0:
        return None
    end = min(size, MAX_GRID + 1)
    for first in range(len(at) + 1, end, _CHUNK):
        n: Numbers = np.arange(first, min(first + _CHUNK, end), dtype=np.float64)
        n = np.asarray(n[size * ((n - 1) / (size - 1)) ** len(at) <= _MAX_CHANCE], dtype=np.float64)
        fits = np.stack([_fits(at, n, *maker(n, size)) for maker in _MAKERS])
        if fits.any():
            best = int(np.argmax(fits.any(axis=0)))
            pitch, offset = _MAKERS[int(np.argmax(fits[:, best]))](n[best : best + 1], size)
            if len(at) >= _FEW_CHANGES and (np.diff(np.floor((at + _EPSILON - offset) / pitch)) > 1).all():
                return None  # no die is one die wide: the dies are larger, and their maker rounds in another way
            return _spans(_starts(int(n[best]), float(pitch[0]), float(offset[0]), changes), size)
        if len(n) < _CHUNK:
            break
    return None


def _fits(at: Numbers, n: Numbers, pitch: Numbers, offset: Numbers) -> NDArray[np.bool_]:
    """For each n, whether every change lies where some die starts, rounding errors of makers allowed."""
    die = np.floor((at + _EPSILON - offset[:, None]) / pitch[:, None])
    starts = (die * pitch[:, None] + offset[:, None] > at - 1 - _EPSILON) & (die >= 1) & (die < n[:, None])
    return np.asarray(starts.all(axis=1))


def _starts(n: int, pitch: float, offset: float, changes: NDArray[np.intp]) -> NDArray[np.intp]:
    """First pixel of each die; where rounding leaves two choices, the one at which the picture changes."""
    ideal = np.arange(1, n) * pitch + offset
    early, late = (np.clip(np.ceil(ideal + slip).astype(np.intp), 1, len(changes)) for slip in (-_EPSILON, _EPSILON))
    return np.concatenate([[0], np.where(changes[late - 1] > 0, late, early)])


def _hits(changes: NDArray[np.intp], n: int) -> float:
    """Share of all changes that lie on the very boundaries of n dies, as their most fitting maker draws them."""
    size = len(changes) + 1
    drawn = (maker(np.array([n], dtype=np.float64), size) for maker in _MAKERS)
    starts = (_starts(n, float(pitch[0]), float(offset[0]), changes)[1:] - 1 for pitch, offset in drawn)
    return max(float(changes[at].sum()) for at in starts) / max(int(changes.sum()), 1)


def _spans(starts: NDArray[np.intp], size: int) -> Spans:
    return np.stack([starts, np.append(starts[1:], size)], axis=1)


def _coarse_grid(changes: NDArray[np.intp]) -> Spans | None:
    """Return the die of each pixel for the n whose boundaries, one pixel to either side, gather most of the changes.

    What n gathers above its chance share is compared, so neither multiples nor parts of the right n win.
    """
    size, total = len(changes) + 1, int(changes.sum())
    spread = total**2 / max(float((changes.astype(np.float64) ** 2).sum()), 1.0)
    best, found = _MIN_AGREEMENT, None
    gathered = changes.copy()
    gathered[1:] += changes[:-1]
    gathered[:-1] += changes[1:]
    agreements = np.zeros(min(int(size / _COARSE), _MOST_BLURRED) + 1)
    for n in range(2, len(agreements)):
        boundaries = np.rint(np.arange(1, n) * size / n).astype(np.intp) - 1
        chance = 3 * (n - 1) / (size - 1)  # dies of four pixels and more keep the pixels around their sides apart
        agreements[n] = (gathered[boundaries].sum() / max(total, 1) - chance) / max(1 - chance, 1e-9)
        if agreements[n] > best + 1e-9 and size * chance**spread <= _MAX_CHANCE:
            best, found = float(agreements[n]), n
    if found is None:
        return None
    for part in (3, 2):  # stray changes alone make no finer dies
        if found % part == 0 and agreements[found // part] >= _AS_GOOD * best:
            found //= part
    return None if _too_fine(changes, found) else _spans(nearest_starts(found, size), size)


def _too_fine(changes: NDArray[np.intp], n: int) -> bool:
    """Whether none of n dies shows both its sides, a pixel off at most: then dies are larger than that."""
    size = len(changes) + 1
    boundaries = np.rint(np.arange(1, n) * size / n).astype(np.intp)
    around = np.concatenate([[0], changes, [0]])
    gathered = around[boundaries - 1] + around[boundaries] + around[np.minimum(boundaries + 1, size)]
    used = np.flatnonzero(gathered >= _USED * gathered.max(initial=1))
    return len(used) >= _FEW_CHANGES and bool((np.diff(used) > 1).all())


def _parted(labels: Labels, off: Collection[int], box: tuple[tuple[int, int], ...]) -> Cells | None:
    """Find dies that are parted by lines of one colour, or by gaps that show what lies off the wafer."""
    (top, bottom), (left, right) = box
    inside = labels[top:bottom, left:right]
    for line in range(int(inside.max()) + 1):
        street = among(inside, (*off, line))
        if street.mean() > _MIN_AGREEMENT:
            continue
        rows, columns = (_segments(~np.all(street, axis=1 - axis)) for axis in (0, 1))
        if rows is not None and columns is not None:
            return Cells(rows + top, columns + left)
    return None


def _segments(used: NDArray[np.bool_]) -> Spans | None:
    """Runs of used pixels, when they are as even and as dense as dies are."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], used, [False]]).astype(np.int8)))
    spans = edges.reshape(-1, 2)
    if len(spans) < _MIN_SEGMENTS:
        return None
    widths, gaps = np.diff(spans)[:, 0], spans[1:, 0] - spans[:-1, 1]
    even = np.ptp(widths) <= max(2, 0.2 * widths.max()) and np.ptp(gaps) <= 2
    return spans if even and 2 * gaps.max() <= np.median(widths) else None
