"""Which way up a wafer is: every wafer that is read is turned so that its notch points down.

Files of one product come from probers, inspectors and hosts that each have their own habit. What a file declares is
honoured; what it does not say, or says wrongly, a rule of the product tells.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from data.errors import SettingError
from data.turning import symmetry
from data.wafer import Notch, WaferMap

DIE_AXES = "die_axes"
CLOCKWISE = (Notch.DOWN, Notch.LEFT, Notch.UP, Notch.RIGHT)
_DIRECTIONS = ("right", "down", "left", "up")


class Corner(StrEnum):
    """Corner of the map, seen as it lies, at which a file starts to count rows and columns."""

    UPPER_LEFT = "upper left"
    UPPER_RIGHT = "upper right"
    LOWER_LEFT = "lower left"
    LOWER_RIGHT = "lower right"

    @property
    def x_right(self) -> bool:
        """Whether columns are counted to the right."""
        return "left" in self.value

    @property
    def y_down(self) -> bool:
        """Whether rows are counted downwards."""
        return "upper" in self.value


@dataclass(frozen=True)
class OrientationRule:
    """How the files of a product lie, beyond what they say themselves.

    The origin holds where a file does not declare its axes. Mirror, then rotate, put right what a file declares
    wrongly: they turn the dies below a notch that stays down.

    Args:
        origin: corner at which rows and columns start.
        mirror: swap left and right, as for a wafer seen from its back.
        rotate: degrees clockwise, a multiple of 90.

    Raises:
        SettingError: the angle is another one, or the corner does not exist.
    """

    origin: Corner = Corner.UPPER_LEFT
    mirror: bool = False
    rotate: int = 0

    def __post_init__(self) -> None:
        """Refuse angles that no grid can be turned by."""
        if self.rotate not in (0, 90, 180, 270) or isinstance(self.rotate, bool):
            raise SettingError(
                "orientation rule", f"expected 0, 90, 180 or 270 degrees, found {self.rotate!r}", "Choose."
            )
        if self.origin not in set(Corner) or not isinstance(self.mirror, bool):
            raise SettingError(
                "orientation rule", f"expected a corner, found {self.origin!r}", "Choose one of the four."
            )


def oriented(wafer: WaferMap, rule: OrientationRule, *, axes_declared: bool) -> WaferMap:
    """Turn a wafer as read so that its notch points down and its product's rule is kept.

    Args:
        wafer: as the file holds it: first row on top, first column on the left.
        rule: of its product.
        axes_declared: the file said which way its rows and columns count, and the reader kept to it.

    Example:
        >>> wafer = WaferMap(dies=np.array([[1, 2]], dtype=np.uint8), lot_id="L", wafer_id="W", notch=Notch.LEFT)
        >>> turned = oriented(wafer, OrientationRule(), axes_declared=False)
        >>> turned.dies.tolist(), str(turned.notch)
        ([[2], [1]], 'down')
    """
    if not axes_declared:
        wafer = _applied(wafer, mirrored=not rule.origin.x_right, quarters=0)
        if not rule.origin.y_down:
            wafer = _applied(wafer, mirrored=True, quarters=2)
    wafer = _applied(wafer, mirrored=False, quarters=-CLOCKWISE.index(wafer.notch))
    wafer = _applied(wafer, mirrored=rule.mirror, quarters=rule.rotate // 90)
    return wafer if wafer.notch == Notch.DOWN else replace(wafer, notch=Notch.DOWN)


def _applied(wafer: WaferMap, *, mirrored: bool, quarters: int) -> WaferMap:
    """Swap left and right, then turn clockwise; the notch stays as declared, since callers set it last."""
    quarters %= 4
    if not mirrored and not quarters:
        return wafer
    k = (4 + quarters) if mirrored else -quarters % 4
    pitch = wafer.die_pitch_mm
    return replace(
        wafer,
        dies=symmetry(wafer.dies, k),
        bins=None if wafer.bins is None else symmetry(wafer.bins, k),
        die_pitch_mm=(pitch[1], pitch[0]) if pitch and quarters % 2 else pitch,
        center=None if wafer.center is None else _turned_point(wafer.center, wafer.dies.shape, mirrored, quarters),
        attributes=_turned_axes(wafer, mirrored, quarters),
    )


def _turned_point(
    point: tuple[float, float], shape: tuple[int, ...], mirrored: bool, quarters: int
) -> tuple[float, float]:
    (row, column), (height, width) = point, shape
    if mirrored:
        column = width - 1 - column
    for _ in range(quarters):
        row, column, height, width = column, height - 1 - row, width, height
    return row, column


def axes_text(x: str, y: str, first: tuple[int, int]) -> str:
    """Return where a file's die coordinates run on the grid, for the attribute `die_axes`.

    Args:
        x: direction of rising x: right, down, left or up.
        y: direction of rising y.
        first: (x, y) of the die at row 0, column 0.

    Example:
        >>> axes_text("right", "up", (-3, 12))
        'x right, y up, (-3, 12) at row 0, column 0'
    """
    return f"x {x}, y {y}, ({first[0]}, {first[1]}) at row 0, column 0"


def die_coordinates(wafer: WaferMap) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return x and y of every die as its file names them, int (H, W) each; None where no coordinates are known.

    Example:
        >>> wafer = WaferMap(dies=np.ones((2, 2), dtype=np.uint8), lot_id="L", wafer_id="W",
        ...                  attributes={"die_axes": axes_text("right", "up", (5, 9))})
        >>> [axis.tolist() for axis in die_coordinates(wafer)]
        [[[5, 6], [5, 6]], [[9, 9], [8, 8]]]
    """
    parsed = _parse_axes(wafer)
    if parsed is None:
        return None
    rows, columns = np.indices(wafer.dies.shape)
    along = {"right": columns, "left": -columns, "down": rows, "up": -rows}
    x, y, first = parsed
    return np.asarray(along[x] + first[0], dtype=np.int64), np.asarray(along[y] + first[1], dtype=np.int64)


def axis_directions(wafer: WaferMap) -> tuple[str, str]:
    """Return which way x and y of a wafer's dies run on its grid; right and down where its file names no dies."""
    parsed = _parse_axes(wafer)
    return (parsed[0], parsed[1]) if parsed else ("right", "down")


def _parse_axes(wafer: WaferMap) -> tuple[str, str, tuple[int, int]] | None:
    words = wafer.attributes.get(DIE_AXES, "").replace(",", " ").replace("(", " ").replace(")", " ").split()
    try:
        x, y, first = words[1], words[3], (int(words[4]), int(words[5]))
    except (IndexError, ValueError):
        return None
    return (x, y, first) if {x, y} <= set(_DIRECTIONS) else None


def _turned_axes(wafer: WaferMap, mirrored: bool, quarters: int) -> dict[str, str]:
    """Let the coordinates go with the dies: their directions turn, and another die comes to row 0, column 0."""
    attributes = dict(wafer.attributes)
    parsed, named = _parse_axes(wafer), die_coordinates(wafer)
    if parsed is None or named is None:
        return attributes
    k = (4 + quarters) if mirrored else -quarters % 4
    swap = {"right": "left", "left": "right"} if mirrored else {}
    x, y = (_DIRECTIONS[(_DIRECTIONS.index(swap.get(way, way)) + quarters) % 4] for way in parsed[:2])
    first = (int(symmetry(named[0], k)[0, 0]), int(symmetry(named[1], k)[0, 0]))
    return attributes | {DIE_AXES: axes_text(x, y, first)}
