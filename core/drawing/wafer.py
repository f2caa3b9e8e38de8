"""Die-exact pictures of wafers: dies as crisp cells, coloured by pattern, on a disc with rim and notch.

Dies are to scale where the file says how large they are; where not, they have the shape with which they fill a round
wafer. A die that belongs to
several patterns shows all their colours as diagonal bands.
"""

from collections.abc import Collection
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from core.drawing.palette import GREYS, Palette, Theme, class_colors, heat_ramp, rgb
from core.drawing.sheet import Sheet, cell_aspect, lay_out, notch_px, rim_in_dies, rim_px
from data.classes import CLASS_INDEX, CLASS_KEYS
from data.errors import WaferValueError
from data.geometry import extent
from data.wafer import FAIL, PASS, Notch, WaferMap

if TYPE_CHECKING:
    from core.segmentation import Segmentation

GAP_FROM_PX = 6  # cells this large are parted by one pixel of disc


def draw_wafer(
    wafer: WaferMap,
    segmentation: "Segmentation | None" = None,
    classes: Collection[str] | None = None,
    palette: Palette | str = Palette.STANDARD,
    theme: Theme | str = Theme.LIGHT,
    cell_px: int = 8,
    heat: str | None = None,
) -> NDArray[np.uint8]:
    """Draw a wafer with its defects.

    Args:
        wafer: what was tested.
        segmentation: which dies belong to which class, None to show passing and failing dies alone.
        classes: keys of the classes to show, None for all.
        palette: the standard or the colour-blind-safe colours.
        theme: light or dark.
        cell_px: width of a die in pixels, as far as the picture stays within bounds.
        heat: key of a class: every tested die shows that class's probability instead of the patterns.

    Returns:
        uint8 (height, width, 4) RGBA, transparent off the wafer. `lay_out` says where each die is.

    Raises:
        WaferValueError: `cell_px` is below 1, a class does not exist, or a probability is asked for without a
            segmentation.
    """
    theme = Theme(theme)
    _check_classes(wafer, classes, heat, segmentation)
    sheet = lay_out(wafer, cell_px)
    if heat is not None and segmentation is not None:
        colors = _heat_colors(wafer, segmentation, heat, palette, theme, sheet.cell)
    else:
        colors = _pattern_colors(wafer, segmentation, classes, palette, theme, sheet.cell)
    return draw_cells(colors, sheet, wafer.notch, theme)


def draw_cells(colors: NDArray[np.uint8], sheet: Sheet, notch: Notch, theme: Theme) -> NDArray[np.uint8]:
    """Lay the pixels of the tested extent, RGBA, on the wafer's disc with its rim and notch."""
    greys = GREYS[theme]
    image = np.empty((*sheet.size, 4), dtype=np.uint8)
    image[:] = (*rgb(greys.outline), 0)
    outside = _outside(sheet)
    image[outside < 0] = (*rgb(greys.disc), 255)
    _draw_rim(image, sheet, outside, rgb(greys.outline), notch)
    _paste(image, colors, sheet)
    return image


def thumbnail_png(
    wafer: WaferMap,
    segmentation: "Segmentation | None" = None,
    palette: Palette | str = Palette.STANDARD,
    theme: Theme | str = Theme.LIGHT,
    side_px: int = 96,
) -> bytes:
    """Draw a wafer into the middle of `side_px` x `side_px` pixels, as PNG bytes."""
    axes = rim_in_dies(wafer)
    cell_px = max(1, -(-side_px // round(2 * max(axes[0] * cell_aspect(wafer), axes[1]))))
    return png_bytes(to_scale(draw_wafer(wafer, segmentation, None, palette, theme, cell_px), wafer, cell_px, side_px))


def to_scale(image: NDArray[np.uint8], wafer: WaferMap, cell_px: int, side_px: int) -> NDArray[np.uint8]:
    """Scale a picture of a wafer into the middle of a square, dies as high and wide as they are.

    Args:
        image: (height, width, 4) RGBA, as laid out with `cell_px`.
        wafer: that it shows.
        cell_px: width of a die on it.
        side_px: of the square.
    """
    cell_height = cell_px * cell_aspect(wafer)
    # Cells are whole pixels, so small ones are off scale; the picture need not be.
    height, width = image.shape[0] * cell_height / max(1, round(cell_height)), image.shape[1]
    shrink = side_px / max(height, width)
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    picture = np.zeros((side_px, side_px, 4), dtype=np.uint8)
    top, left = (side_px - size[1]) // 2, (side_px - size[0]) // 2
    picture[top : top + size[1], left : left + size[0]] = small
    return picture


def png_bytes(image: NDArray[np.uint8]) -> bytes:
    """Encode an RGBA picture (height, width, 4) as PNG."""
    encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGBA2BGRA), [cv2.IMWRITE_PNG_COMPRESSION, 6])[1]
    return encoded.tobytes()


def _check_classes(
    wafer: WaferMap, classes: Collection[str] | None, heat: str | None, segmentation: "Segmentation | None"
) -> None:
    unknown = sorted({*(classes or ()), *((heat,) if heat else ())} - set(CLASS_KEYS))
    if unknown:
        raise WaferValueError(wafer.key, f"the classes {unknown} do not exist", f"Use {', '.join(CLASS_KEYS)}.")
    if heat and segmentation is None:
        raise WaferValueError(wafer.key, "an unsegmented wafer has no probabilities", "Segment it first.")


def _tested(wafer: WaferMap) -> tuple[slice, slice]:
    top, bottom, left, right = extent(wafer.dies)
    return slice(top, bottom + 1), slice(left, right + 1)


