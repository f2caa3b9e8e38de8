"""The die by which machines align: kept as files name it, turned with the wafer."""

import numpy as np
import pytest

from data.formats import ReadFailure, ReadOptions, read_bytes
from data.reference_die import REFERENCE_DIE, axes_from_corner, reference_attributes, reference_place
from data.wafer import WaferMap
from tests.data.formats.make_fixtures import g85, sinf

GRID = np.array([[0, 1, 1, 0], [1, 1, 2, 1], [0, 1, 1, 0]])


def read(name: str, content: bytes) -> WaferMap:
    [wafer] = read_bytes(name, content, options=ReadOptions())
    assert not isinstance(wafer, ReadFailure), wafer
    return wafer


@pytest.mark.parametrize("write", [sinf, g85], ids=["sinf", "g85"])
def test_the_reference_die_of_a_file_is_kept(write):
    wafer = read("a.map", write(GRID))
    assert wafer.attributes[REFERENCE_DIE] == "x 2, y 1"
    assert reference_place(wafer) == (1, 2)


@pytest.mark.parametrize("write", [sinf, g85], ids=["sinf", "g85"])
@pytest.mark.parametrize("notch", ["left", "up", "right"])
def test_it_turns_with_its_wafer(write, notch):
    wafer = read("a.map", write(GRID, notch))
    assert wafer.dies[reference_place(wafer)] == 2  # the die that failed before the turn


def test_it_counts_from_the_corner_that_g85_names():
    content = g85(GRID).replace(b'OriginLocation="2"', b'OriginLocation="3"')
    wafer = read("a.xml", content.replace(b'ReferenceDeviceY="1"', b'ReferenceDeviceY="0"'))
    assert reference_place(wafer) == (2, 2)


def test_a_place_off_the_grid_is_no_reference():
    axes = axes_from_corner("right", "down", (2, 2))
    far = WaferMap(np.ones((2, 2), np.uint8), "L", "W", attributes=reference_attributes("9", "0", axes))
    assert reference_place(far) is None
    assert reference_attributes("", "1", axes) == {}
