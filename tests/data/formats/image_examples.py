"""Pictures of maps, and what is read of one."""

import io

import numpy as np
from PIL import Image

from data.formats import ReadFailure, ReadOptions, read_bytes
from data.formats.image_meaning import inscribed_disc
from data.wafer import WaferMap


def round_wafer(rows: int, columns: int, seed: int = 0, failing: float = 0.2) -> np.ndarray:
    """A disc of dies with scattered failures, as real maps of WM-811K are."""
    dies = np.where(np.random.default_rng(seed).random((rows, columns)) < failing, 2, 1)
    return np.where(inscribed_disc((rows, columns)), dies, 0).astype(np.uint8)


def picture(pixels: np.ndarray, kind: str = "PNG", **saving) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **saving)
    return stream.getvalue()


def read(content: bytes, name: str = "map.png", **options) -> WaferMap | ReadFailure:
    [result] = read_bytes(name, content, options=ReadOptions(**options))
    return result
