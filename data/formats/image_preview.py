"""A small grey picture of an image, to look at beside what it is read as."""

import io
from typing import BinaryIO

import numpy as np
from PIL import Image

SIDE_PX = 200


def grey_png(stream: BinaryIO, max_pixels: int, side_px: int = SIDE_PX) -> bytes | None:
    """Return an image in grey as PNG, None where it is none or too large.

    Args:
        stream: its bytes, in binary mode.
        max_pixels: most pixels that are decoded.
        side_px: longest side of the picture.
    """
    try:
        with Image.open(stream) as image:
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
