"""Drawn pictures come back as the dies they were drawn of; compressed and smoothed ones never as others in silence."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

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

COLORS = [(WHITE, GREEN, RED), (BLACK, (127,) * 3, WHITE), ((68, 1, 84), (33, 145, 140), (253, 231, 37))]


def few_failing(rows: int, columns: int, seed: int) -> np.ndarray:
    """A wafer on which three dies fail: the first that a careless reader loses."""
    dies = round_wafer(rows, columns, failing=0)
    passing = np.argwhere(dies == 1)
    dies[tuple(passing[np.random.default_rng(seed).choice(len(passing), 3, replace=False)].T)] = 2
    return dies


def wafer_of(style: str, rows: int, columns: int, seed: int) -> np.ndarray:
    if style == "few":
        return few_failing(rows, columns, seed)
    return clustered(rows, columns) if style == "blob" else round_wafer(rows, columns, seed)


def on_wafer(dies: np.ndarray) -> list[list[int]]:
    """The dies without the empty rows and columns around them."""
    rows, columns = (np.flatnonzero((dies > 0).any(axis=axis)) for axis in (1, 0))
    return dies[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].tolist()


def comes_back(found, dies: np.ndarray) -> bool:
    return not isinstance(found, ReadFailure) and on_wafer(found.dies) == on_wafer(dies)


STYLES = st.sampled_from(["few", "blob", "scatter"])


@pytest.mark.slow
@settings(PATIENT, max_examples=60, derandomize=True)
@given(
    st.integers(200, 1000),
    st.integers(16, 90),
    st.sampled_from([0.6, 0.8, 1, 1.25, 1.6]),
    STYLES,
    st.integers(0, 2),
    st.integers(0, 3),
    st.sampled_from([(0, 0), (40, 0), (40, 110)]),
    st.integers(0, 99),
)
def test_a_drawing_of_dies_comes_back_as_these_dies(size, columns, aspect, style, gap, rim, marks, seed):
    rows = int(np.clip(round(columns / aspect), 16, 110))
    pitch = size / max(rows * aspect, columns)
    cell = (pitch * aspect, pitch) if not gap else (float(int(pitch * aspect)), float(int(pitch)))
    if min(cell) < 3 + 2 * gap:
        return
    dies = wafer_of(style, rows, columns, seed)
    pixels = drawn(dies, cell, gap=gap, margin=14 if rim else 5, rim=rim, head=marks[0], side=marks[1])
    assert comes_back(read(picture(pixels)), dies)


@settings(PATIENT, max_examples=60, derandomize=True)
@given(
    st.integers(200, 600),
    st.one_of(st.none(), st.integers(200, 600)),
    st.integers(12, 90),
    st.integers(12, 90),
    STYLES,
    st.integers(0, 2),
    st.sampled_from([0, 0, 1]),
    st.sampled_from(COLORS),
    st.integers(0, 99),
)
def test_a_map_stretched_to_any_size_comes_back(height, width, rows, columns, style, above, left, colors, seed):
    dies = np.pad(wafer_of(style, rows, columns, seed), ((above, above), (left, 0)))
    small = Image.fromarray(np.array(colors, dtype=np.uint8)[dies])
    stretched = small.resize((width or height, height), Image.Resampling.NEAREST)
    assert comes_back(read(picture(np.asarray(stretched))), dies)


@pytest.mark.slow
@settings(PATIENT, max_examples=60, derandomize=True)
@given(
    st.integers(200, 600),
    st.floats(3, 20),
    st.sampled_from([0.7, 1, 1, 1.4]),
    STYLES,
    st.integers(0, 2),
    st.integers(0, 2),
    st.booleans(),
    st.sampled_from([(0, 0), (40, 0), (40, 110)]),
    st.sampled_from(COLORS),
    st.sampled_from([0, 0, 0.4, 0.7, 1.1]),
    st.sampled_from([1, 1, 0.8, 1.3]),
    st.sampled_from([None, 60, 70, 80, 88, 95]),
    st.integers(0, 99),
)
def test_a_compressed_or_smoothed_drawing_loses_no_die_in_silence(
    size, pitch, aspect, style, gap, rim, disc, marks, colors, blur, scale, quality, seed
):
    columns, rows = (int(np.clip(size / each, 8, 110)) for each in (pitch, pitch * aspect))
    cell = (pitch * aspect, pitch) if not gap else (float(round(pitch * aspect)), float(round(pitch)))
    if min(cell) < 3 + 2 * gap:
        return
    dies = wafer_of(style, rows, columns, seed)
    plate = DISC if disc and rim and colors[0] == WHITE else None
    pixels = drawn(
        dies, cell, gap=gap, margin=14 if rim else 5, rim=rim, disc=plate, head=marks[0], side=marks[1], colors=colors
    )
    image = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(blur))
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    image.save(stream, "PNG" if quality is None else "JPEG", **({} if quality is None else {"quality": quality}))
    found = read(stream.getvalue(), "map.png" if quality is None else "map.jpg")
    assert isinstance(found, ReadFailure) or comes_back(found, dies) or found.remarks


@pytest.mark.parametrize("blur", [0.5, 0.8])
@pytest.mark.parametrize("style", ["few", "blob", "scatter"])
def test_a_smoothed_drawing_of_large_dies_comes_back(style, blur):
    dies = wafer_of(style, 31, 31, 0)
    image = Image.fromarray(drawn(dies, (13, 13), margin=16)).filter(ImageFilter.GaussianBlur(blur))
    assert comes_back(read(picture(np.asarray(image))), dies)


def test_three_failing_dies_in_a_fine_jpeg_are_found_or_doubted():
    dies = few_failing(80, 80, 5)
    stream = io.BytesIO()
    Image.fromarray(drawn(dies, (4, 4), margin=6)).save(stream, "JPEG", quality=75)
    found = read(stream.getvalue(), "map.jpg")
    assert comes_back(found, dies) or found.remarks


def test_rows_of_gaps_as_wide_as_dies_are_doubted():
    dies = clustered(60, 60)
    wafer = read(picture(drawn(dies, (4, 4), gap=2, margin=5)))
    assert comes_back(wafer, dies) or "without a die" in " ".join(wafer.remarks)


@pytest.mark.parametrize("style", ["few", "blob", "scatter"])
def test_a_smooth_rim_of_a_colour_between_page_and_dies_is_no_die(style):
    dies = wafer_of(style, 31, 31, 0)
    colors = (BLACK, (220, 225, 230), (245, 130, 31))
    large = Image.fromarray(drawn(dies, (48, 48), gap=2, margin=40, rim=8, disc=DISC, colors=colors))
    wafer = read(picture(np.asarray(large.reduce(2))))
    assert comes_back(wafer, dies)
