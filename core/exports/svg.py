"""A wafer's result as SVG: sharp at any size, a path a colour instead of an element a die."""

import json
from collections import defaultdict

import numpy as np

from core.analysis.result import WaferResult
from core.drawing.palette import GREYS, Palette, Theme, class_colors
from core.drawing.sheet import cell_aspect, drawn_frame, rim_in_dies
from data.classes import CLASS_KEYS, CLASSES
from data.errors import ExportError
from data.formats.metadata import to_pairs
from data.formats.own_exports import KEY, KIND, MARK
from data.wafer import FAIL, Notch, WaferMap

WIDTH_PX = 900
MOST_DIES = 1_000_000
_GAP = 0.06  # between dies, in dies
_MARGIN = 0.6
_NOTCH_SHARE = 0.03
_NAMES = {one.key: one.name for one in CLASSES}
_TO_NOTCH = {Notch.DOWN: (0, 1), Notch.LEFT: (-1, 0), Notch.UP: (0, -1), Notch.RIGHT: (1, 0)}


def overlay_svg(
    result: WaferResult, palette: Palette | str = Palette.STANDARD, theme: Theme | str = Theme.LIGHT
) -> str:
    """Draw the wafer with its defects in colour; a die of several classes shows a strip of each.

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
    margin = _MARGIN + x_radius * _NOTCH_SHARE
    left, top = x_center - x_radius - margin, y_center - y_radius - margin
    width, height = 2 * (x_radius + margin), 2 * (y_radius + margin)
    notch_x, notch_y = _TO_NOTCH[wafer.notch]
    paths = _paths(result, aspect)
    names = {"passing": ("Pass", greys.passing), "failing": ("Fail", greys.failing)}
    names |= {key: (_NAMES[key], colors[key]) for key in CLASS_KEYS}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_PX}" height="{WIDTH_PX * height / width:.0f}" '
        f'viewBox="{left:.4f} {top:.4f} {width:.4f} {height:.4f}">',
        f"<metadata>{_escaped(json.dumps({MARK: {KIND: 'svg', KEY: wafer.key, **to_pairs(wafer)}}))}</metadata>",
        f'<ellipse cx="{x_center:.4f}" cy="{y_center:.4f}" rx="{x_radius:.4f}" ry="{y_radius:.4f}" '
        f'fill="{greys.disc}" stroke="{greys.outline}" stroke-width="{x_radius / 150:.4f}"/>',
        f'<circle class="notch" cx="{x_center + notch_x * x_radius:.4f}" cy="{y_center + notch_y * y_radius:.4f}" '
        f'r="{x_radius * _NOTCH_SHARE:.4f}" fill="{greys.outline}"/>',
        *(
            f'<path fill="{names[key][1]}" d="{"".join(paths[key])}"><title>{_escaped(names[key][0])}</title></path>'
            for key in names
            if key in paths
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _paths(result: WaferResult, aspect: float) -> dict[str, list[str]]:
    """The rectangles of each colour: of grey dies, and of each class its share of the die."""
    wafer: WaferMap = result.wafer
    masks = result.segmentation.masks
    paths: dict[str, list[str]] = defaultdict(list)
    for row, column in zip(*(places.tolist() for places in np.nonzero(wafer.on_wafer)), strict=True):
        found = [key for k, key in enumerate(CLASS_KEYS) if masks[k, row, column]]
        found = found or ["failing" if wafer.dies[row, column] == FAIL else "passing"]
        wide = (1 - _GAP) / len(found)
        for at, key in enumerate(found):
            x, y = column + _GAP / 2 + at * wide, (row + _GAP / 2) * aspect
            paths[key].append(f"M{x:.7g} {y:.7g}h{wide:.3g}v{(1 - _GAP) * aspect:.4g}h-{wide:.3g}z")
    return paths


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
