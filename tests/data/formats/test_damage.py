"""Whatever bytes come in, only wafers and whole sentences come out."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.formats import ReadFailure, ReadOptions, read_bytes
from data.wafer import WaferMap
from tests.data.formats.format_examples import samples
from tests.data.formats.make_fixtures import fixtures
from tests.data.formats.strategies import PATIENT

SMALL = ReadOptions(max_pixels=2**20, max_unpacked_bytes=2**24, max_file_bytes=2**24)


NAMES = ("a.png", "a.tif", "lzw.tif", "a.jpg", "a.npz", "a.csv", "a.parquet", "a.xlsx", "a.pkl", "a.zip", *fixtures())


def check(name: str, content: bytes) -> list[str]:
    """What is wrong with the way a file was read: everything that is neither a wafer nor a whole sentence about it."""
    results = list(read_bytes(name, content, options=SMALL))
    problems = [] if results else ["nothing came out"]
    for result in results:
        if isinstance(result, ReadFailure):
            whole = result.reason.startswith(name) and result.reason.endswith(".")
            problems += [] if whole else [f"no whole sentence: {result.reason}"]
        elif not isinstance(result, WaferMap):
            problems.append(f"neither wafer nor failure: {result!r}")
    return problems


@pytest.mark.parametrize("name", NAMES)
def test_the_samples_themselves_are_good(name):
    assert all(isinstance(result, WaferMap) for result in read_bytes(name, samples()[name], options=SMALL))


@pytest.mark.parametrize("name", NAMES)
@settings(PATIENT, max_examples=25)
@given(share=st.floats(0, 1))
def test_cut_files(name, share):
    assert check(name, samples()[name][: int(share * len(samples()[name]))]) == []


@pytest.mark.parametrize("name", NAMES)
@settings(PATIENT, max_examples=60)
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=4))
def test_flipped_bits(name, flips):
    content = bytearray(samples()[name])
    for share, bits in flips:
        content[int(share * len(content))] ^= bits
    assert check(name, bytes(content)) == []


@pytest.mark.parametrize("name", NAMES)
@settings(PATIENT, max_examples=25)
@given(start=st.integers(0, 64), noise=st.binary(max_size=300))
def test_a_true_beginning_with_random_bytes_after(name, start, noise):
    assert check(name, samples()[name][:start] + noise) == []


@settings(PATIENT, max_examples=60)
@given(suffix=st.sampled_from([name.rpartition(".")[2] for name in NAMES]), noise=st.binary(max_size=200))
def test_random_bytes_of_any_name(suffix, noise):
    assert check(f"noise.{suffix}", noise) == []


@settings(PATIENT, max_examples=60)
@given(st.text("xyb,in0123456789.-#:\n\"'; \tPF\0", max_size=120))
def test_random_text_under_a_good_header(text):
    assert check("noise.csv", f"x,y,bin\n{text}".encode()) == []


WORDS = st.sampled_from(
    [
        *'{};,"<>/=& \n',
        "Record",
        "List",
        "Data 2",
        "Columns",
        "DefectList",
        "SampleTestPlan 3",
        "WaferID",
        "EndOfFile",
        "-1",
        "1e999",
        "9" * 30,
        "RowData:",
        "FNLOC:90",
        "__",
        "<Row>",
        "</Row>",
        "<Device",
        "BinType=",
        "]]>",
        "&x;",
    ]
)


@pytest.mark.parametrize("name", [name for name in fixtures() if not name.endswith((".gz", ".stdf", ".std"))])
@settings(PATIENT, max_examples=40)
@given(share=st.floats(0, 1), words=st.lists(WORDS, max_size=6), cut=st.integers(0, 40))
def test_words_of_the_format_in_wrong_places(name, share, words, cut):
    content = samples()[name]
    place = int(share * len(content))
    assert check(name, content[:place] + "".join(words).encode() + content[place + cut :]) == []


@settings(PATIENT, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0x010A, 0x0114, 0x0128, 0x0132, 0x020A, 0x0214, 0x021E, 0x0514]), st.binary(max_size=60)
        ),
        max_size=6,
    )
)
def test_records_of_random_bytes(records):
    chain = b"".join(struct.pack("<HBB", len(body), kind >> 8, kind & 255) + body for kind, body in records)
    assert check("a.stdf", b"\x02\0\0\x0a\x02\x04" + chain) == []


@settings(PATIENT, max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from(["flat", "offsets", "shapes", "maps", "labels", "metadata", "bins", "codes"]),
        st.lists(st.integers(-2, 9), max_size=12).map(np.array),
        max_size=5,
    )
)
def test_random_arrays(arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    results = list(read_bytes("noise.npz", stream.getvalue(), options=SMALL))
    assert all(isinstance(result, WaferMap | ReadFailure) for result in results)