def _pattern_colors(
    wafer: WaferMap,
    segmentation: "Segmentation | None",
    classes: Collection[str] | None,
    palette: Palette | str,
    theme: Theme,
    cell: tuple[int, int],
) -> NDArray[np.uint8]:
    """Colour every pixel of the tested extent: grey by result, or the band of one of the die's classes."""
    dies = wafer.dies[_tested(wafer)]
    greys = GREYS[theme]
    table = np.zeros((2 + len(CLASS_KEYS) + 1, 4), dtype=np.uint8)
    table[PASS], table[FAIL] = (*rgb(greys.passing), 255), (*rgb(greys.failing), 255)
    table[3:] = [(*rgb(color), 255) for color in class_colors(palette).values()]
    index = np.kron(dies, np.ones(cell, dtype=np.uint8))
    if segmentation is None:
        return np.asarray(table[index])
    shown = [CLASS_INDEX[key] for key in (CLASS_KEYS if classes is None else classes)]
    masks = np.zeros((len(CLASS_KEYS), *dies.shape), dtype=bool)
    masks[shown] = segmentation.masks[(shown, *_tested(wafer))]
    count = masks.sum(axis=0)
    if not count.any():
        return np.asarray(table[index])
    # Stable sort brings a die's classes to the front in the table's order; band b of n shows the b-th of them.
    ranked = np.argsort(~masks, axis=0, kind="stable")
    counts = np.kron(count, np.ones(cell, dtype=np.intp))
    band = (np.tile(_band(cell), dies.shape) * counts).astype(np.intp)
    rows = np.repeat(np.arange(dies.shape[0]), cell[0])[:, None]
    columns = np.repeat(np.arange(dies.shape[1]), cell[1])[None, :]
    index = np.where(counts > 0, 3 + ranked[band, rows, columns], index)
    return np.asarray(table[index])


def _heat_colors(
    wafer: WaferMap,
    segmentation: "Segmentation",
    heat: str,
    palette: Palette | str,
    theme: Theme,
    cell: tuple[int, int],
) -> NDArray[np.uint8]:
    ramp = np.array([(*rgb(color), 255) for color in heat_ramp(class_colors(palette)[heat], theme)], dtype=np.uint8)
    area = _tested(wafer)
    colors = ramp[np.rint(segmentation.probabilities[(CLASS_INDEX[heat], *area)] * 255).astype(np.intp)]
    colors[~wafer.on_wafer[area]] = 0
    return np.kron(colors, np.ones((*cell, 1), dtype=np.uint8))


@lru_cache(maxsize=64)
def _band(cell: tuple[int, int]) -> NDArray[np.float64]:
    """Place of every pixel of a cell along its diagonal, 0 to 1 without either end."""
    rows = (np.arange(cell[0]) + 0.5) / cell[0]
    columns = (np.arange(cell[1]) + 0.5) / cell[1]
    return (rows[:, None] + columns[None, :]) / 2


def _paste(image: NDArray[np.uint8], colors: NDArray[np.uint8], sheet: Sheet) -> None:
    visible = colors[..., 3] > 0
    if min(sheet.cell) >= GAP_FROM_PX:
        visible[sheet.cell[0] - 1 :: sheet.cell[0]] = False
        visible[:, sheet.cell[1] - 1 :: sheet.cell[1]] = False
    top, left = sheet.origin
    image[top : top + colors.shape[0], left : left + colors.shape[1]][visible] = colors[visible]


def _outside(sheet: Sheet) -> NDArray[np.float64]:
    """Distance of every pixel from the rim, in pixels, negative inside."""
    rows = (np.arange(sheet.size[0]) + 0.5 - sheet.center[0]) / sheet.radius[0]
    columns = (np.arange(sheet.size[1]) + 0.5 - sheet.center[1]) / sheet.radius[1]
    return np.asarray((np.hypot(rows[:, None], columns[None, :]) - 1) * (sheet.radius[0] + sheet.radius[1]) / 2)


def _draw_rim(
    image: NDArray[np.uint8], sheet: Sheet, outside: NDArray[np.float64], color: tuple[int, int, int], notch: Notch
) -> None:
    """Draw the outline and, where the notch is, a wedge whose tip touches it: both outside, so no die is covered."""
    width, depth = rim_px(sheet.radius), notch_px(sheet.radius)
    near = np.nonzero((outside >= 0) & (outside < max(width, depth) + 1))  # most pixels are far from either
    beyond_rim = outside[near]
    cover = np.clip(width / 2 + 0.5 - np.abs(beyond_rim - width / 2), 0, 1)
    down, right = near[0] + 0.5 - sheet.center[0], near[1] + 0.5 - sheet.center[1]
    outward, across = {
        Notch.DOWN: (down, right),
        Notch.UP: (-down, right),
        Notch.RIGHT: (right, down),
        Notch.LEFT: (-right, down),
    }[notch]
    beyond = outward - (sheet.radius[0] if notch in (Notch.DOWN, Notch.UP) else sheet.radius[1])
    wedge = np.clip(beyond - np.abs(across) + 0.5, 0, 1) * np.clip(depth - beyond + 0.5, 0, 1)
    cover = np.maximum(cover, wedge)[:, None]
    below = image[near]
    alpha = below[:, 3:] / 255
    total = cover + alpha * (1 - cover)
    mixed = (np.array(color) * cover + below[:, :3] * alpha * (1 - cover)) / np.maximum(total, 1e-9)
    drawn = cover > 0
    image[near] = np.where(drawn, np.rint(np.concatenate([mixed, total * 255], axis=-1)), below).astype(np.uint8)
