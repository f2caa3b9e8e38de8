"""Pictures of continuous tone: parted by a threshold, each pixel one cell, off outside of the inscribed disc."""

import cv2
import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError
from data.formats.image_fit import Reading
from data.formats.image_lattice import looks_drawn
from data.formats.image_meaning import inscribed_disc
from data.formats.image_page import REMEDY, find_map
from data.formats.image_values import LARGE, Picture
from data.formats.options import ReadOptions
from data.wafer import FAIL, MAX_GRID, OFF_WAFER, PASS

_STEPS = 256
_SMALL = 100
_COARSE_STEPS = 8
_JUMP = 16
_PAGE_BORDER, _PAGE_MARKS = 0.98, 3
_LUMINANCE = (0.299, 0.587, 0.114)


def read_tone(picture: Picture, options: ReadOptions, where: str) -> Reading:
    """Judge each pixel of a picture by its brightness.

    Args:
        picture: decoded.
        options: `threshold` as a share of the picture's range (None: Otsu's), `failing_tone`.
        where: what to call the picture in errors.

    Returns:
        Dies as many as pixels: 0 outside of the disc and where the picture is see-through, 1 pass, 2 fail.

    Raises:
        FormatError: more than 4096 pixels a side, or a page around the map, unless the caller's threshold says that
            this is meant.
    """
    height, width = picture.pixels.shape[:2]
    if max(height, width) > MAX_GRID:
        raise FormatError(
            where,
            f"a picture of continuous tone has at most {MAX_GRID} pixels a side, found {height} x {width}",
            "Shrink it.",
        )
    tone, on_wafer = _brightness(picture), inscribed_disc((height, width))
    if picture.in_color:
        on_wafer &= picture.pixels[..., 3] >= _STEPS // 2
    threshold = options.threshold if options.threshold is not None else otsu(tone[on_wafer])
    failing = tone > threshold if options.failing_tone == "bright" else tone <= threshold
    dies = np.where(on_wafer, np.where(failing, FAIL, PASS), OFF_WAFER).astype(np.uint8)
    return Reading(dies, remarks=() if options.threshold is not None else _doubts(picture, tone, where))


def _doubts(picture: Picture, tone: NDArray[np.float64], where: str) -> tuple[str, ...]:
    """Return what makes a picture look like a drawing of dies; refuse marks on a page around it."""
    height, width = tone.shape
    # cameras and testers store grey as it is; what has colours or was compressed may have been drawn of larger dies
    unsure = picture.in_color or picture.palette is not None or picture.lossy
    told = (f"The picture has no few values: each of its {height} x {width} pixels is taken for a die.",)
    if max(height, width) <= _SMALL or height * width > LARGE:
        return told if unsure else ()
    border = np.concatenate([picture.pixels[edge] for edge in (0, -1, np.s_[:, 0], np.s_[:, -1])])
    if (border == border[0]).reshape(len(border), -1).all(axis=1).mean() >= _PAGE_BORDER:
        page = find_map((tone * (_COARSE_STEPS - 1e-9)).astype(np.uint8))
        if page is not None and page.marks >= _PAGE_MARKS:
            found = f"the picture shows a page with {page.marks} marks beside the map, and the map shows no dies"
            raise FormatError(where, found, REMEDY)
    levels = (tone * (_STEPS - 1)).astype(np.uint8)
    down, across = cv2.absdiff(levels[1:], levels[:-1]) >= _JUMP, cv2.absdiff(levels[:, 1:], levels[:, :-1]) >= _JUMP
    if not any(looks_drawn(np.count_nonzero(jumps, axis=1 - axis)) for axis, jumps in enumerate((down, across))):
        return told if unsure else ()
    return (
        f"The picture looks drawn of dies that cannot be told apart: each of {height} x {width} pixels is one here.",
    )


def otsu(tone: NDArray[np.float64]) -> float:
    """Find the threshold that parts values 0 to 1 into the two tightest groups (Otsu 1979).

    Example:
        >>> 0.2 < otsu(np.array([0.1, 0.15, 0.2, 0.8, 0.9])) < 0.8
        True
    """
    counts, edges = np.histogram(tone, bins=_STEPS)
    below = np.cumsum(counts)[:-1]
    weighted = np.cumsum(counts * (np.arange(_STEPS) + 0.5))
    above = counts.sum() - below
    apart = weighted[:-1] / np.maximum(below, 1) - (weighted[-1] - weighted[:-1]) / np.maximum(above, 1)
    between = below * above * apart**2
    best = np.flatnonzero(
        between == between.max()
    )  # empty steps between two groups are equally good: take their middle
    return float(edges[round(best.mean()) + 1])


def _brightness(picture: Picture) -> NDArray[np.float64]:
    if not picture.in_color and picture.palette is None:
        return np.asarray(picture.pixels, dtype=np.float64) / picture.full_scale
    return np.asarray(picture.colors()[..., :3] @ np.array(_LUMINANCE) / 255)
