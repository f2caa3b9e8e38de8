"""Which rows of text are a map, and which are lists, tables and dumps."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import FormatError
from data.formats import ReadFailure, ReadOptions, read_bytes, text_map
from data.formats.map_outline import is_round, rim_of
from data.formats.source import Source
from data.wafer import WaferMap
from tests.data.formats.map_texts import PLAIN, RING, counts, dies_of
from tests.data.formats.strategies import PATIENT


def read(text: str, name: str = "a.txt"):
    [result] = read_bytes(name, text.encode())
    return result


def test_a_disc_is_round_wherever_it_lies_and_a_square_or_a_strip_is_not():
    disc = np.array(dies_of(PLAIN)) > 0
    assert is_round(disc)
    assert is_round(np.pad(disc, ((3, 0), (0, 5))))
    assert not is_round(np.ones((11, 11), dtype=bool))
    assert not is_round(np.pad(np.ones((9, 3), dtype=bool), 2))
    assert not is_round(np.zeros((4, 4), dtype=bool))


def test_the_rim_is_every_die_beside_no_die():
    stars = np.array([[code == "*" for code in row] for row in RING.split()])
    assert np.array_equal(rim_of(np.array(dies_of(PLAIN)) > 0), stars)


def test_full_rectangles_need_a_declared_size_or_headers_of_a_wafer():
    full = "111111\n112111\n111111\n"
    assert counts(read("ROWCT=3\nCOLCT=6\n" + full)) == (17, 1)
    assert counts(read("Lot: L1\nWafer: 3\n" + full)) == (17, 1)
    assert isinstance(read(full), ReadFailure)


SERIALS = "\n".join(str(number) for number in range(10000, 10030))


@pytest.mark.parametrize(
    "text",
    [
        "Serial numbers\n" + SERIALS,
        "Lot: L1\nWafer: 3\n" + SERIALS,
        "Lot: L1\nWafer: 3\n" + "\n".join(f"{number:05d}" for number in range(30)),
        "\n".join(f"{n},{n % 7},1,1,2" for n in range(30)),
        "\n".join(f"{n:02d} {n % 7:02d} 01 01 02" for n in range(30)),
        "\n".join(f"{n} {n % 7} 1" for n in range(10, 40)),
        "\n".join(" ".join(f"{(n * 37 + m * 11) % 256:02X}" for m in range(16)) for n in range(30)),
        "SampleTestPlan 30\n" + "\n".join(f"{n % 10} {n // 10}" for n in range(30)) + ";\n",
        "PRR:1|1|5|1|1|4|0\n" * 20,
        "X;Y;HBIN;Vdd\n" + "\n".join(f"{n};{n % 7};1;1,25" for n in range(30)),
    ],
)
@pytest.mark.parametrize("name", ["a.map", "a.txt"])
def test_lists_tables_and_dumps_are_no_maps(text, name):
    result = read(text, name)
    if isinstance(result, WaferMap):
        assert result.tested_count == len(text.split("\n")) - 1  # a table of one die a row
    else:
        assert result.reason.endswith(".")
    failing = Source("a.map", io.BytesIO(text.encode()))
    assert not text_map.recognises(failing)


@pytest.mark.parametrize("text", [SERIALS, "\n".join(map(str, range(10000, 15000)))])
def test_what_was_looked_for_is_said(text):
    source = Source("a.map", io.BytesIO(text.encode()))
    with pytest.raises(FormatError, match="fill a round outline or are as many as the header's Rows and Columns say"):
        list(text_map.read(source, ReadOptions()))


@settings(PATIENT, max_examples=25)
@given(
    rows=st.integers(8, 60),
    columns=st.integers(8, 60),
    seed=st.integers(0, 2**32 - 1),
    parted=st.sampled_from(["", " ", ","]),
)
def test_any_round_map_is_read_die_for_die(rows, columns, seed, parted):
    rng = np.random.default_rng(seed)
    up, across = (np.abs((2 * np.arange(count) + 1) / count - 1) ** 2 for count in (rows, columns))
    dies = np.where(up[:, None] + across <= 1, np.where(rng.random((rows, columns)) < 0.2, 2, 1), 0)
    wafer = read("\n".join(parted.join(".1F"[die] for die in row) for row in dies))
    assert np.array_equal(wafer.dies, dies)
