import time

import numpy as np
import pytest

from data.formats import read_bytes
from data.formats.lengths import diameter_mm, pitch_mm
from data.formats.metadata import key_of, wafer_fields
from data.formats.possible import with_possible_lengths
from data.formats.text import header_pairs
from data.wafer import WaferMap


@pytest.mark.parametrize("text", ['8"', "8 in", "8 inch", "8-inch", "8", "203.2 mm", "20.32 cm", "8''", "203200 um"])
def test_eight_inches_in_every_way_of_writing(text):
    assert diameter_mm(text, "") == pytest.approx(203.2, rel=1e-9)


@pytest.mark.parametrize("text", ["200", "200 mm", "200mm", "200.0", "200000", "200000 µm", "200 mm (8 inch)", "0.2 m"])
def test_two_hundred_millimetres_in_every_way_of_writing(text):
    assert diameter_mm(text, "") == pytest.approx(200, rel=1e-9)


@pytest.mark.parametrize("text", ["15000 um", "15000 µm", "15000 micron", "15000", "15 mm", "15", "1.5 cm", "15,0"])
def test_fifteen_millimetres_of_pitch_in_every_way_of_writing(text):
    assert pitch_mm([text], "") == pytest.approx(15, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "unit"), [("Die Width [um]", "um"), ("die_width_micron", "micron"), ("DieWidth(µm)", "µm")]
)
def test_a_unit_stands_at_the_end_of_a_name(name, unit):
    assert key_of(name) == ("pitch_column", unit)


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ({"diameter": "22"}, "The diameter of the wafer is unknown: 'diameter' holds '22'"),
        ({"diameter": "300 mm (8 inch)"}, "The diameter of the wafer is unknown"),
        ({"Die Width": "100", "Die Height": "100"}, "The pitch of the dies is unknown: 'Die Height' holds '100'"),
        ({"pitch": "0 x 0"}, "The pitch of the dies is unknown"),
    ],
)
def test_a_length_that_may_be_several_is_unknown_and_said(pairs, said):
    fields = wafer_fields(pairs, "a.csv")
    assert set(fields) == {"remarks"}
    [remark] = fields["remarks"]
    assert remark.startswith(said)


def square(side: int, **fields) -> WaferMap:
    return with_possible_lengths(WaferMap(np.ones((side, side), np.uint8), "L", "W", **fields))


def whole(side: int, **fields) -> WaferMap:
    dies = np.ones((side, side), np.uint8)
    dies[[0, 0, -1, -1], [0, -1, 0, -1]] = 0
    return with_possible_lengths(WaferMap(dies, "L", "W", **fields))


@pytest.mark.parametrize(
    ("pitch", "diameter", "kept", "said"),
    [
        ((15.0, 15.0), 200.0, (15.0, 15.0), ""),
        ((15.0, 15.0), None, (15.0, 15.0), ""),
        ((15000.0, 15000.0), 200.0, None, "cannot be: 11 x 11 dies would span 165000 x 165000 mm"),
        ((15000.0, 15000.0), None, None, "cannot be"),
        ((0.015, 0.015), 200.0, None, "cannot be"),
        ((15.0, 0.015), None, None, "cannot be"),
        ((30.0, 30.0), 200.0, (30.0, 30.0), "do not agree: 11 x 11 dies of 30 x 30 mm span 330 x 330 mm of a 200 mm"),
        ((5.0, 5.0), 200.0, (5.0, 5.0), "do not agree"),
    ],
)
def test_pitch_times_grid_is_held_against_the_diameter(pitch, diameter, kept, said):
    wafer = whole(11, die_pitch_mm=pitch, diameter_mm=diameter)
    assert wafer.die_pitch_mm == kept
    assert [said in remark for remark in wafer.remarks] == ([True] if said else [])


def test_a_diameter_of_no_wafer_is_not_used():
    assert square(11, diameter_mm=8.0).remarks == ("A diameter of 8 mm is no wafer's, so it is not used.",)


def test_a_few_dies_of_a_wafer_are_no_contradiction():
    assert square(3, die_pitch_mm=(8.0, 8.0), diameter_mm=300.0).remarks == ()


@pytest.mark.parametrize("pitch", [0.5, 2.5])
def test_a_rectangle_of_dies_may_be_a_part_of_a_wafer(pitch):
    wafer = square(6, die_pitch_mm=(pitch, pitch), diameter_mm=200.0)
    assert (wafer.die_pitch_mm, wafer.remarks) == ((pitch, pitch), ())


def test_every_reader_passes_through_the_check():
    [wafer] = read_bytes("a.csv", b"# diameter: 200 mm\n# pitch: 900 mm\nx,y,bin\n0,0,1\n9,9,2\n")
    assert wafer.die_pitch_mm is None
    assert "cannot be" in wafer.remarks[0]


@pytest.mark.parametrize(
    "work",
    [
        lambda size: key_of("_" * size + "a"),
        lambda size: wafer_fields({"pitch": "1" + " " * size + "1 mm"}, "a.csv"),
        lambda size: header_pairs(["a:" + "," * size + "x"]),
        lambda size: header_pairs(["a" + " " * size + "x"]),
        lambda size: list(read_bytes("_" * size + ".csv", b"x,y,bin\n0,0,1\n")),
        lambda size: list(read_bytes("a.csv", b"a:" + b"," * size + b"x\nx,y,bin\n0,0,1\n")),
    ],
)
def test_long_names_and_lines_take_no_more_than_their_share_of_time(work):
    def seconds(size: int) -> float:
        best = float("inf")
        for _ in range(3):
            start = time.thread_time()
            work(size)
            best = min(best, time.thread_time() - start)
        return best

    assert seconds(64_000) < 40 * seconds(8_000) + 0.05  # eight times as long; in the square, 64 times
