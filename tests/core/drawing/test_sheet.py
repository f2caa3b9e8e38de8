import io

import numpy as np
import pytest
from PIL import Image

from core.drawing.axes import axes_png
from core.drawing.export_sheet import overlay_sheet
from core.drawing.overlap import draw_overlay
from core.drawing.sheet import MOST_SIDE_PX, drawn_frame, lay_out, rim_in_dies
from core.drawing.value_maps import draw_values, share_scale
from core.drawing.wafer import draw_wafer, thumbnail_png
from data.geometry import geometry
from data.wafer import WaferMap

SLACK = 1.1
"""Margin for rim and notch."""
FEW_DIES = {
    "one die of 8 mm": ((1, 1), (8.0, 8.0), 200.0),
    "a fixture of three sites": ((1, 3), (0.1, 0.1), 300.0),
    "a die that nobody sees": ((1, 1), (0.001, 0.001), 450.0),
    "dies a thousand times as high as wide": ((2, 2), (15.0, 0.015), 300.0),
    "dies a thousand times as wide as high": ((2, 2), (0.015, 15.0), 300.0),
    "dies as high as nothing is, on a wafer of no size": ((2, 2), (1e6, 1.0), None),
    "a whole wafer of the smallest dies": ((1500, 1500), (0.2, 0.2), 300.0),
}


def few(name: str, **fields) -> WaferMap:
    shape, pitch, diameter = FEW_DIES[name]
    dies = np.ones(shape, dtype=np.uint8)
    dies[0, 0] = 2
    return WaferMap(dies, "L", "W", die_pitch_mm=pitch, diameter_mm=diameter, **fields)


@pytest.mark.slow
@pytest.mark.parametrize("name", FEW_DIES)
def test_no_picture_is_larger_than_its_bound_whatever_lies_on_the_wafer(name):
    wafer = few(name)
    for cell_px in (1, 8, 24, 1200):
        assert max(lay_out(wafer, cell_px).size) <= SLACK * MOST_SIDE_PX
    assert max(overlay_sheet(wafer).size) <= SLACK * MOST_SIDE_PX
    shares = np.ones(wafer.dies.shape)
    pictures = [
        draw_wafer(wafer, cell_px=1200),
        draw_values(wafer, shares, share_scale(shares)),
        draw_overlay(wafer.failing, wafer.dies, wafer.failing, wafer),
    ]
    assert all(max(picture.shape) <= SLACK * MOST_SIDE_PX for picture in pictures)


@pytest.mark.parametrize("name", FEW_DIES)
def test_small_pictures_have_the_size_asked_for(name):
    assert Image.open(io.BytesIO(thumbnail_png(few(name), side_px=96))).size == (96, 96)
    assert max(Image.open(io.BytesIO(axes_png(few(name), side_px=220))).size) <= 2 * 220 + 2 * 26


def test_dies_are_as_wide_as_asked_for_where_the_picture_has_room():
    wafer = WaferMap(np.ones((30, 30), np.uint8), "L", "W", die_pitch_mm=(9.0, 9.0), diameter_mm=300.0)
    assert lay_out(wafer, 24).cell == (24, 24)


def test_a_few_dies_lie_where_they_are_as_long_as_one_can_see_them():
    wafer = few("one die of 8 mm", center=(3.0, 0.0))
    assert drawn_frame(wafer) == geometry(wafer)
    assert rim_in_dies(wafer) == pytest.approx((12.5, 12.5))


def test_dies_that_would_be_narrower_than_a_pixel_are_drawn_as_if_the_wafer_had_no_size():
    wafer = few("a die that nobody sees", center=(1000.0, 0.0))
    assert drawn_frame(wafer).center == (0.0, 0.0)
    assert max(rim_in_dies(wafer)) < 1
