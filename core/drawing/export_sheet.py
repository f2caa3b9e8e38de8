"""How large a wafer's overlay picture is and where its dies lie on it: for who draws it and for who draws on it."""

from core.drawing.sheet import Sheet, cell_aspect, lay_out
from data.wafer import WaferMap

OVERLAY_SIDE_PX = 900
MAX_CELL_PX = 24


def overlay_cell_px(wafer: WaferMap) -> int:
    """Return the width of a die on the overlay picture: a whole number of pixels, about 900 for all, 24 at most."""
    height, width = wafer.dies.shape
    return min(MAX_CELL_PX, max(1, int(OVERLAY_SIDE_PX // max(height * cell_aspect(wafer), width))))


def overlay_sheet(wafer: WaferMap) -> Sheet:
    """Lay a wafer out as its overlay picture shows it."""
    return lay_out(wafer, overlay_cell_px(wafer))


def margin_px(sheet: Sheet) -> tuple[int, int]:
    """Return the pixels above and left of die (0, 0), below zero where it lies off the picture."""
    top, left = (start - first * cell for start, first, cell in zip(sheet.origin, sheet.first, sheet.cell, strict=True))
    return top, left
