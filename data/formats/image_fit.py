"""The map on a fitted lattice: cells are judged, what was drawn around is set aside, doubts become remarks."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError
from data.formats.image_cells import Judged, between, judge
from data.formats.image_grid import Cells, changes_along
from data.formats.image_lattice import SMOOTHED, Lattice, find_lattice
from data.formats.image_meaning import inscribed_disc, meanings
from data.formats.image_outline import without_outline
from data.formats.image_page import Page, page_color
from data.formats.image_values import Levels
from data.formats.options import ReadOptions
from data.wafer import OFF_WAFER

_SURE, _LEAST, _KEPT = 0.985, 0.9, 0.8
SURE_EXACT = 0.999
_GATHERED = 0.97
_GAP_SHARE = 0.6
_ROUND = 0.9
_STREET_DIES = 0.3
_FEW_PIXELS = 1e-3
Dies = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read from a picture.

    Args:
        dies: uint8 (rows, columns): 0 off, 1 pass, 2 fail.
        bins: uint16 (rows, columns) or None.
        remarks: whole sentences about what is in doubt.
        pitch: pixels from die to die, the smaller of both ways.
    """

    dies: Dies
    bins: NDArray[np.uint16] | None = None
    remarks: tuple[str, ...] = ()
    pitch: float = 1.0


def fitted(levels: Levels, page: Page | None, options: ReadOptions, where: str) -> Reading | None:
    """Read a picture by the lattice that its changes show.

    Args:
        levels: the picture's values.
        page: the map cut out of it, None where the whole picture is the map.
        options: the caller's.
        where: what to call the picture in errors.

    Returns:
        The map, None where no lattice fits or the map made of it is not what the picture shows.
    """
    inner = levels if page is None else renumbered(levels, page.labels)[0]
    labels = inner.labels
    color = page_color(labels)
    ground = int(labels[0, 0]) if color is None else color
    labels = without_outline(labels, ground)
    lattices = [_lattice(changes_along(labels, axis), levels.exact) for axis in (0, 1)]
    if lattices[0] is None or lattices[1] is None:
        return None
    rows, columns = lattices[0], lattices[1]
    outlined = page is not None
    box = _extent(labels != ground) if outlined else ((0, labels.shape[0]), (0, labels.shape[1]))
    cells = Cells(rows.spans(*box[0]), columns.spans(*box[1]))
    if min(len(cells.rows), len(cells.columns)) < 2:
        return None
    judged, without, street = _judged(inner, labels, cells, ground)
    if judged is None:
        return None
    shown = judged.labels
    try:
        dies, bins, bounded = results(inner, shown, ground if outlined else None, options, where)
    except FormatError:
        return None
    remarks = _doubts((rows, columns), judged, page, SURE_EXACT if levels.exact else _SURE)
    dies[without[shown]] = OFF_WAFER
    if street is not None and street != ground and (dies[shown == street] != OFF_WAFER).any():
        if _enclosed(shown == street, dies != OFF_WAFER):
            remarks += ("Lines between the dies have the colour of some dies: these may be places without a die.",)
        else:
            dies[shown == street] = OFF_WAFER
    if not (dies != OFF_WAFER).any():
        return None
    if outlined:
        (top, bottom), (left, right) = _extent(dies != OFF_WAFER)
        dies = dies[top:bottom, left:right]
        bins = None if bins is None else bins[top:bottom, left:right]
    return Reading(dies, bins, remarks + _shape_doubts(dies, bounded), min(rows.pitch, columns.pitch))


def _judged(
    levels: Levels, labels: NDArray[np.uint8], cells: Cells, ground: int
) -> tuple[Judged | None, NDArray[np.bool_], int | None]:
    """What the cells show, None where that is not what the picture shows; which values are no dies; that of streets."""
    without = np.zeros(len(levels), dtype=bool)
    judged = judge(labels, cells, ground, without)
    for _ in range(2):
        more = judged.drawn_around() & ~without
        if not more.any():
            break
        without |= more
        judged = judge(labels, cells, ground, without)
    street = _street(cells, labels)
    if street is not None and (_middle(judged.labels) == street).mean() > _STREET_DIES:
        street = None
    share = levels.counts / max(int(levels.counts.sum()), 1)
    told = without | (judged.kept >= _KEPT) | (share < _FEW_PIXELS)
    told[[ground, ground if street is None else street]] = True
    return (judged if judged.agreement >= _LEAST and told.all() else None), without, street


def _lattice(changes: NDArray[np.intp], exact: bool) -> Lattice | None:
    return find_lattice(changes) or (None if exact else find_lattice(changes, SMOOTHED))


