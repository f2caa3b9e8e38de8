import io

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data.formats import read_bytes
from data.formats.image_meaning import inscribed_disc
from data.formats.write import write_png
from data.wafer import WaferMap
from tests.data.formats.image_examples import picture, read, round_wafer
from tests.data.formats.strategies import PATIENT

GREYS = np.array([0, 127, 255], dtype=np.uint8)
COLORS = np.array([[255, 255, 255], [40, 160, 60], [220, 40, 40]], dtype=np.uint8)


def by_center(dies: np.ndarray, height: int, width: int) -> np.ndarray:
    return np.asarray(Image.fromarray(dies).resize((width, height), Image.Resampling.NEAREST))


def by_corner(dies: np.ndarray, height: int, width: int) -> np.ndarray:
    rows, columns = dies.shape
    return dies[np.ix_(np.arange(height) * rows // height, np.arange(width) * columns // width)]


def end_to_end(dies: np.ndarray, height: int, width: int) -> np.ndarray:
    rows, columns = dies.shape
    return dies[
        np.ix_(
            np.linspace(0, rows - 1, height).round().astype(int), np.linspace(0, columns - 1, width).round().astype(int)
        )
    ]


DRAWINGS = pytest.mark.parametrize("draw", [by_center, by_corner, end_to_end])


@DRAWINGS
def test_300_pixels_drawn_from_27_by_25_dies_come_back_as_27_by_25(draw):
    dies = round_wafer(27, 25)
    assert read(picture(GREYS[draw(dies, 300, 300)])).dies.tolist() == dies.tolist()


@DRAWINGS
@settings(PATIENT, max_examples=15)
@given(st.integers(12, 70), st.integers(12, 70), st.integers(200, 420), st.integers(200, 420), st.integers(0, 9))
def test_any_grid_is_recovered_from_any_size(draw, rows, columns, height, width, seed):
    dies = round_wafer(rows, columns, seed)
    assert read(picture(GREYS[draw(dies, height, width)])).dies.tolist() == dies.tolist()


def test_equal_neighbours_do_not_merge_into_larger_dies():
    dies = round_wafer(27, 25, failing=0)
    assert len({row.tobytes() for row in dies}) < 27
    assert read(picture(GREYS[by_center(dies, 300, 300)])).dies.tolist() == dies.tolist()


def test_a_fine_grid_in_few_pixels_is_recovered():
    dies = round_wafer(212, 204)
    assert read(picture(GREYS[by_center(dies, 300, 300)])).dies.tolist() == dies.tolist()


def test_one_pixel_a_die_stays_so():
    dies = round_wafer(52, 49)
    assert read(picture(GREYS[dies])).dies.tolist() == dies.tolist()


@DRAWINGS
def test_a_margin_is_no_part_of_the_grid(draw):
    dies = round_wafer(30, 26)
    pixels = np.pad(draw(dies, 310, 305), ((17, 8), (3, 29)))
    assert read(picture(COLORS[pixels])).dies.tolist() == dies.tolist()


@pytest.mark.parametrize("street", [1, 2, 3])
@pytest.mark.parametrize("colour", ["off", "black"])
@pytest.mark.parametrize("margin", [0, 14])
def test_dies_parted_by_streets_are_recovered(street, colour, margin):
    dies = round_wafer(24, 31)
    pixels = COLORS[np.kron(dies, np.ones((11, 9), dtype=np.uint8))]
    line = COLORS[0] if colour == "off" else [0, 0, 0]
    for start in range(street):
        pixels[start::11] = line
        pixels[:, start::9] = line
    pixels = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), constant_values=255)
    assert read(picture(pixels)).dies.tolist() == dies.tolist()


@pytest.mark.parametrize("quality", [75, 90])
@pytest.mark.parametrize("entries", [GREYS, COLORS], ids=["grey", "colour"])
@pytest.mark.parametrize("margin", [0, 13])
def test_a_jpeg_of_few_values_is_read_as_dies(quality, entries, margin):
    dies = round_wafer(27, 25)
    pixels = entries[np.pad(by_center(dies, 300, 300), margin)]
    assert read(picture(pixels, "JPEG", quality=quality), "map.jpg").dies.tolist() == dies.tolist()


