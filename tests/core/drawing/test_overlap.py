import numpy as np
import pytest

from core.drawing.overlap import draw_overlay, laid_on, overlay_colors
from core.drawing.palette import GREYS, Theme, rgb
from core.drawing.sheet import lay_out
from data.wafer import WaferMap
from tests.core.lake_examples import drawn


@pytest.mark.parametrize("theme", list(Theme))
def test_every_die_has_the_colour_of_what_it_is_in(theme):
    wafer = drawn(1)
    rng = np.random.default_rng(2)
    asked, found = (rng.random(wafer.dies.shape) < 0.4 for _ in range(2))
    found &= wafer.on_wafer
    image = draw_overlay(asked, wafer.dies, found, wafer, theme, 6)
    sheet, colors = lay_out(wafer, 6), overlay_colors(theme)
    names = {(True, True): "both", (True, False): "asked", (False, True): "found"}
    for row, column in np.argwhere(wafer.on_wafer):
        rows, columns = sheet.box(row, column)
        name = names.get((bool(asked[row, column]), bool(found[row, column])))
        expected = colors[name] if name else GREYS[theme].passing
        assert tuple(image[rows.start + 1, columns.start + 1]) == (*rgb(expected), 255)


def test_laying_on_the_same_grid_changes_nothing():
    wafer = drawn(1)
    mask = wafer.failing
    assert np.array_equal(laid_on(mask, wafer.dies, wafer.dies), mask)


def test_laying_on_a_finer_grid_keeps_the_place_on_the_wafer():
    small = WaferMap(np.ones((5, 5), dtype=np.uint8), "L", "W")
    onto = np.zeros((14, 12), dtype=np.uint8)
    onto[2:12, 1:11] = 1
    mask = np.zeros((5, 5), dtype=bool)
    mask[1, 3] = True
    assert np.argwhere(laid_on(mask, small.dies, onto)).tolist() == [[4, 7], [4, 8], [5, 7], [5, 8]]
