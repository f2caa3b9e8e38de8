import io

import numpy as np
import pytest
from PIL import Image

from core.ingestion.samples import sample_files
from core.ingestion.tone_preview import tone_preview
from data.formats import ReadOptions
from data.formats.image_preview import SIDE_PX


def ramp(dtype=np.uint8, side=100):
    """A picture that grows evenly brighter from left to right."""
    row = np.linspace(0, np.iinfo(dtype).max, side).astype(dtype)
    file = io.BytesIO()
    Image.fromarray(np.tile(row, (side, 1))).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("threshold", "failing"), [(0.2, 0.87), (0.5, 0.5), (0.8, 0.13)])
def test_a_higher_threshold_fails_fewer_dies(dtype, threshold, failing):
    # Share of a disc's area beyond a chord at this place: 0.858, 0.5, 0.142; a pixel column is 0.01 wide.
    preview = tone_preview("ramp.png", ramp(dtype), ReadOptions(threshold=threshold), "light")
    assert preview.failing_share == pytest.approx(failing, abs=0.03)


def test_the_pictures_fit_their_place():
    preview = tone_preview("ramp.png", ramp(side=500), ReadOptions(threshold=0.5), "dark")
    for png in (preview.image_png, preview.dies_png):
        with Image.open(io.BytesIO(png)) as image:
            assert max(image.size) == SIDE_PX


def test_what_is_no_image_has_no_preview():
    assert tone_preview("a.csv", b"x,y,bin\n0,0,1\n0,1,2\n", ReadOptions(), "light") is None
    assert tone_preview("a.png", sample_files()[0][1][:50], ReadOptions(), "light") is None
