"""A wafer with its notch named and arrows along which its coordinates run: what a person checks before saving."""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.drawing.palette import GREYS, Theme, rgb
from core.drawing.sheet import cell_aspect, rim_in_dies
from core.drawing.wafer import draw_wafer, png_bytes
from data.orientation import axis_directions
from data.wafer import WaferMap

MARGIN_PX = 26
_STEP = {"right": (1, 0), "left": (-1, 0), "down": (0, 1), "up": (0, -1)}
_FONT, _TEXT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.5


def axes_png(wafer: WaferMap, theme: Theme | str = Theme.LIGHT, side_px: int = 220) -> bytes:
    """Draw passing and failing dies with notch and axes, about `side_px` pixels a side without the margin.

    The arrows start at the corner from which the file counts its dies, or at the upper left where it names none.

    Args:
        wafer: as it would be saved, notch down.
        theme: light or dark.
        side_px: of the wafer.

    Returns:
        PNG bytes, transparent off the wafer.
    """
    axes = rim_in_dies(wafer)
    cell_px = max(1, round(side_px / (2 * max(axes[0] * cell_aspect(wafer), axes[1]))))
    drawn = draw_wafer(wafer, theme=theme, cell_px=cell_px)
    if max(drawn.shape) > 2 * side_px:  # more dies than pixels
        share = side_px / max(drawn.shape)
        drawn = cv2.resize(drawn, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    image = np.pad(drawn, ((MARGIN_PX, MARGIN_PX), (MARGIN_PX, MARGIN_PX), (0, 0)))
    color = (*rgb(GREYS[Theme(theme)].failing), 255)
    height, width = image.shape[:2]
    _write(image, "notch", (width // 2 - 20, height - 8), color)
    x, y = axis_directions(wafer)
    steps = (_STEP[x], _STEP[y])
    # Both arrows point away from one corner, each along its own side of the picture.
    corner = np.array([MARGIN_PX // 2, MARGIN_PX // 2])
    if (-1, 0) in steps:
        corner[0] = width - MARGIN_PX // 2
    if (0, -1) in steps:
        corner[1] = height - MARGIN_PX // 2
    length = min(height, width) // 4
    for name, step in zip("xy", steps, strict=True):
        tip = corner + length * np.array(step)
        cv2.arrowedLine(image, _point(corner), _point(tip), color, 2, cv2.LINE_AA, tipLength=0.12)
        _write(image, name, _point(tip + 12 * np.array(step) + (-4, 4)), color)
    return png_bytes(image)


def _point(place: NDArray[np.int64]) -> tuple[int, int]:
    return int(place[0]), int(place[1])


def _write(image: NDArray[np.uint8], text: str, place: tuple[int, int], color: tuple[int, ...]) -> None:
    cv2.putText(image, text, place, _FONT, _TEXT_SCALE, color, 1, cv2.LINE_AA)
