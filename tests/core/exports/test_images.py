import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from core.drawing.palette import class_colors, rgb
from core.exports import mask_png, overlay_png, read_mask_png
from data.classes import CLASS_COUNT, CLASS_INDEX
from data.errors import FormatError
from data.wafer import WaferMap
from tests.core.exports.examples import analysed, example_result

MASKS = arrays.arrays(bool, st.tuples(st.just(CLASS_COUNT), st.integers(1, 20), st.integers(1, 20)))


@given(MASKS)
def test_masks_survive_the_png_whatever_they_are(masks):
    wafer = WaferMap(dies=np.full(masks.shape[1:], 2, dtype=np.uint8), lot_id="L", wafer_id="W")
    read = read_mask_png(mask_png(analysed(wafer, masks, clusters=False)))
    assert read.dtype == bool
    np.testing.assert_array_equal(read, masks)


def test_any_png_reader_sees_one_bit_a_class():
    result = example_result()
    pixels = cv2.imdecode(np.frombuffer(mask_png(result), dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels.shape == result.wafer.dies.shape
    assert pixels[5, 6] == (1 << CLASS_INDEX["particle"]) | (1 << CLASS_INDEX["scratch"])
    assert pixels[4, 6] == 1 << CLASS_INDEX["particle"]
    assert pixels[0, 0] == 0


def test_the_mask_says_what_it_means():
    with Image.open(io.BytesIO(mask_png(example_result()))) as image:
        assert image.info["classes"].startswith('["edge", "center"')
        assert "One pixel is one die" in image.info["meaning"]
        assert image.info["wafer"] == "LOT1:W01"


@pytest.mark.parametrize("kept", [0, 7, 40, 100])
def test_a_cut_mask_is_refused(kept):
    with pytest.raises(FormatError, match=r"cut\.png"):
        read_mask_png(mask_png(example_result())[:kept], "cut.png")


def test_a_png_of_someone_else_is_refused_not_guessed():
    file = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), dtype=np.uint8)).save(file, "PNG")
    with pytest.raises(FormatError, match="expected masks of the classes edge, center"):
        read_mask_png(file.getvalue())


def test_a_colour_png_is_refused():
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, "PNG")
    with pytest.raises(FormatError, match="expected an 8-bit grey PNG, found RGB"):
        read_mask_png(file.getvalue())


@pytest.mark.slow
@pytest.mark.parametrize("palette", ["standard", "safe"])
def test_the_overlay_shows_defects_in_their_class_colour(palette):
    pixels = np.asarray(Image.open(io.BytesIO(overlay_png(example_result(), palette, "dark"))).convert("RGB"))
    shown = {tuple(color) for color in pixels.reshape(-1, 3).tolist()}
    assert rgb(class_colors(palette)["particle"]) in shown
    assert rgb(class_colors(palette)["scratch"]) in shown
    assert rgb(class_colors(palette)["edge"]) not in shown


@pytest.mark.parametrize("shape", [(1, 1), (30, 24), (10, 300), (500, 20)])
def test_the_overlay_is_large_enough_to_see_and_small_enough_to_send(shape):
    dies = np.ones(shape, dtype=np.uint8)
    result = analysed(WaferMap(dies=dies, lot_id="L", wafer_id="W"), np.zeros((CLASS_COUNT, *shape), dtype=bool))
    with Image.open(io.BytesIO(overlay_png(result))) as image:
        assert 24 <= max(image.size) <= 1500