def test_a_pattern_of_every_third_die_is_not_taken_for_streets():
    dies = round_wafer(30, 30, failing=0)
    dies[::3, ::3] *= 2
    dies[dies > 2] = 2
    assert read(picture(GREYS[by_center(dies, 300, 300)])).dies.tolist() == dies.tolist()


@pytest.mark.parametrize(
    ("values", "meaning"),
    [
        ([0, 1, 2], "off pass fail"),
        ([0, 127, 255], "off pass fail"),
        ([0, 128, 255], "off pass fail"),
        ([0, 1, 7], "off pass fail"),  # bin numbers
        ([255, 200, 0], "off pass fail"),  # by corner and frequency
        ([30, 220, 140], "off pass fail"),
    ],
)
def test_grey_values_mean_what_the_rules_say(values, meaning):
    dies = round_wafer(20, 20)
    assert read(picture(np.array(values, dtype=np.uint8)[dies])).dies.tolist() == dies.tolist()


def test_grey_conventions_hold_for_wafers_that_mostly_fail():
    dies = round_wafer(20, 20, failing=0.9)
    assert read(picture(GREYS[dies])).dies.tolist() == dies.tolist()


def test_bin_numbers_in_a_grey_picture_are_kept():
    bins = round_wafer(20, 20).astype(np.uint8)
    bins[10, 5:9] = [9, 17, 30, 17]
    wafer = read(picture(bins))
    assert wafer.bins.tolist() == bins.tolist()
    assert wafer.dies.tolist() == np.minimum(bins, 2).tolist()


@pytest.mark.parametrize(
    "entries",
    [
        [(255, 255, 255), (0, 170, 0), (200, 0, 0)],
        [(0, 0, 0), (90, 230, 110), (255, 190, 40)],
        [(68, 1, 84), (33, 145, 140), (253, 231, 37)],
    ],
)
def test_colours_decide_even_where_most_dies_fail(entries):
    dies = round_wafer(20, 20, failing=0.8)
    assert read(picture(np.array(entries, dtype=np.uint8)[dies])).dies.tolist() == dies.tolist()


def test_two_values_are_failures_on_a_disc_where_the_corner_value_fills_it():
    dies = round_wafer(25, 25, failing=0.1)
    pixels = np.where(dies == 2, 255, 0).astype(np.uint8)
    assert read(picture(pixels)).dies.tolist() == dies.tolist()


def test_two_values_are_a_passing_wafer_where_the_other_fills_the_disc():
    dies = round_wafer(25, 25, failing=0)
    assert read(picture((dies * 255).astype(np.uint8))).dies.tolist() == dies.tolist()


def test_see_through_pixels_are_off():
    dies = round_wafer(20, 22)
    pixels = np.dstack([COLORS[dies], np.where(dies == 0, 0, 255).astype(np.uint8)])
    pixels[0, 0, :3] = [3, 90, 200]
    assert read(picture(pixels)).dies.tolist() == dies.tolist()


@pytest.mark.parametrize(
    "options",
    [
        {"off_values": (9,), "pass_values": (200,), "fail_values": (3, 77)},
        {"pass_values": (200,)},
        {"fail_values": (3, 77)},
        {"off_values": ("#090909",), "pass_values": ("#C8C8C8",)},
    ],
)
def test_the_caller_says_what_values_mean(options):
    dies = round_wafer(20, 20, failing=0.7)
    pixels = np.array([9, 200, 3], dtype=np.uint8)[dies]
    pixels[10, 10], dies[10, 10] = 77, 2
    assert read(picture(pixels), **options).dies.tolist() == dies.tolist()


def test_a_palette_means_its_colours_and_options_mean_its_entries():
    dies = round_wafer(20, 20)
    image = Image.fromarray(np.array([5, 0, 3], dtype=np.uint8)[dies], mode="P")
    image.putpalette(bytes([40, 160, 60, 0, 0, 0, 0, 0, 0, 220, 40, 40, 0, 0, 0, 255, 255, 255]))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    assert read(stream.getvalue()).dies.tolist() == dies.tolist()
    swapped = read(stream.getvalue(), off_values=(5,), pass_values=(3,), fail_values=(0,))
    assert swapped.dies.tolist() == np.array([0, 2, 1])[dies].tolist()


