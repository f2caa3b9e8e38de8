"""What a threshold makes of an image of continuous tone: the image beside its failing and passing dies."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from core.drawing.palette import Theme
from core.drawing.wafer import thumbnail_png
from data.formats import ReadOptions, read_bytes
from data.wafer import WaferMap


@dataclass(frozen=True)
class TonePreview:
    """The two pictures.

    Args:
        image_png: the image in grey.
        dies_png: what it is read as.
        failing_share: failing dies over tested dies, 0 to 1.
    """

    image_png: bytes
    dies_png: bytes
    failing_share: float


def tone_preview(
    name: str, content: bytes, options: ReadOptions, theme: Theme | str, side_px: int = 200
) -> TonePreview | None:
    """Draw what reading a file with these options makes of its first image.

    Args:
        name: the file's name.
        content: its bytes.
        options: how to read.
        theme: light or dark.
        side_px: longest side of either picture.

    Returns:
        None when the file is no image or cannot be read.
    """
    wafer = next(iter(read_bytes(name, content, options=options)), None)
    grey = _grey(content, options.max_pixels, side_px)
    if grey is None or not isinstance(wafer, WaferMap):
        return None
    return TonePreview(grey, thumbnail_png(wafer, None, theme=theme, side_px=side_px), 1 - wafer.yield_fraction)


def _grey(content: bytes, max_pixels: int, side_px: int) -> bytes | None:
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > max_pixels:
                return None
            pixels = np.asarray(image) if image.mode in ("I;16", "I;16B", "I;16L", "I", "F") else None
            shown = image.convert("L") if pixels is None else _stretched(pixels)
            shown.thumbnail((side_px, side_px))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    png = io.BytesIO()
    shown.save(png, "PNG")
    return png.getvalue()


def _stretched(pixels: np.ndarray) -> Image.Image:
    """Bring pixels of more than 8 bits, or real ones, to 8 bits: their type's range, 0 to 1 for real ones."""
    full_scale = 1.0 if pixels.dtype.kind == "f" else 65535.0
    return Image.fromarray((np.clip(np.nan_to_num(pixels / full_scale), 0, 1) * 255).astype(np.uint8))
