import cv2
import numpy as np
import pytest

from core.drawing.axes import axes_png
from data.orientation import DIE_AXES, axes_text
from data.wafer import WaferMap

SIDE = 200


def drawn(x: str | None, y: str = "", shape=(20, 20)) -> np.ndarray:
    attributes = {DIE_AXES: axes_text(x, y, (0, 0))} if x else {}
    wafer = WaferMap(dies=np.ones(shape, dtype=np.uint8), lot_id="L", wafer_id="W", attributes=attributes)
    return cv2.imdecode(np.frombuffer(axes_png(wafer, side_px=SIDE), np.uint8), cv2.IMREAD_UNCHANGED)[..., 3]


def inked_corner(alpha: np.ndarray) -> str:
    """The corner whose two margins hold most ink; the wafer itself never reaches a corner."""
    rows, columns = alpha.shape[0] // 5, alpha.shape[1] // 5
    corners = {
        "upper left": alpha[:rows, :columns],
        "upper right": alpha[:rows, -columns:],
        "lower left": alpha[-rows:, :columns],
        "lower right": alpha[-rows:, -columns:],
    }
    return max(corners, key=lambda name: int((corners[name] > 0).sum()))


@pytest.mark.parametrize(
    ("x", "y", "corner"),
    [
        (None, "", "upper left"),
        ("right", "up", "lower left"),
        ("left", "down", "upper right"),
        ("up", "left", "lower right"),
        ("down", "right", "upper left"),
    ],
)
def test_arrows_start_at_the_corner_from_which_the_file_counts(x, y, corner):
    assert inked_corner(drawn(x, y)) == corner


@pytest.mark.parametrize("shape", [(1, 1), (3, 90), (900, 800)])
def test_pictures_of_any_grid_are_of_a_size(shape):
    assert SIDE / 2 < max(drawn(None, shape=shape).shape) < 3 * SIDE
