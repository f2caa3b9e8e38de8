"""A wafer's result as SVG, drawn as the PNG is: sharp at any size, a path a colour instead of an element a die."""

import json
from collections import defaultdict

import numpy as np

from core.analysis.result import WaferResult
from core.drawing.palette import GREYS, Palette, Theme, class_colors
from core.drawing.sheet import NOTCH_SHARE, cell_aspect, drawn_frame, rim_in_dies
from data.classes import CLASS_KEYS, CLASSES
from data.errors import ExportError
from data.formats.metadata import to_pairs
from data.formats.own_exports import KEY, KIND, MARK
from data.wafer import FAIL, Notch, WaferMap

WIDTH_PX = 900
MOST_DIES = 1_000_000
_GAP = 0.06  # between dies, in dies
_MARGIN = 0.6
_RIM_SHARE = 1 / 120  # of the radius, as wide as on the PNG
_NAMES = {one.key: one.name for one in CLASSES}
_TURNS = {Notch.DOWN: 0, Notch.LEFT: 90, Notch.UP: 180, Notch.RIGHT: 270}


def overlay_svg(
    result: WaferResult, palette: Palette | str = Palette.STANDARD, theme: Theme | str = Theme.LIGHT
) -> str:
    """Draw the wafer with its defects in colour; a die of several classes shows a diagonal band of each.

    Returns:
        SVG whose unit is a die's width, about 900 pixels wide; its `metadata` says of which wafer it is.

    Raises:
        ExportError: the wafer has more dies than programs for drawings open.
    """
    if result.wafer.tested_count > MOST_DIES:
        problem = f"the wafer has {result.wafer.tested_count:,} dies, an SVG holds at most {MOST_DIES:,}"
        raise ExportError(result.wafer.key, problem, "Take the PNG.")
    wafer, greys, colors = result.wafer, GREYS[Theme(theme)], class_colors(palette)
    aspect, axes, frame = cell_aspect(wafer), rim_in_dies(wafer), drawn_frame(wafer)
    x_center, y_center = frame.center[1] + 0.5, (frame.center[0] + 0.5) * aspect
    x_radius, y_radius = axes[1], axes[0] * aspect
    radius, rim = min(x_radius, y_radius), min(x_radius, y_radius) * _RIM_SHARE
    depth = radius * NOTCH_SHARE
    margin = _MARGIN + depth
    left, top = x_center - x_radius - margin, y_center - y_radius - margin
    width, height = 2 * (x_radius + margin), 2 * (y_radius + margin)
    tip = y_radius if wafer.notch in (Notch.DOWN, Notch.UP) else x_radius
    paths = _paths(result, aspect)
    names = {"passing": ("Pass", greys.passing), "failing": ("Fail", greys.failing)}
    names |= {key: (_NAMES[key], colors[key]) for key in CLASS_KEYS}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_PX}" height="{WIDTH_PX * height / width:.0f}" '
        f'viewBox="{left:.4f} {top:.4f} {width:.4f} {height:.4f}">',
        f"<metadata>{_escaped(json.dumps({MARK: {KIND: 'svg', KEY: wafer.key, **to_pairs(wafer)}}))}</metadata>",
        # Rim and notch lie outside the disc, so that they cover no die.
        f'<ellipse cx="{x_center:.4f}" cy="{y_center:.4f}" rx="{x_radius + rim / 2:.4f}" ry="{y_radius + rim / 2:.4f}" '
        f'fill="{greys.disc}" stroke="{greys.outline}" stroke-width="{rim:.4f}"/>',
        f'<polygon class="notch" points="0,{tip:.4f} {depth:.4f},{tip + depth:.4f} {-depth:.4f},{tip + depth:.4f}" '
        f'transform="translate({x_center:.4f} {y_center:.4f}) rotate({_TURNS[wafer.notch]})" fill="{greys.outline}"/>',
        *(
            f'<path fill="{names[key][1]}" d="{"".join(paths[key])}"><title>{_escaped(names[key][0])}</title></path>'
            for key in names
            if key in paths
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _paths(result: WaferResult, aspect: float) -> dict[str, list[str]]:
    """The shapes of each colour: a die is drawn in its first class, and over it the part that is left to the others."""
    wafer: WaferMap = result.wafer
    masks = result.segmentation.masks
    paths: dict[str, list[str]] = defaultdict(list)
    wide, high = 1 - _GAP, (1 - _GAP) * aspect
    for row, column in zip(*(places.tolist() for places in np.nonzero(wafer.on_wafer)), strict=True):
        found = [key for k, key in enumerate(CLASS_KEYS) if masks[k, row, column]]
        found = found or ["failing" if wafer.dies[row, column] == FAIL else "passing"]
        x, y = column + _GAP / 2, (row + _GAP / 2) * aspect
        paths[found[0]].append(f"M{x:.7g} {y:.7g}h{wide:.3g}v{high:.4g}h-{wide:.3g}z")
        for at, key in enumerate(found[1:], start=1):
            corners = (f"{x + wide * u:.7g} {y + high * v:.7g}" for u, v in _beyond(at / len(found)))
            paths[key].append(f"M{'L'.join(corners)}z")
    return paths


def _beyond(share: float) -> list[tuple[float, float]]:
    """The corners (x, y) of the part of a unit square beyond a share of its diagonal from the upper left."""
    cut = 2 * share
    if cut <= 1:
        return [(cut, 0), (1, 0), (1, 1), (0, 1), (0, cut)]
    return [(1, cut - 1), (1, 1), (cut - 1, 1)]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
