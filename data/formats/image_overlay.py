"""Pictures that Waferscope draws for people, read back by what their metadata says of the drawing.

Beside the wafer's own pairs the text chunk `waferscope` holds, as texts:

| name | is |
|---|---|
| `kind` | "overlay"; anything else is no drawing for people |
| `rows`, `columns` | the whole die grid (or `grid_rows`, `grid_columns`) |
| `px_per_die` | "24", or "36 x 24": height x width of a die's cell in pixels |
| `margin` | "23", or "23 x 20": pixels above and left of die (0, 0), below zero where it lies off the picture |
| `size` | "790 x 790": height x width of the picture, so that a resized one is not taken for it; may be absent |
| `passing_color`, `disc_color` | "#rrggbb" of passing dies and of the wafer where no die is; what is neither fails |
| `failing_colors` | "#rrggbb #rrggbb ...": of failing dies; what is none of them is no die. May be absent |
"""

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError
from data.formats.image_fit import Reading
from data.formats.image_values import Picture
from data.wafer import FAIL, MAX_GRID, OFF_WAFER, PASS

_KIND, _OVERLAY = "kind", "overlay"
_TWO = re.compile(r"(-?\d{1,5})(?: ?x ?(-?\d{1,5}))?")
_COUNT = re.compile(r"\d{1,5}")
_COLOR = re.compile(r"#([0-9a-fA-F]{6})")
_MOST_COLORS = 64
_REMEDY = "Export the picture again, or import the wafer from another of its exports."


def read_overlay(picture: Picture, pairs: Mapping[str, str], where: str) -> Reading | None:
    """Read a drawing by its metadata: the middle of each cell tells its die.

    Args:
        picture: decoded, half-transparent colours laid on white.
        pairs: the metadata that Waferscope wrote.
        where: what to call the picture in errors.

    Returns:
        The dies, None where the metadata does not describe a drawing for people.

    Raises:
        FormatError: it describes a drawing that is no map of results, or not this picture.
    """
    kind = pairs.get(_KIND)
    if kind is None:
        return None
    if kind != _OVERLAY:
        raise FormatError(
            where, f"expected a map of passing and failing dies, found a picture of kind '{kind[:40]}'", _REMEDY
        )
    height, width = picture.pixels.shape[:2]
    rows, columns = _number(pairs, "rows", where), _number(pairs, "columns", where)
    cell, margin = _two(pairs, "px_per_die", where), _two(pairs, "margin", where)
    size = _two(pairs, "size", where) if "size" in pairs else (height, width)
    fits = 0 < rows <= MAX_GRID and 0 < columns <= MAX_GRID and min(cell) > 0 and size == (height, width)
    if not fits:
        found = (
            f"its metadata tells of {rows} x {columns} dies of {cell[0]} x {cell[1]} px in a picture of another size"
        )
        raise FormatError(where, found, _REMEDY)
    down = margin[0] + np.arange(rows) * cell[0] + (cell[0] - 1) // 2
    across = margin[1] + np.arange(columns) * cell[1] + (cell[1] - 1) // 2
    inside = ((down >= 0) & (down < height))[:, None] & ((across >= 0) & (across < width))[None, :]
    colors = picture.colors()[np.ix_(np.clip(down, 0, height - 1), np.clip(across, 0, width - 1))]
    passing, disc = _color(pairs, "passing_color", where), _color(pairs, "disc_color", where)
    dies = np.full((rows, columns), FAIL, dtype=np.uint8)
    dies[(colors[..., :3] == passing).all(axis=-1)] = PASS
    dies[(colors[..., :3] == disc).all(axis=-1) | (colors[..., 3] == 0) | ~inside] = OFF_WAFER
    if words := pairs.get("failing_colors", "").split()[:_MOST_COLORS]:
        failing = [_color({"failing_colors": word}, "failing_colors", where) for word in words]
        dies[(dies == FAIL) & ~np.logical_or.reduce([(colors[..., :3] == c).all(axis=-1) for c in failing])] = OFF_WAFER
    return Reading(dies)


def _number(pairs: Mapping[str, str], name: str, where: str) -> int:
    text = pairs.get(name, pairs.get(f"grid_{name}", ""))
    if not _COUNT.fullmatch(text):
        raise FormatError(where, f"its metadata names no whole number of {name}, found '{text[:40]}'", _REMEDY)
    return int(text)


def _two(pairs: Mapping[str, str], name: str, where: str) -> tuple[int, int]:
    text = pairs.get(name, "")
    match = _TWO.fullmatch(text)
    if match is None:
        raise FormatError(where, f"its metadata's '{name}' is one whole number or two, found '{text[:40]}'", _REMEDY)
    return int(match[1]), int(match[2] or match[1])


def _color(pairs: Mapping[str, str], name: str, where: str) -> NDArray[np.uint8]:
    text = pairs.get(name, "")
    match = _COLOR.fullmatch(text)
    if match is None:
        raise FormatError(where, f"its metadata's '{name}' is a colour such as #dce1e6, found '{text[:40]}'", _REMEDY)
    return np.frombuffer(bytes.fromhex(match[1]), dtype=np.uint8)
