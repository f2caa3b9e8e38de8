import json

import numpy as np
import pytest
from PIL.PngImagePlugin import PngInfo

from tests.data.formats.image_examples import picture, read, round_wafer

DISC, PASSING, FAILING, CLASS = (246, 247, 249), (220, 225, 230), (74, 83, 94), (245, 130, 31)
DRAWING = {
    "lot": "L1",
    "wafer": "W05",
    "kind": "overlay",
    "rows": "21",
    "columns": "25",
    "px_per_die": "8 x 7",
    "margin": "12 x 9",
    "passing_color": "#dce1e6",
    "disc_color": "#f6f7f9",
}
DIES = round_wafer(21, 25, failing=0.7)


def overlay(pairs: dict[str, str]) -> bytes:
    """A drawing with dies of two classes in bands, most of them failing, so that colours alone would mislead."""
    pixels = np.zeros((21 * 8 + 24, 25 * 7 + 18, 4), dtype=np.uint8)
    for row, column in np.argwhere(DIES > 0):
        cell = pixels[12 + 8 * row : 19 + 8 * row, 9 + 7 * column : 15 + 7 * column]
        cell[:] = (*(PASSING if DIES[row, column] == 1 else CLASS if row % 2 else FAILING), 255)
        if DIES[row, column] == 2 and column % 3 == 0:
            cell[:3] = (30, 90, 200, 255)
    pixels[pixels[..., 3] == 0] = (*DISC, 255)
    texts = PngInfo()
    texts.add_itxt("waferscope", json.dumps(pairs), zip=True)
    return picture(pixels, pnginfo=texts)


def test_a_drawing_says_where_its_dies_are():
    wafer = read(overlay(DRAWING))
    assert (wafer.key, wafer.dies.tolist(), wafer.remarks) == ("L1:W05", DIES.tolist(), ())


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"kind": "heat"}, "kind 'heat'"),
        ({"rows": "many"}, "whole number of rows"),
        ({"px_per_die": "8.5"}, "px_per_die"),
        ({"px_per_die": "0"}, "another size"),
        ({"columns": "99999"}, "another size"),
        ({"size": "100 x 100"}, "another size"),
        ({"passing_color": "grey"}, "passing_color"),
    ],
)
def test_a_drawing_that_is_not_what_it_says_is_refused(changed, word):
    assert word in read(overlay(DRAWING | changed)).reason


def test_masks_of_classes_are_no_wafer():
    texts = PngInfo()
    for name in ("meaning", "classes", "wafer", "model"):
        texts.add_itxt(name, "[]")
    assert "masks of defect classes" in read(picture(DIES, pnginfo=texts)).reason


@pytest.mark.parametrize("pairs", [{"_" * 900_000 + "a": "x"}, {"a" * 90_000: "x", "lot": "L1"}])
def test_names_without_end_are_passed_over(pairs):
    texts = PngInfo()
    texts.add_text("waferscope", json.dumps(pairs), zip=True)
    assert read(picture(DIES, pnginfo=texts)).lot_id == pairs.get("lot", "map")


def test_more_metadata_than_any_of_ours_is_refused():
    texts = PngInfo()
    texts.add_text("waferscope", json.dumps({"lot": "L" * 2**20}))
    assert "the limit is" in read(picture(DIES, pnginfo=texts)).reason


def test_lines_drawn_around_dies_are_no_dies_where_the_drawing_says_how_dies_fail():
    bands = {"#4a535e", "#f5821f", "#1e5ac8"}
    wafer = read(overlay(DRAWING | {"failing_colors": " ".join(sorted(bands))}))
    assert wafer.dies.tolist() == DIES.tolist()
    fewer = read(overlay(DRAWING | {"failing_colors": "#f5821f"}))
    assert set(fewer.dies[DIES == 2]) == {0, 2}
    assert (fewer.dies[DIES == 1] == 1).all()
