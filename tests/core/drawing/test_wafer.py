import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.drawing.palette import GREYS, Palette, Theme, class_colors, rgb
from core.drawing.sheet import cell_aspect, lay_out, rim_in_dies
from core.drawing.wafer import draw_wafer, png_bytes, thumbnail_png, to_scale
from data.classes import CLASS_KEYS
from data.errors import WaferValueError
from data.geometry import geometry
from data.wafer import Notch, WaferMap
from tests.core.wafers import disc, segmentation, wafer


def color_at(image, sheet, row, column):
    """Colour in the middle of a die's cell, as "#rrggbb"; None where it is transparent."""
    rows, columns = sheet.box(row, column)
    red, green, blue, alpha = image[(rows.start + rows.stop) // 2, (columns.start + columns.stop) // 2]
    return f"#{red:02x}{green:02x}{blue:02x}" if alpha == 255 else None


@given(data=st.data(), cell_px=st.integers(1, 12), palette=st.sampled_from(Palette), theme=st.sampled_from(Theme))
def test_every_die_shows_its_class_or_its_grey(data, cell_px, palette, theme):
    shape = data.draw(st.tuples(st.integers(3, 14), st.integers(3, 14)))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    failing = rng.random(shape) < 0.5
    which = rng.integers(-1, len(CLASS_KEYS), shape)
    shown = wafer(failing)
    found = segmentation(shown, {key: failing & (which == k) for k, key in enumerate(CLASS_KEYS)})
    image, sheet = draw_wafer(shown, found, None, palette, theme, cell_px), lay_out(shown, cell_px)
    colors, greys = list(class_colors(palette).values()), GREYS[theme]
    for row, column in np.ndindex(shape):
        expected = greys.passing
        if failing[row, column]:
            k = which[row, column]
            expected = greys.failing if k < 0 else colors[k]
        assert color_at(image, sheet, row, column) == expected


def test_a_die_of_two_classes_shows_half_of_each():
    failing = np.ones((5, 5), dtype=bool)
    shown = wafer(failing)
    both = segmentation(shown, {"edge": failing, "scratch": failing})
    cell = draw_wafer(shown, both, cell_px=5)[lay_out(shown, 5).box(2, 2)]
    counts = [int((cell[..., :3] == rgb(class_colors()[key])).all(axis=-1).sum()) for key in ("edge", "scratch")]
    assert sum(counts) == 25
    assert abs(counts[0] - counts[1]) <= 5


def test_a_class_that_is_not_shown_leaves_its_dies_as_plain_failures():
    shown = wafer(np.ones((7, 7), dtype=bool))
    found = segmentation(shown, {"ring": shown.failing})
    sheet = lay_out(shown, 8)
    assert color_at(draw_wafer(shown, found, ["edge"], cell_px=8), sheet, 3, 3) == GREYS[Theme.LIGHT].failing
    assert color_at(draw_wafer(shown, found, ["ring"], cell_px=8), sheet, 3, 3) == class_colors()["ring"]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_wafer_is_the_turned_picture_notch_included(turns):
    """The notch goes from down to right, up and left as the wafer turns counter-clockwise."""
    dies = disc(21)
    dies[3:6, 9:14] = 2
    upright = draw_wafer(wafer(dies == 2, dies=dies), cell_px=7)
    notch = [Notch.DOWN, Notch.RIGHT, Notch.UP, Notch.LEFT][turns]
    turned_dies = np.rot90(dies, turns)
    turned = draw_wafer(wafer(turned_dies == 2, dies=turned_dies, notch=notch), cell_px=7)
    # Gaps lie below and right of a cell, so they are the one thing that does not turn along.
    same = (turned == np.rot90(upright, turns)).all(axis=-1)
    die_area = np.zeros(same.shape, dtype=bool)
    for row, column in np.argwhere(turned_dies > 0):
        die_area[lay_out(wafer(turned_dies == 2, dies=turned_dies), 7).box(row, column)] = True
    assert same[~die_area].mean() > 0.999


@pytest.mark.parametrize(
    ("notch", "place"),
    [("down", (-1, None)), ("up", (0, None)), ("left", (None, 0)), ("right", (None, -1))],
)
def test_the_notch_is_on_its_side(notch, place):
    shown = wafer(np.zeros((30, 30), dtype=bool), dies=disc(30), notch=notch)
    image = draw_wafer(shown, cell_px=8)
    outline = (image[..., :3] == rgb(GREYS[Theme.LIGHT].outline)).all(axis=-1) & (image[..., 3] == 255)
    middle, depth = slice(image.shape[0] // 2 - 6, image.shape[0] // 2 + 6), 12
    sides = {
        (-1, None): outline[-depth:, middle],
        (0, None): outline[:depth, middle],
        (None, 0): outline[middle, :depth],
        (None, -1): outline[middle, -depth:],
    }
    counts = {side: int(pixels.sum()) for side, pixels in sides.items()}
    assert max(counts, key=counts.__getitem__) == place
    assert counts.pop(place) > 2 * max(counts.values())


def test_dies_of_known_size_are_to_scale_and_the_wafer_is_round():
    grid = np.zeros((20, 10), dtype=bool)
    known = lay_out(wafer(grid, die_pitch_mm=(10.0, 20.0), diameter_mm=300.0), 12)
    assert known.cell == (6, 12)
    assert known.radius[0] == pytest.approx(known.radius[1])


@pytest.mark.parametrize("shape", [(20, 10), (10, 20), (12, 13), (40, 40)])
@pytest.mark.parametrize("diameter", [None, 200.0])
def test_a_wafer_of_dies_of_unknown_size_is_drawn_as_round_as_it_is_measured(shape, diameter):
    shown = wafer(np.zeros(shape, dtype=bool), diameter_mm=diameter)
    pitch, axes = geometry(shown).die_pitch_mm, rim_in_dies(shown)
    assert cell_aspect(shown) == pytest.approx(pitch[0] / pitch[1])
    assert axes[0] * cell_aspect(shown) == pytest.approx(axes[1])
    sheet = lay_out(shown, 24)
    assert sheet.radius[0] == pytest.approx(sheet.radius[1], rel=0.05)


def test_a_wafer_of_unknown_diameter_is_drawn_round_around_its_dies():
    shown = wafer(np.zeros((20, 20), dtype=bool), die_pitch_mm=(10.0, 5.0))
    assert rim_in_dies(shown)[0] * cell_aspect(shown) == pytest.approx(rim_in_dies(shown)[1])


def test_a_row_of_a_few_sites_is_drawn_of_square_dies():
    assert lay_out(wafer(np.zeros((1, 9), dtype=bool)), 12).cell == (12, 12)


def test_dies_lie_on_the_disc_as_far_from_its_centre_as_the_file_says():
    few = wafer(np.zeros((2, 3), bool), die_pitch_mm=(10.0, 10.0), diameter_mm=200.0, center=(-4.0, 1.0))
    sheet = lay_out(few, 8)
    rows, columns = sheet.box(0, 0)
    assert (rows.start - sheet.center[0], columns.start - sheet.center[1]) == (3.5 * 8, -1.5 * 8)
    assert sheet.center == pytest.approx((sheet.size[0] / 2, sheet.size[1] / 2), abs=0.5)


@given(rows=st.integers(1, 40), columns=st.integers(1, 40), cell_px=st.integers(1, 9))
def test_the_disc_holds_every_die(rows, columns, cell_px):
    shown = wafer(np.zeros((rows, columns), dtype=bool))
    image, sheet = draw_wafer(shown, cell_px=cell_px), lay_out(shown, cell_px)
    for row, column in [(0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1)]:
        cell = image[sheet.box(row, column)]
        assert cell.shape[:2] == sheet.cell
        assert (cell[..., 3] > 0).mean() > 0.5


def test_off_the_wafer_the_picture_is_transparent():
    image = draw_wafer(wafer(np.zeros((30, 30), dtype=bool), dies=disc(30)), cell_px=4)
    assert (image[[0, 0, -1, -1], [0, -1, 0, -1], 3] == 0).all()


def test_heat_runs_from_the_passing_grey_to_the_class_colour():
    shown = wafer(np.ones((9, 9), dtype=bool))
    found = segmentation(shown, {})
    found.probabilities[0] = np.linspace(0, 1, 81).reshape(9, 9)
    image, sheet = draw_wafer(shown, found, cell_px=8, heat="edge"), lay_out(shown, 8)
    assert color_at(image, sheet, 0, 0) == GREYS[Theme.LIGHT].passing
    assert color_at(image, sheet, 8, 8) == class_colors()["edge"]


def test_a_thumbnail_is_a_square_of_the_size_asked_for_whatever_the_grid():
    for shape in ((200, 200), (9, 31), (4, 4)):
        failing = np.ones(shape, dtype=bool)
        shown = wafer(failing)
        png = thumbnail_png(shown, segmentation(shown, {"center": failing}), side_px=64)
        picture = np.asarray(Image.open(io.BytesIO(png)))
        assert picture.shape == (64, 64, 4)
        assert tuple(picture[32, 32, :3]) == pytest.approx(rgb(class_colors()["center"]), abs=40)


def test_png_keeps_every_pixel():
    image = np.random.default_rng(3).integers(0, 256, (13, 17, 4), dtype=np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png_bytes(image)))), image)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"cell_px": 0}, "cannot be drawn 0 pixels wide"),
        ({"classes": ["dust"]}, "'dust'.* do not exist"),
        ({"heat": "dust"}, "'dust'.* do not exist"),
        ({"heat": "edge"}, "no probabilities"),
    ],
)
def test_nonsense_is_refused_with_what_to_do(arguments, words):
    with pytest.raises(WaferValueError, match=words):
        draw_wafer(wafer(np.ones((3, 3), dtype=bool)), **arguments)


def test_a_thumbnail_of_a_round_wafer_is_round_whatever_the_pitch():
    shown = WaferMap(
        dies=np.ones((30, 48), dtype=np.uint8), lot_id="L", wafer_id="W", die_pitch_mm=(7.0, 5.0), diameter_mm=330.0
    )
    picture = np.asarray(Image.open(io.BytesIO(thumbnail_png(shown, side_px=96))))
    seen = picture[..., 3] > 0
    assert abs(int(seen.any(axis=0).sum()) - int(seen.any(axis=1).sum())) <= 2


@pytest.mark.parametrize("cell_px", [1, 2, 3, 8])
def test_small_pictures_are_round_although_their_cells_are_whole_pixels(cell_px):
    shown = wafer(np.zeros((38, 34), dtype=bool), die_pitch_mm=(7.89, 8.82), diameter_mm=300.0)
    picture = to_scale(draw_wafer(shown, cell_px=cell_px), shown, cell_px, 96)
    filled = picture[..., 3] > 128
    down, across = np.ptp(np.flatnonzero(filled.any(axis=1))), np.ptp(np.flatnonzero(filled.any(axis=0)))
    assert picture.shape == (96, 96, 4)
    assert abs(down - across) <= 6  # the notch
