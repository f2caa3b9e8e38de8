import io

import numpy as np
import pytest
from PIL import Image

from data.formats.image_preview import SIDE_PX, grey_png


def picture(pixels, kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    file.seek(0)
    return file


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_range_of_a_picture_becomes_that_of_its_grey(dtype):
    ramp = np.tile(np.linspace(0, np.iinfo(dtype).max, 50).astype(dtype), (50, 1))
    with Image.open(io.BytesIO(grey_png(picture(ramp), 10**6))) as grey:
        assert grey.mode == "L"
        assert np.asarray(grey)[0, [0, -1]].tolist() == [0, 255]


def test_a_picture_is_no_larger_than_its_place():
    with Image.open(io.BytesIO(grey_png(picture(np.zeros((300, 600), np.uint8)), 10**6))) as grey:
        assert grey.size == (SIDE_PX, SIDE_PX // 2)


def test_what_is_no_picture_or_has_too_many_pixels_gives_none():
    assert grey_png(io.BytesIO(b"x,y,bin"), 10**6) is None
    assert grey_png(picture(np.zeros((30, 30), np.uint8)), 899) is None
