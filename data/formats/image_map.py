"""From the values of a picture to dies: the whole picture where it is a map and nothing else, else the map found in it.

A picture whose every pixel is told by a plain grid of dies is read so. Any other goes a longer way: marks beside the
map are left out and the lattice of dies is fitted (`image_fit`). Where there is none, each pixel is a die when the
picture can be such a map, and else it is refused.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError
from data.formats.image_cells import judge
from data.formats.image_fit import SURE_EXACT, Reading, fitted, results
from data.formats.image_grid import Cells, changes_along, find_cells, known_cells, told_by
from data.formats.image_lattice import looks_drawn
from data.formats.image_meaning import Meaning, meanings
from data.formats.image_page import REMEDY, find_map, page_color
from data.formats.image_values import LARGE, Levels
from data.formats.options import ReadOptions
from data.wafer import MAX_GRID, OFF_WAFER

_SMALL = 100
_LEAST_PITCH, _COARSER = 2, 1.3
_SURE, _LEAST, _KEPT = 0.985, 0.9, 0.8
_INNER = 0.85
_STRAY = 0.005
_FINE = 4.5
_UNSURE_PITCH, _WHOLE = 3, 0.01


def read_map(
    levels: Levels, options: ReadOptions, where: str, *, ours: bool = False, shape: tuple[int, int] | None = None
) -> Reading:
    """Read the dies of a picture of few values.

    Args:
        levels: the picture's values.
        options: the caller's.
        where: what to call the picture in errors.
        ours: Waferscope wrote it.
        shape: (rows, columns) of the grid where the file says so.

    Raises:
        FormatError: it is no map, shows more than 4096 dies a side, or its dies cannot be told.
    """
    reading = _read(levels, options, where, ours=ours, shape=shape)
    if ours:
        return reading
    smoothed = () if levels.exact else _smoothed_doubts(levels, reading)
    empty = _empty_lines(reading.dies) if reading.pitch > 1 else ()
    doubts = (*empty, *_fine_doubts(reading), *smoothed)
    return replace(reading, remarks=(*reading.remarks, *doubts)) if doubts else reading


def _empty_lines(dies: NDArray[np.uint8]) -> tuple[str, ...]:
    """Return a doubt where rows or columns without any die lie between others, as lines between dies do."""
    for axis in (0, 1):
        used = np.flatnonzero((dies != OFF_WAFER).any(axis=1 - axis))
        if len(used) and used[-1] - used[0] >= len(used):
            return ("Rows or columns without a die lie between the others: these may be lines that part dies.",)
    return ()


def _fine_doubts(reading: Reading) -> tuple[str, ...]:
    """Return a doubt where dies are drawn alternately a pixel larger and smaller: other grids fit such changes too."""
    if not 1 < reading.pitch < _UNSURE_PITCH or abs(reading.pitch - round(reading.pitch)) < _WHOLE:
        return ()
    size = f"{reading.dies.shape[0]} x {reading.dies.shape[1]}"
    return (f"Dies are {reading.pitch:.2f} pixels large: a grid other than the {size} read may fit as well.",)


def _smoothed_doubts(levels: Levels, reading: Reading) -> tuple[str, ...]:
    """Return what compression or smoothing may have taken away."""
    doubts: list[str] = []
    if levels.strange:
        doubts.append(f"{levels.strange} pixels show colours of their own: dies of a few pixels may not be told.")
    if reading.pitch < _FINE:
        doubts.append(f"Dies are {reading.pitch:.1f} pixels large in a smoothed picture: single ones may not be told.")
    pieces, _ = cv2.connectedComponents((np.pad(reading.dies, 1) == OFF_WAFER).astype(np.uint8), connectivity=4)
    if pieces > 2:
        doubts.append("The compressed or smoothed picture shows places without a die within the wafer.")
    return tuple(doubts)


def _read(levels: Levels, options: ReadOptions, where: str, *, ours: bool, shape: tuple[int, int] | None) -> Reading:
    meaning = meanings(levels, options, where, ours=ours)
    known = known_cells(levels.labels, shape) if shape else None
    if known is not None:
        return _sampled(known, known.sample(levels.labels), meaning, where)
    outlined = meaning.off_outside_disc is None
    cells = find_cells(levels.labels, meaning.off_labels, exact=levels.exact, outlined=outlined)
    small, whole = max(levels.labels.shape) <= _SMALL, _pitch(cells) == 1
    shown = cells.sample(levels.labels)
    told = levels.exact and not whole and told_by(cells, shown, levels.labels)
    if small or (told and outlined):
        return _plain(levels, cells, shown, meaning, options, where)
    if levels.labels.size > LARGE:  # details as fine as pixels
        return _pixel_by_pixel(levels, meaning, where)
    page = None if _shows_failures_alone(levels, meaning) else find_map(levels.labels)
    agreement = 1.0 if told else 0.0 if whole else _agreement(levels, cells)
    if agreement >= _SURE and not levels.exact and (page is None or not page.marks):
        return _plain(levels, cells, shown, meaning, options, where)
    lattice = fitted(levels, page, options, where)
    if page is not None and page.marks:
        if lattice is None:
            found = f"the picture shows a page with {page.marks} marks beside the map, and no grid of dies fits the map"
            raise FormatError(where, found, REMEDY)
        return lattice
    if not whole and agreement >= _SURE and (lattice is None or _pitch(cells) * _COARSER > lattice.pitch):
        reading = _plain(levels, cells, shown, meaning, options, where)
        return reading if agreement >= SURE_EXACT or not levels.exact else _disagreeing(reading, cells, agreement)
    if lattice is not None:
        return lattice
    if not whole and agreement >= _LEAST:
        return _disagreeing(_plain(levels, cells, shown, meaning, options, where), cells, agreement)
    return _pixel_by_pixel(levels, meaning, where)


def _disagreeing(reading: Reading, cells: Cells, agreement: float) -> Reading:
    remark = f"Only {agreement:.1%} of the picture's pixels agree with the {_size(cells)} dies read from it."
    return replace(reading, remarks=(*reading.remarks, remark))


def _plain(
    levels: Levels, cells: Cells, shown: NDArray[np.uint8], meaning: Meaning, options: ReadOptions, where: str
) -> Reading:
    """Read a picture that is one grid of dies; what lines part them is no result."""
    touching = all((spans[1:, 0] == spans[:-1, 1]).all() for spans in (cells.rows, cells.columns))
    if touching and (levels.exact or meaning.off_outside_disc is not None):
        sampled, bounded = _sampled(cells, shown, meaning, where), meaning.off_outside_disc is None
        reading = replace(sampled, pitch=_pitch(cells))
    else:
        around = None if touching else int(np.argmax(np.isin(np.arange(len(levels)), meaning.off_labels)))
        dies, bins, bounded = results(levels, shown, around, options, where)
        reading = Reading(dies, bins, pitch=_pitch(cells))
    if bounded or _pitch(cells) == 1 or max(levels.labels.shape) <= _SMALL:
        return reading
    remark = f"The picture shows no outline of the wafer: its {_size(cells)} dies are told from those that fail."
    return replace(reading, remarks=(remark,))


def _sampled(cells: Cells, labels: NDArray[np.uint8], meaning: Meaning, where: str) -> Reading:
    if max(len(cells.rows), len(cells.columns)) > MAX_GRID:
        raise FormatError(where, f"expected at most {MAX_GRID} dies a side, found {_size(cells)}", "Shrink it.")
    return Reading(meaning.dies(labels), meaning.bins[labels] if meaning.bins is not None else None)


def _pixel_by_pixel(levels: Levels, meaning: Meaning, where: str) -> Reading:
    """Take each pixel for a die, with a remark where the picture looks drawn coarser than that."""
    shape = levels.labels.shape
    cells = Cells(*(np.stack([np.arange(side), np.arange(side) + 1], axis=1) for side in shape))
    reading = _sampled(cells, levels.labels, meaning, where)
    page = page_color(levels.labels)
    if page is not None:
        marked = levels.labels != page
        beyond = marked & (_away(shape) > 1.03)
        if np.count_nonzero(beyond) > _STRAY * np.count_nonzero(marked):
            raise FormatError(where, "expected a wafer map, found a picture with marks beyond the wafer", REMEDY)
    drawn = any(looks_drawn(changes_along(levels.labels, axis)) for axis in (0, 1))
    if drawn or not levels.exact or _blocky(levels.labels, reading.dies):
        remark = (
            f"The grid of dies cannot be told from the picture: each of its {_size(cells)} pixels is taken for a die."
        )
        return replace(reading, remarks=(remark,))
    return reading


def _blocky(labels: NDArray[np.uint8], dies: NDArray[np.uint8]) -> bool:
    """Whether no value changes back within two pixels on the inner wafer, as it does where single dies fail."""
    inner = (dies != OFF_WAFER) & (_away(labels.shape) < _INNER)
    for grid, inside in ((labels, inner), (labels.T, inner.T)):
        single = (grid[1:-1] != grid[:-2]) & (grid[1:-1] != grid[2:]) & inside[1:-1]
        if single.any():
            return False
    return True


def _away(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """How far each pixel lies from the middle, as a share of the half sides."""
    rows, columns = (((np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1) ** 2 for side in shape)
    return np.asarray(np.sqrt(rows[:, None] + columns[None, :]))


def _shows_failures_alone(levels: Levels, meaning: Meaning) -> bool:
    """Whether all but one value is one other: failing dies on what may be wafer or page alike."""
    return meaning.off_outside_disc is not None and np.count_nonzero(levels.counts) == 2


def _agreement(levels: Levels, cells: Cells) -> float:
    if _pitch(cells) < _LEAST_PITCH:
        return 0.0
    judged = judge(levels.labels, cells, int(levels.labels[0, 0]), np.zeros(len(levels), dtype=bool))
    return judged.agreement if (judged.kept[levels.counts > 0] >= _KEPT).all() else 0.0


def _size(cells: Cells) -> str:
    return f"{len(cells.rows)} x {len(cells.columns)}"


def _pitch(cells: Cells) -> float:
    return min(float(spans[-1, 1] - spans[0, 0]) / len(spans) for spans in (cells.rows, cells.columns))
