"""Pictures of maps, and what is read of one."""

import io

import numpy as np
from PIL import Image, ImageDraw

from data.formats import ReadFailure, ReadOptions, read_bytes
from data.formats.image_meaning import inscribed_disc
from data.wafer import WaferMap

WHITE, GREEN, RED = (255, 255, 255), (0, 200, 0), (220, 0, 0)
BLACK, RIM, DISC = (0, 0, 0), (120, 130, 140), (244, 246, 248)


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


def clustered(rows: int, columns: int) -> np.ndarray:
    """A wafer whose failures are one blob: inside of it no side of a die shows."""
    dies = round_wafer(rows, columns, failing=0)
    down, across = np.mgrid[:rows, :columns]
    dies[(np.hypot(down / rows - 0.35, across / columns - 0.6) < 0.15) & (dies > 0)] = 2
    return dies


def drawn(
    dies: np.ndarray,
    cell: tuple[float, float],
    *,
    gap: int = 0,
    margin: int = 0,
    rim: int = 0,
    disc: tuple[int, int, int] | None = None,
    head: int = 0,
    side: int = 0,
    colors: tuple[tuple[int, int, int], ...] = (WHITE, GREEN, RED),
) -> np.ndarray:
    """Draw dies as programs do, with room for a title above and a legend beside."""
    page, passing, failing = colors
    height, width = (int(np.ceil(count * size)) for count, size in zip(dies.shape, cell, strict=True))
    image = Image.new("RGB", (width + 2 * margin + side, height + 2 * margin + head), page)
    pen = ImageDraw.Draw(image)
    top, left = margin + head, margin
    if rim:
        out = margin - 3
        pen.ellipse([left - out, top - out, left + width + out - 1, top + height + out - 1], disc, RIM, rim)
    for row, column in np.argwhere(dies > 0):
        first = (top + int(row * cell[0] + 0.5), left + int(column * cell[1] + 0.5))
        last = (top + int((row + 1) * cell[0] + 0.5) - 1 - gap, left + int((column + 1) * cell[1] + 0.5) - 1 - gap)
        pen.rectangle([first[1], first[0], last[1], last[0]], colors[dies[row, column]])
    if head:
        pen.text((left + 4, 6), "Lot L1 Wafer 05", BLACK)
    if side:
        for line, (color, name) in enumerate([(passing, "Pass"), (failing, "Fail")]):
            corner = (width + 2 * margin + 8, top + 20 + 24 * line)
            pen.rectangle([*corner, corner[0] + 14, corner[1] + 14], color)
            pen.text((corner[0] + 20, corner[1]), name, BLACK)
    return np.asarray(image)
