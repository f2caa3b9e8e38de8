"""Masks of COCO annotations laid on a wafer: outlines, run lengths, or a box where there is nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from core.labels.coco_images import Frame, frame_of, shown
from data.errors import FormatError
from data.wafer import WaferMap

Size = tuple[float, float]
_REDRAW = "Draw it anew, or delete it"


def failing_dies_within(
    annotation: Mapping[str, Any], size: Size | None, wafer: WaferMap
) -> tuple[NDArray[np.intp], bool]:
    """Find the failing dies whose middles an annotation holds.

    Args:
        annotation: with `segmentation`, or with `bbox` alone.
        size: height and width of its image, None where the file leaves them open.
        wafer: that the image shows.

    Returns:
        Dies int (n, 2) by rows, and whether only a box told them.

    Raises:
        FormatError: there is neither outline nor box, it is malformed, or the size of the image is needed and not said.
    """
    dies = np.argwhere(wafer.failing)
    segmentation = annotation.get("segmentation")
    if isinstance(segmentation, Mapping):
        mask = _read_run_lengths(segmentation)
        own = float(mask.shape[0]), float(mask.shape[1])
        frame = frame_of(size or own, wafer)
        places = np.floor(frame.middles(dies) * np.array(own) / np.array(frame.size)).astype(np.intp)
        there = ((places >= 0) & (places < mask.shape)).all(axis=1)
        inside = there & mask[tuple(np.where(there[:, None], places, 0).T)]
        return dies[inside], False
    areas = _areas(segmentation)
    if areas:
        y, x = _frame(size, wafer).middles(dies).T
        inside = np.logical_or.reduce([shapely.contains_xy(area, x, y) for area in areas])
        return dies[np.broadcast_to(inside, len(dies))], False
    left, top, width, height = _box(annotation.get("bbox"))
    y, x = _frame(size, wafer).middles(dies).T
    return dies[(x > left) & (x < left + width) & (y > top) & (y < top + height)], True


def _frame(size: Size | None, wafer: WaferMap) -> Frame:
    if size is None:
        problem = "the file does not say how wide and high it is, so nobody knows which dies lie in the outline"
        raise FormatError("image", problem, "Export it with width and height")
    return frame_of(size, wafer)


def _areas(segmentation: object) -> list[shapely.Polygon]:
    if segmentation is None:
        return []
    if isinstance(segmentation, str) or not isinstance(segmentation, Sequence):
        raise FormatError("outline", f"expected a list of points or run lengths, found {shown(segmentation)}", _REDRAW)
    flat = bool(segmentation) and all(isinstance(one, int | float) for one in segmentation)
    areas = [_area(ring) for ring in ([segmentation] if flat else segmentation) if ring != []]
    if not all(area.is_valid for area in areas):
        raise FormatError("outline", "it crosses itself", "Draw it so that no side crosses another")
    return areas


def _area(ring: object) -> shapely.Polygon:
    try:
        numbers = np.asarray(ring, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        numbers = np.zeros(0)
    if len(numbers) < 6 or len(numbers) % 2 or not np.isfinite(numbers).all():
        raise FormatError("outline", f"expected three points or more, x and y each, found {shown(ring)}", _REDRAW)
    return shapely.Polygon(numbers.reshape(-1, 2))


def _box(box: object) -> tuple[float, float, float, float]:
    if box is None or box == []:
        raise FormatError("outline", "it has neither an outline nor a box", _REDRAW)
    try:
        numbers = np.asarray(box, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        numbers = np.zeros(0)
    if len(numbers) != 4 or not np.isfinite(numbers).all() or min(numbers[2:]) <= 0:
        raise FormatError("box", f"expected left, top, width and height, found {shown(box)}", _REDRAW)
    left, top, width, height = numbers.tolist()
    return left, top, width, height


def _read_run_lengths(found: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Bool (height, width) of COCO run lengths, plain or compressed."""
    try:
        height, width = (int(side) for side in found["size"])
        counts = found["counts"]
        lengths = _uncompressed(counts) if isinstance(counts, str) else [int(n) for n in counts]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        problem = "expected a size of two whole numbers and the counts of pixels"
        raise FormatError("run lengths", problem, "Export them anew") from error
    if min(lengths, default=0) < 0 or min(height, width) < 1 or sum(lengths) != height * width:
        raise FormatError("run lengths", f"they add up to {sum(lengths)}, not {height * width}", "Export them anew")
    values = np.arange(len(lengths)) % 2 == 1
    return np.repeat(values, lengths).reshape((height, width), order="F")


def _uncompressed(text: str) -> list[int]:
    """Lengths of COCO's compressed run lengths: five bits of digits a letter, differences from the third on."""
    lengths: list[int] = []
    value = shift = 0
    for letter in text.encode("ascii"):
        digits = letter - 48
        value |= (digits & 31) << shift
        shift += 5
        if not digits & 32:
            if digits & 16:
                value -= 1 << shift
            lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
            value = shift = 0
    return lengths
