import numpy as np
import pytest

from core.drawing.palette import GREYS, POLES, Theme, rgb
from core.drawing.sheet import lay_out
from core.drawing.value_maps import Scale, difference_scale, draw_values, share_scale
from data.wafer import WaferMap
from tests.core.wafers import disc

OUTLINE = WaferMap(dies=disc(11), lot_id="stack", wafer_id="4 wafers")


def color_at(image, row, column, cell_px):
    rows, columns = lay_out(OUTLINE, cell_px).box(row, column)
    return tuple(int(value) for value in image[rows.start + 1, columns.start + 1])


def test_every_die_has_the_colour_of_its_number():
    rng = np.random.default_rng(4)
    values = rng.random((11, 11))
    scale = share_scale(values)
    image = draw_values(OUTLINE, values, scale, cell_px=8)
    for row, column in zip(*np.nonzero(OUTLINE.dies), strict=True):
        wanted = scale.colors[round(values[row, column] / scale.high * 255)]
        assert color_at(image, row, column, 8) == (*rgb(wanted), 255)


def test_a_die_without_a_number_shows_the_disc():
    values = np.full((11, 11), np.nan)
    image = draw_values(OUTLINE, values, Scale(["#000000", "#ffffff"], 0, 1), cell_px=8)
    assert color_at(image, 5, 5, 8) == (*rgb(GREYS[Theme.LIGHT].disc), 255)


@pytest.mark.parametrize(("most", "end"), [(0, 0.005), (0.004, 0.005), (0.05, 0.05), (0.051, 0.1), (0.9, 1), (1, 1)])
def test_a_scale_ends_at_the_next_round_share(most, end):
    assert share_scale(np.array([np.nan, most, 0.0])).high == end


def test_a_scale_of_nothing_is_still_one():
    assert share_scale(np.array([np.nan])).high > 0


@pytest.mark.parametrize("theme", list(Theme))
def test_a_difference_of_none_is_grey_and_its_ends_are_the_poles(theme):
    scale = difference_scale(np.array([-0.2, 0.1]), theme)
    assert (scale.low, scale.high) == (-0.2, 0.2)
    lowest, middle, highest = scale.rgba(np.array([-0.2, 0.0, 0.2]))[:, :3].tolist()
    assert (tuple(lowest), tuple(highest)) == tuple(rgb(pole) for pole in POLES[theme])
    assert tuple(middle) == rgb(GREYS[theme].passing)


@pytest.mark.parametrize("cell_px", [1, 3, 8, 15])
def test_marked_dies_and_no_others_have_a_dot(cell_px):
    values, marked = np.zeros((11, 11)), np.zeros((11, 11), dtype=bool)
    marked[3, 7] = True
    scale = share_scale(values)
    plain, dotted = (draw_values(OUTLINE, values, scale, cell_px=cell_px, marked=m) for m in (None, marked))
    rows, columns = lay_out(OUTLINE, cell_px).box(3, 7)
    changed = (plain != dotted).any(axis=-1)
    assert changed[rows, columns].any()
    assert changed.sum() == changed[rows, columns].sum()
