"""Where the map lies in a picture: apart from title, legend, axes, colour bar and an outline drawn around it.

What is not the colour of the page falls into pieces, streets between dies bridged. The largest is the map when it is
as filled as a disc is; a frame of straight lines around it is peeled off first. All other pieces are marks.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

REMEDY = "Cut out the map alone, or import the table of dies that it was drawn from."
Labels = NDArray[np.uint8]
_BORDER_SHARE = 0.6
_BRIDGE = 5
_FILLED = 0.55
_LEAST_SIDE = 0.15
_LINE, _LINE_ZONE, _LINE_PX = 0.8, 0.2, 4
_EDGE = 2
_AROUND = 1.05
_LEAST_MARK = 3


@dataclass(frozen=True, eq=False)
class Page:
    """The map of a picture, cut out with a margin of the page's colour.

    Args:
        labels: (H, W) of the map alone.
        page: the value of the page around it.
        marks: how many pieces beside the map were left out; a frame and what it holds of ticks counts as one.
    """

    labels: Labels
    page: int
    marks: int


def find_map(labels: Labels) -> Page | None:
    """Find the map of a picture, None where its sides do not show a page or nothing on it is filled as a wafer is.

    Args:
        labels: (H, W) which value each pixel has.
    """
    found = _cut_out(labels)
    if found is None:
        return None
    inside, mark_count, page = found
    framed = _inside_frame(inside != page)
    if framed is None:
        return Page(np.pad(inside, _EDGE, constant_values=page), page, mark_count)
    inner = inside[framed]
    again = _cut_out(inner)
    if again is None:
        return None
    return Page(np.pad(again[0], _EDGE, constant_values=again[2]), again[2], mark_count + again[1] + 1)


def page_color(labels: Labels) -> int | None:
    """The value that most of a picture's border shows, None where no value shows on most of it."""
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    counts = np.bincount(border)
    value = int(np.argmax(counts))
    return value if counts[value] >= _BORDER_SHARE * len(border) else None


def _cut_out(labels: Labels) -> tuple[Labels, int, int] | None:
    """The box of the largest piece with all other pieces wiped out, how many these were, and the page's value."""
    page = page_color(labels)
    if page is None:
        return None
    marked = (labels != page).astype(np.uint8)
    bridged = cv2.morphologyEx(marked, cv2.MORPH_CLOSE, np.ones((_BRIDGE, _BRIDGE), np.uint8))
    count, piece_of, boxes, centers = cv2.connectedComponentsWithStats(bridged, connectivity=8)
    if count < 2:
        return None
    main = 1 + int(np.argmax(boxes[1:, cv2.CC_STAT_AREA]))
    left, top, width, height, area = (int(number) for number in boxes[main])
    if area < _FILLED * width * height and not _is_frame(boxes[main], labels.shape):
        return None
    if min(width / labels.shape[1], height / labels.shape[0]) < _LEAST_SIDE:
        return None
    middle = np.array([left + (width - 1) / 2, top + (height - 1) / 2])
    away = np.hypot(*((centers - middle) / (width / 2, height / 2)).T)
    beyond = (boxes[:, 0] < left) | (boxes[:, 1] < top)
    beyond |= (boxes[:, 0] + boxes[:, 2] > left + width) | (boxes[:, 1] + boxes[:, 3] > top + height)
    stray = beyond | (away > _AROUND)
    stray[[0, main]] = False
    inside = labels[top : top + height, left : left + width].copy()
    if stray.any():
        inside[stray[piece_of[top : top + height, left : left + width]]] = page
    marks = np.count_nonzero(stray & (boxes[:, cv2.CC_STAT_AREA] >= _LEAST_MARK))
    return inside, int(marks), page


def _is_frame(box: NDArray[np.int32], shape: tuple[int, ...]) -> bool:
    """A frame may hold a map smaller than itself."""
    return bool(box[2] >= shape[1] / 3 and box[3] >= shape[0] / 3)


def _inside_frame(marked: NDArray[np.bool_]) -> tuple[slice, slice] | None:
    """What lies inside the straight lines along the sides; None with fewer than two lines."""
    sides = [_line(marked.mean(axis=1)), _line(marked.mean(axis=1)[::-1])]
    sides += [_line(marked.mean(axis=0)), _line(marked.mean(axis=0)[::-1])]
    if sum(depth > 0 for depth in sides) < 2:
        return None
    height, width = marked.shape
    top, bottom, left, right = sides
    return slice(top, height - bottom), slice(left, width - right)


def _line(share: NDArray[np.float64]) -> int:
    """How deep a straight line near the start lies, with the smoothed pixel beside it; 0 where there is none."""
    zone = share[: max(2, int(_LINE_ZONE * len(share)))]
    along = np.flatnonzero(zone >= _LINE)
    if not len(along):
        return 0
    end = int(along[0])
    while end < len(share) and share[end] >= _LINE:
        end += 1
    return end + 1 if end - along[0] <= _LINE_PX else 0
