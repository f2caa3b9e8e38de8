"""What a threshold makes of an image of continuous tone: the image beside its failing and passing dies."""

from dataclasses import dataclass, replace

from core.drawing.palette import Theme
from core.drawing.wafer import thumbnail_png
from core.reading import grey_picture, limits_now, read_bytes
from data.formats import ReadOptions
from data.formats.image_preview import SIDE_PX
from data.wafer import WaferMap

MAX_SECONDS = 10.0
"""For which a page waits for either picture; reading the file itself is given longer."""


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


def tone_preview(name: str, content: bytes, options: ReadOptions, theme: Theme | str) -> TonePreview | None:
    """Draw what reading a file with these options makes of its first image.

    Args:
        name: the file's name.
        content: its bytes.
        options: how to read.
        theme: light or dark.

    Returns:
        None when the file is no image or cannot be read.
    """
    limits = limits_now()
    limits = replace(limits, seconds=min(limits.seconds, MAX_SECONDS))
    grey = grey_picture(name, content, options, limits)
    if grey is None:
        return None
    with read_bytes(name, content, options=options, limits=limits) as reading:
        wafer = next(reading, None)
    if not isinstance(wafer, WaferMap):
        return None
    return TonePreview(grey, thumbnail_png(wafer, None, theme=theme, side_px=SIDE_PX), 1 - wafer.yield_fraction)
