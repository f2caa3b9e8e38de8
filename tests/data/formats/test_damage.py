"""Whatever bytes come in, only wafers and whole sentences come out."""

import io
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data.formats import ReadFailure, ReadOptions, read_bytes
from data.formats.write import write_npz, write_png, write_table, write_tiff
from data.wafer import WaferMap
from tests.data.formats.old_pandas import lswmd
from tests.data.formats.strategies import PATIENT

GRID = np.random.default_rng(5).integers(0, 3, (9, 8)).astype(np.uint8)
WAFERS = [
    WaferMap(dies=GRID, lot_id="L", wafer_id=name, product="P", die_pitch_mm=(7.5, 8.25), attributes={"tool": "T1"},
             bins=GRID.astype(np.uint16) * 3)
    for name in ("W01", "W02")
]  # fmt: skip
SMALL = ReadOptions(max_pixels=2**20, max_unpacked_bytes=2**24, max_file_bytes=2**24)


@cache
def samples() -> dict[str, bytes]:
    """One good file of each format; no fixture, whose bytes would fill every report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_png(WAFERS[0], folder / "a.png", size=(40, 45))
        write_tiff(WAFERS[0], folder / "a.tif", size=(40, 45))
        write_npz(WAFERS, folder / "a.npz")
        write_table(WAFERS, folder / "a.csv")
        write_table(WAFERS, folder / "a.parquet")
        (folder / "a.pkl").write_bytes(lswmd([GRID, GRID], ["Loc", None]))
        greys = np.array([0, 127, 255], dtype=np.uint8)[np.kron(GRID, np.ones((8, 8), dtype=np.uint8))]
        Image.fromarray(greys).save(folder / "a.jpg")
        Image.fromarray(greys).save(folder / "lzw.tif", compression="tiff_lzw")
        with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name in ("a.png", "a.csv"):
                archive.write(folder / name, name)
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


NAMES = ("a.png", "a.tif", "lzw.tif", "a.jpg", "a.npz", "a.csv", "a.parquet", "a.pkl", "a.zip")


def check(name: str, content: bytes) -> None:
    results = list(read_bytes(name, content, options=SMALL))
    for result in results:
        assert isinstance(result, WaferMap | ReadFailure)
        if isinstance(result, ReadFailure):
            assert result.reason.startswith(name)
            assert result.reason.endswith(".")
    assert results


@pytest.mark.parametrize("name", NAMES)
def test_the_samples_themselves_are_good(name):
    assert all(isinstance(result, WaferMap) for result in read_bytes(name, samples()[name], options=SMALL))


@pytest.mark.parametrize("name", NAMES)
@settings(PATIENT, max_examples=25)
@given(share=st.floats(0, 1))
def test_cut_files(name, share):
    check(name, samples()[name][: int(share * len(samples()[name]))])


@pytest.mark.parametrize("name", NAMES)
@settings(PATIENT, max_examples=60)
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=4))
def test_flipped_bits(name, flips):
    content = bytearray(samples()[name])
    for share, bits in flips:
        content[int(share * len(content))] ^= bits
    check(name, bytes(content))


@pytest.mark.parametrize("name", NAMES)
@settings(PATIENT, max_examples=25)
@given(start=st.integers(0, 64), noise=st.binary(max_size=300))
def test_a_true_beginning_with_random_bytes_after(name, start, noise):
    check(name, samples()[name][:start] + noise)


@settings(PATIENT, max_examples=60)
@given(suffix=st.sampled_from([name.rpartition(".")[2] for name in NAMES]), noise=st.binary(max_size=200))
def test_random_bytes_of_any_name(suffix, noise):
    check(f"noise.{suffix}", noise)


@settings(PATIENT, max_examples=60)
@given(st.text("xyb,in0123456789.-#:\n\"'; \tPF\0", max_size=120))
def test_random_text_under_a_good_header(text):
    check("noise.csv", f"x,y,bin\n{text}".encode())


@settings(PATIENT, max_examples=40)
@given(st.dictionaries(st.sampled_from(["flat", "offsets", "shapes", "maps", "labels", "metadata", "bins", "codes"]),
                       st.lists(st.integers(-2, 9), max_size=12).map(np.array), max_size=5))  # fmt: skip
def test_random_arrays(arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    results = list(read_bytes("noise.npz", stream.getvalue(), options=SMALL))
    assert all(isinstance(result, WaferMap | ReadFailure) for result in results)
