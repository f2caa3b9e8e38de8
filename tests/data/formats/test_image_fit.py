"""Pictures that show more than dies: the same grid comes back, or a remark or refusal - never another in silence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from data.formats import ReadFailure
from tests.data.formats.image_examples import (
    BLACK,
    DISC,
    GREEN,
    RED,
    WHITE,
    clustered,
    drawn,
    picture,
    read,
    round_wafer,
)
from tests.data.formats.strategies import PATIENT


def framed(dies: np.ndarray, cell: int) -> np.ndarray:
    """Draw dies within axes, with ticks, their numbers and a colour bar."""
    map_only = drawn(dies, (cell, cell))
    height, width = map_only.shape[:2]
    image = Image.new("RGB", (width + 160, height + 90), WHITE)
    image.paste(Image.fromarray(map_only), (50, 40))
    pen = ImageDraw.Draw(image)
    pen.rectangle([49, 39, 50 + width, 40 + height], outline=BLACK)
    for tick in range(0, dies.shape[0], 5):
        place = 40 + tick * cell + cell // 2
        pen.line([44, place, 48, place], BLACK)
        pen.text((20, place - 5), str(tick), BLACK)
    for step in range(height):
        share = step / height
        pen.line([width + 80, 40 + step, width + 96, 40 + step], (int(255 * share), int(200 * (1 - share)), 90))
    pen.rectangle([width + 79, 39, width + 97, 40 + height], outline=BLACK)
    pen.text((60, 10), "Bin map of L1 W05", BLACK)
    return np.asarray(image)


def is_same_or_told(pixels: np.ndarray, dies: np.ndarray) -> bool:
    found = read(picture(pixels))
    return isinstance(found, ReadFailure) or found.dies.tolist() == dies.tolist() or bool(found.remarks)


@pytest.mark.slow
@settings(PATIENT, max_examples=60, derandomize=True)
@given(
    st.integers(200, 1000),
    st.integers(10, 100),
    st.sampled_from([0.5, 0.7, 1, 1.4, 1.8]),
    st.booleans(),
    st.sampled_from([0, 0, 1, 2]),
    st.integers(0, 3),
    st.sampled_from([None, DISC]),
    st.sampled_from([(0, 0), (40, 0), (40, 110)]),
    st.sampled_from([0.0, 0.0, 0.0, 0.01]),
    st.integers(0, 99),
)
def test_no_drawing_is_read_as_another_grid_in_silence(size, columns, aspect, blob, gap, rim, disc, marks, noise, seed):
    rows = int(np.clip(round(columns * aspect), 10, 100))
    margin = 14 if rim else 5
    cell = ((size - 2 * margin) / rows, (size - 2 * margin) / columns)
    if gap:
        cell = (float(int(cell[0])), float(int(cell[1])))
    if min(cell) < 3 + gap:
        return
    dies = clustered(rows, columns) if blob else round_wafer(rows, columns, seed)
    pixels = drawn(dies, cell, gap=gap, margin=margin, rim=rim, disc=disc, head=marks[0], side=marks[1]).copy()
    if noise:
        dots = np.random.default_rng(seed).random(pixels.shape[:2]) < noise
        pixels[dots] = np.array([WHITE, GREEN, RED])[np.random.default_rng(seed).integers(0, 3, dots.sum())]
    assert is_same_or_told(pixels, dies)


@pytest.mark.parametrize("make", [clustered, round_wafer])
@pytest.mark.parametrize("shape", [(31, 31), (24, 40), (50, 36)])
@pytest.mark.parametrize("gap", [0, 1, 2])
def test_a_title_and_a_legend_are_no_dies(make, shape, gap):
    dies = make(*shape)
    wafer = read(picture(drawn(dies, (9, 12), gap=gap, margin=12, head=40, side=110)))
    assert wafer.dies.tolist() == dies.tolist()
    assert "beside the map" in wafer.remarks[0]


@pytest.mark.parametrize("make", [clustered, round_wafer])
@pytest.mark.parametrize("disc", [None, DISC])
@pytest.mark.parametrize("rim", [1, 3])
@pytest.mark.parametrize("gap", [0, 1])
def test_a_rim_around_the_dies_and_their_disc_are_no_dies(make, disc, rim, gap):
    dies = make(31, 31)
    assert read(picture(drawn(dies, (13, 13), gap=gap, margin=16, rim=rim, disc=disc))).dies.tolist() == dies.tolist()


@pytest.mark.parametrize("make", [clustered, round_wafer])
def test_axes_and_a_colour_bar_are_no_dies(make):
    dies = make(31, 31)
    wafer = read(picture(framed(dies, 12)))
    assert wafer.dies.tolist() == dies.tolist()
    assert "beside the map" in wafer.remarks[0]


def test_a_page_without_a_map_is_refused():
    image = Image.new("RGB", (500, 400), WHITE)
    pen = ImageDraw.Draw(image)
    for line in range(30):
        pen.text((10, 5 + 13 * line), "Lot L1 Wafer 05  good 668  bad 49  yield 93.2 %  tester T4", BLACK)
    assert "marks" in read(picture(np.asarray(image))).reason


def test_the_grid_of_a_picture_that_shows_failures_alone_is_the_whole_picture():
    dies = round_wafer(30, 30, failing=0.3)
    dies[(dies == 2) & (np.hypot(*(np.mgrid[:30, :30] - 14.5)) > 11)] = 1
    wafer = read(picture(drawn(np.where(dies == 2, dies, 0).astype(np.uint8), (10, 10), gap=1)))
    assert wafer.dies.shape == (30, 30)
    assert (wafer.dies == 2).tolist() == (dies == 2).tolist()
    assert "no outline" in wafer.remarks[0]


def test_half_transparent_dies_count_as_seen():
    dies = round_wafer(31, 31)
    pixels = drawn(dies, (10, 10))
    opacity = np.where((pixels == 255).all(axis=2), 0, 90).astype(np.uint8)
    assert read(picture(np.dstack([pixels, opacity]))).dies.tolist() == dies.tolist()


def test_pixels_that_are_dies_get_no_remark():
    dies = round_wafer(300, 300)
    wafer = read(picture(np.array([0, 127, 255], dtype=np.uint8)[dies]))
    assert (wafer.dies.tolist(), wafer.remarks) == (dies.tolist(), ())


def test_a_coarse_drawing_whose_grid_cannot_be_told_gets_a_remark():
    image = Image.new("RGB", (300, 300), WHITE)
    pen = ImageDraw.Draw(image)
    pen.ellipse([2, 2, 297, 297], GREEN)
    pen.rectangle([120, 130, 149, 159], RED)
    assert "cannot be told" in read(picture(np.asarray(image))).remarks[0]
