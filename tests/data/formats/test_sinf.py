import pytest

from data.formats import ReadFailure, read_bytes
from tests.data.formats.make_fixtures import GRID, sinf


def read(content: bytes):
    [result] = read_bytes("a.txt", content)
    return result


def test_a_file_is_known_by_its_content_whatever_its_name():
    assert read(sinf(GRID)).bins.tolist() == GRID.tolist()


def test_good_bins_are_those_that_the_file_lists():
    assert read(sinf(GRID).replace(b"BCEQU:01", b"BCEQU:01, 07")).fail_count == 1
    assert read(sinf(GRID).replace(b"BCEQU:01", b"BCEQU:")).fail_count == 2  # none listed: bin 1 passes


def test_dies_that_are_not_to_be_probed_are_no_dies():
    assert read(sinf(GRID).replace(b"__", b"@@")).dies.tolist() == read(sinf(GRID)).dies.tolist()


def test_two_characters_are_hexadecimal_and_three_decimal():
    assert read(sinf(GRID).replace(b"07", b"1F")).bins.max() == 0x1F
    three = sinf(GRID).replace(b"__", b"___").replace(b" 01", b" 001").replace(b":01", b":001")
    assert read(three.replace(b" 02", b" 014").replace(b" 07", b" 031")).bins.max() == 31


def test_mils_are_turned_into_millimetres():
    assert read(sinf(GRID).replace(b"DUTMS:mm", b"DUTMS:mil")).die_pitch_mm == pytest.approx((0.127, 0.1905), rel=1e-9)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"ROWCT:4", b"ROWCT:5", "ROWCT says 5, but the map has 4"),
        (b"COLCT:5", b"COLCT:6", "COLCT says 6, but the map has 5"),
        (b"FNLOC:180", b"FNLOC:45", "FNLOC is 0, 90, 180 or 270 degrees, found '45'"),
        (b"XDIES:7.5", b"XDIES:wide", "XDIES is a length, found 'wide'"),
        (b"01 02 01 01\r\n", b"01 02 01\r\n", "line 14: the row has 4 dies, the first row has 5"),
    ],
)
def test_a_map_that_contradicts_itself_is_refused(old, new, said):
    assert old in sinf(GRID)
    failure = read(sinf(GRID).replace(old, new))
    assert isinstance(failure, ReadFailure)
    assert said in failure.reason