def tiff(pixels: np.ndarray, **writing) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **writing)
    return stream.getvalue()


DIES = round_wafer(24, 20)
SIXTEEN = np.array([0, 32768, 65535], dtype=np.uint16)
TIFFS = {
    "8 bit": tiff(GREYS[DIES]),
    "16 bit": tiff(SIXTEEN[DIES]),
    "16 bit codes": tiff(DIES.astype(np.uint16)),
    "16 bit big-endian": tiff(SIXTEEN[DIES], byteorder=">"),
    "signed": tiff(DIES.astype(np.int32)),
    "real": tiff((DIES / 2).astype(np.float32)),
    "colour": tiff(COLORS[DIES], photometric="rgb"),
    "16 bit colour": tiff(COLORS[DIES].astype(np.uint16) * 257, photometric="rgb"),
    "colour by planes": tiff(np.moveaxis(COLORS[DIES], -1, 0), photometric="rgb", planarconfig="separate"),
    "white is zero": tiff(255 - GREYS[DIES], photometric="miniswhite"),
    "palette": tiff(DIES, photometric="palette", colormap=np.pad(COLORS.T.astype(np.uint16) * 257, ((0, 0), (0, 253)))),
    "tiles": tiff(SIXTEEN[DIES], tile=(16, 16), compression="zlib"),
    "large offsets": tiff(GREYS[DIES], bigtiff=True),
    "LZW": picture(GREYS[DIES], "TIFF", compression="tiff_lzw"),
    "Group 4": picture(by_center(DIES == 2, 240, 200), "TIFF", compression="group4"),
}


@pytest.mark.parametrize("kind", TIFFS)
def test_every_kind_of_tiff_gives_the_same_wafer(kind):
    wafer = read(TIFFS[kind], "map.tif")
    expected = np.where(DIES == 2, 2, inscribed_disc(DIES.shape)) if kind == "Group 4" else DIES
    assert wafer.dies.tolist() == expected.tolist()


def test_pages_of_a_tiff_are_wafers_and_a_bad_page_fails_alone():
    stack = np.stack([GREYS[DIES], np.zeros_like(DIES), GREYS[DIES]])
    first, second, third = read_bytes("lot.tif", tiff(stack, photometric="minisblack"))
    assert [first.wafer_id, third.wafer_id] == ["W01", "W03"]
    assert first.dies.tolist() == third.dies.tolist() == DIES.tolist()
    assert "lot.tif page 2 of 3: expected a wafer map, found a picture of one colour" in second.reason


def test_a_picture_of_one_colour_is_refused_unless_its_meaning_is_said():
    flat = picture(np.full((20, 20), 200, dtype=np.uint8))
    assert "found a picture of one colour" in read(flat).reason
    assert (read(flat, pass_values=(200,)).dies == 1).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_too_many_pixels_are_refused_before_decoding(kind):
    content = picture(np.zeros((300, 400), dtype=np.uint8), kind)
    assert "the limit is" in read(content, max_pixels=100_000).reason


def test_more_than_4096_pixels_of_continuous_tone_are_refused():
    tone = np.tile(np.arange(5000, dtype=np.uint16) * 13, (3, 1))
    assert "at most 4096" in read(tiff(tone), "wide.tif").reason


def test_texts_of_other_programs_name_the_wafer(tmp_path):
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    for name, text in {"Lot": "L5", "WaferID": "W11", "Date": "sometime", "Software": "x"}.items():
        texts.add_text(name, text)
    wafer = read(picture(GREYS[DIES], pnginfo=texts))
    assert (wafer.key, wafer.tested_at, dict(wafer.attributes)) == ("L5:W11", None, {})


def test_a_wafer_of_one_value_is_read_back_from_its_own_picture(tmp_path):
    wafer = WaferMap(dies=np.full((6, 9), 2, dtype=np.uint8), lot_id="L", wafer_id="W01")
    write_png(wafer, tmp_path / "all.png", size=(100, 100))
    [read_back] = read_bytes("all.png", (tmp_path / "all.png").read_bytes())
    assert read_back.dies.tolist() == wafer.dies.tolist()
