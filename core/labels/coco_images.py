"""Images of COCO files: which wafer one shows, and where that wafer's dies lie on it."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from core.drawing.export_sheet import margin_px, overlay_sheet
from data.errors import FormatError
from data.wafer import WaferMap

SIDE_PX = 300
"""Longest side of an image that labels go out with, about; a die is a whole number of pixels."""

SHOWN = 60
"""Most characters of a file that a sentence repeats."""
_PREFIX = re.compile(r"[0-9a-f]{8}-")
_PARTS = "_- ."


@dataclass(frozen=True)
class Frame:
    """Where the dies lie on an image, in pixels, rows first.

    Args:
        size: height and width of the image.
        corner: top and left of die (0, 0).
        cell: height and width of a die.
    """

    size: tuple[float, float]
    corner: tuple[float, float]
    cell: tuple[float, float]

    def middles(self, dies: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return y and x of the middles of dies, float (n, 2), for dies (n, 2) of row and column."""
        middles: NDArray[np.float64] = np.asarray(self.corner) + (dies + 0.5) * np.asarray(self.cell)
        return middles


def cell_px(shape: tuple[int, ...]) -> int:
    """Pixels a side of a die."""
    return max(1, SIDE_PX // max(shape))


def frame_of(size: tuple[float, float], wafer: WaferMap) -> Frame:
    """Find where a wafer's dies lie on an image by the image's size.

    An image of the size of the wafer's overlay picture is that picture, with its margin around the dies. Any other is
    the die grid from edge to edge.

    Args:
        size: height and width of the image in pixels.
        wafer: that it shows.
    """
    rows, columns = wafer.dies.shape
    sheet, cell = overlay_sheet(wafer), cell_px(wafer.dies.shape)
    as_drawn, as_labelled = np.array_equal(size, sheet.size), np.array_equal(size, (rows * cell, columns * cell))
    if as_drawn and not as_labelled:
        return Frame(size, margin_px(sheet), sheet.cell)
    return Frame(size, (0.0, 0.0), (size[0] / rows, size[1] / columns))


def shown(value: object) -> str:
    """Write what a file holds as it stands there, cut where it is long.

    Example:
        >>> shown("a b"), shown(None), shown([1.5, "x"]), len(shown([7] * 100))
        ('"a b"', 'nothing', '[1.5, "x"]', 60)
    """
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def size_of(image: Mapping[str, Any]) -> tuple[float, float] | None:
    """Read height and width of an image, None where the file leaves both open.

    Raises:
        FormatError: one of them is no positive number.
    """
    said = image.get("height"), image.get("width")
    if said[0] in (None, 0, "") and said[1] in (None, 0, ""):
        return None
    try:
        height, width = float(image["height"]), float(image["width"])
    except (KeyError, TypeError, ValueError):
        height = width = math.nan
    if not (math.isfinite(height) and math.isfinite(width) and min(height, width) > 0):
        problem = f"width and height are positive numbers, found {shown(said[1])} and {shown(said[0])}"
        raise FormatError("image", problem, "Export it with its size")
    return height, width


def possible_keys(image: Mapping[str, Any]) -> list[str]:
    """List the keys of wafers that an image may show, the likeliest first.

    Its `lot_id` and `wafer_id` say it; else its file name does, LOT_WAFER or LOT/WAFER, without the folders, the
    backslashes and the eight digits that labelling tools put before it.

    Example:
        >>> "LOT1:W05" in possible_keys({"file_name": "images/1/90fbb0c7-LOT1_W05.png"})
        True
    """
    if image.get("lot_id") is not None and image.get("wafer_id") is not None:
        return [f"{image['lot_id']}:{image['wafer_id']}"]
    folder, stem = file_stem(image)
    keys: list[str] = []
    for name in (stem, stem[9:]) if _PREFIX.match(stem) else (stem,):
        cuts = sorted((at for at, letter in enumerate(name) if letter in _PARTS), key=lambda at: (name[at] != "_", -at))
        keys += [f"{name[:at]}:{name[at + 1 :]}" for at in cuts if 0 < at < len(name) - 1]
        keys += [f"{folder}:{name}"] if folder and name else []
    return list(dict.fromkeys(keys))


def file_stem(image: Mapping[str, Any]) -> tuple[str, str]:
    r"""Return the last folder and the name without its ending of an image's file.

    Example:
        >>> file_stem({"file_name": "data\\LOT1\\W05.png"}), file_stem({"file_name": "/data/a%20b.png?d=1"})
        (('LOT1', 'W05'), ('data', 'a b'))
    """
    path = str(image.get("file_name") or "").replace("\\", "/").partition("?")[0]
    folders, _, name = unquote(path).rpartition("/")
    return folders.rpartition("/")[2], name.rpartition(".")[0] or name


def stems(image: Mapping[str, Any]) -> list[str]:
    """List the names of its file, as it stands and without the eight digits of a labelling tool."""
    stem = file_stem(image)[1]
    return [stem, stem[9:]] if _PREFIX.match(stem) else [stem]