def results(
    levels: Levels, shown: NDArray[np.uint8], around: int | None, options: ReadOptions, where: str
) -> tuple[Dies, NDArray[np.uint16] | None, bool]:
    """Judge cells by what they show, and not by pixels: what lies between and beside dies means nothing.

    Args:
        levels: the picture's values.
        shown: (rows, columns) the value of each cell.
        around: the value around the map, None where the cells fill the picture.
        options: the caller's.
        where: what to call the picture in errors.

    Returns:
        uint8 (rows, columns) results, (rows, columns) bins or None, and whether cells show where the wafer ends.

    Raises:
        FormatError: the cells show one value.
    """
    framed = shown if around is None else np.pad(shown, 1, constant_values=around)
    part, _ = renumbered(levels, framed)
    meaning = meanings(part, options, where)
    inside = slice(None) if around is None else slice(1, -1)
    dies = meaning.dies(part.labels)[inside, inside]
    bins = None if meaning.bins is None else meaning.bins[part.labels][inside, inside]
    return dies, bins, meaning.off_outside_disc is None


def renumbered(levels: Levels, labels: NDArray[np.uint8]) -> tuple[Levels, NDArray[np.uint8]]:
    """The values that a part of a picture, or its cells, show.

    Args:
        levels: the picture's values.
        labels: (H, W) the part, in the picture's values.

    Returns:
        The values that occur, numbered anew, and (K,) the new number of each old one.
    """
    counts = np.bincount(labels.ravel(), minlength=len(levels))
    present = np.flatnonzero(counts)
    number = np.zeros(len(levels), dtype=np.uint8)
    number[present] = np.arange(len(present))
    numbers = None if levels.numbers is None else tuple(levels.numbers[value] for value in present)
    part = replace(
        levels, labels=number[labels], colors=levels.colors[present], counts=counts[present], numbers=numbers
    )
    return part, number


def _extent(used: NDArray[np.bool_]) -> tuple[tuple[int, int], tuple[int, int]]:
    rows, columns = np.flatnonzero(used.any(axis=1)), np.flatnonzero(used.any(axis=0))
    return (int(rows[0]), int(rows[-1]) + 1), (int(columns[0]), int(columns[-1]) + 1)


def _street(cells: Cells, labels: NDArray[np.uint8]) -> int | None:
    """The value that shows between dies, None where they touch or nothing shows most."""
    counts = between(cells, labels, 0) + between(cells, labels, 1)
    value = int(np.argmax(counts))
    return value if counts.sum() and counts[value] >= _GAP_SHARE * counts.sum() else None


def _middle(shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows, columns = shown.shape[0] // 4, shown.shape[1] // 4
    return shown[rows : shown.shape[0] - rows, columns : shown.shape[1] - columns]


def _enclosed(street: NDArray[np.bool_], on_wafer: NDArray[np.bool_]) -> bool:
    """Whether a cell that looks like a street lies between dies both ways."""
    dies = on_wafer & ~street
    between_both = street.copy()
    for axis in (0, 1):
        before = np.logical_or.accumulate(dies, axis=axis)
        after = np.flip(np.logical_or.accumulate(np.flip(dies, axis), axis=axis), axis)
        between_both &= before & after
    return bool(between_both.any())


def _doubts(lattices: tuple[Lattice, Lattice], judged: Judged, page: Page | None, sure: float) -> tuple[str, ...]:
    remarks: list[str] = []
    if page is not None and page.marks:
        marks = "1 mark" if page.marks == 1 else f"{page.marks} marks"
        remarks.append(f"The picture shows {marks} beside the map, such as title, legend or axes: left out.")
    if judged.agreement < sure:
        remarks.append(f"Only {judged.agreement:.1%} of the pixels on the wafer agree with the dies read from them.")
    if min(lattice.explained for lattice in lattices) < _GATHERED:
        remarks.append("Not all changes of the picture lie on the grid of dies read from it.")
    return tuple(remarks)


def _shape_doubts(dies: Dies, outlined: bool) -> tuple[str, ...]:
    if not outlined:
        size = f"{dies.shape[0]} x {dies.shape[1]}"
        return (f"The picture shows no outline of the wafer: its {size} dies are told from those that fail.",)
    disc, on_wafer = inscribed_disc(dies.shape), dies != OFF_WAFER
    if on_wafer.all() or np.count_nonzero(on_wafer & disc) >= _ROUND * np.count_nonzero(disc):
        return ()
    return (f"The {dies.shape[0]} x {dies.shape[1]} dies read from the picture do not fill a round wafer.",)
