"""A wafer's result as PNG: the overlay for eyes, the mask for machines."""

import io
import json

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from core.analysis.result import WaferResult
from core.drawing.export_sheet import margin_px, overlay_cell_px, overlay_sheet
from core.drawing.palette import GREYS, Palette, Theme, class_colors
from core.drawing.wafer import draw_wafer
from data.classes import CLASS_KEYS
from data.errors import FormatError
from data.formats import own_exports
from data.formats.metadata import to_pairs
from data.wafer import MAX_GRID, WaferMap

_REMEDY = "Give a mask PNG that Waferscope exported."
MEANING = (
    "One pixel is one die. Bit k (value 1 << k) is set where the die fails and class k of 'classes' accounts for it."
)


def overlay_png(
    result: WaferResult, palette: Palette | str = Palette.STANDARD, theme: Theme | str = Theme.LIGHT
) -> bytes:
    """Draw the wafer with its defects in colour.

    Args:
        result: the analysed wafer.
        palette: the standard or the colour-blind-safe colours.
        theme: light or dark.

    Returns:
        PNG, RGBA, transparent off the wafer; every die the same whole number of pixels, about 900 pixels a side. Its
        text chunk `waferscope` says all of the wafer but its bins, and where each die lies on the picture.
    """
    picture = draw_wafer(result.wafer, result.segmentation, None, palette, theme, overlay_cell_px(result.wafer))
    return _png(Image.fromarray(picture), {own_exports.MARK: json.dumps(_drawing(result.wafer, palette, Theme(theme)))})


def _drawing(wafer: WaferMap, palette: Palette | str, theme: Theme) -> dict[str, str]:
    """Return what `data.formats.image_overlay` reads an overlay picture back by."""
    sheet, greys = overlay_sheet(wafer), GREYS[theme]
    rows, columns = wafer.dies.shape
    two = {"px_per_die": sheet.cell, "margin": margin_px(sheet), "size": sheet.size}
    return {
        own_exports.KIND: own_exports.OVERLAY,
        "rows": str(rows),
        "columns": str(columns),
        **{name: f"{down} x {across}" for name, (down, across) in two.items()},
        "passing_color": greys.passing,
        "disc_color": greys.disc,
        "failing_colors": " ".join([greys.failing, *class_colors(palette).values()]),
        **to_pairs(wafer),
    }


def _png(image: Image.Image, texts: dict[str, str]) -> bytes:
    chunks = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        chunks.add_itxt(name, text.encode("utf-8", "replace").decode())
    content = io.BytesIO()
    image.save(content, "PNG", pnginfo=chunks)
    return content.getvalue()


def mask_png(result: WaferResult) -> bytes:
    """Write the masks of all eight classes into one PNG, without loss.

    A pixel is a die, so the image is as large as the die grid. Its 8-bit grey value is a set of classes: bit k
    (`1 << k`) says that the die is in the mask of class k, so 0 is no defect and 1 + 8 is edge and scratch at once. The
    text chunks `meaning`, `classes` (keys in bit order), `wafer` and `model` say the same inside the file. A picture
    for people is `overlay_png`.

    Returns:
        PNG that `read_mask_png` turns back into the same masks.
    """
    masks = result.segmentation.masks
    bits = np.packbits(masks, axis=0, bitorder="little")[0]
    mark = {own_exports.KIND: own_exports.MASK, **to_pairs(result.wafer)}
    words = {
        "meaning": MEANING,
        "classes": json.dumps(CLASS_KEYS),
        "wafer": result.wafer.key,
        "model": result.segmentation.model,
        own_exports.MARK: json.dumps(mark),
    }
    return _png(Image.fromarray(bits), words)


def read_mask_png(content: bytes, name: str = "mask") -> NDArray[np.bool_]:
    """Read what `mask_png` wrote.

    Args:
        content: the file's bytes.
        name: what to call the file in an error.

    Returns:
        bool (8, H, W).

    Raises:
        FormatError: it is no PNG, is damaged, is no mask of ours, or lists other classes than the class table.
    """
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            if image.mode != "L" or max(image.size) > MAX_GRID:
                raise FormatError(name, f"expected an 8-bit grey PNG, found {image.mode} {image.size}", _REMEDY)
            bits = np.asarray(image)
            classes = image.info.get("classes")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise FormatError(name, f"the PNG cannot be read ({error})", _REMEDY) from error
    if classes != json.dumps(CLASS_KEYS):
        raise FormatError(name, f"expected masks of the classes {', '.join(CLASS_KEYS)}, found {classes}", _REMEDY)
    return np.unpackbits(bits[None], axis=0, bitorder="little").astype(bool)
