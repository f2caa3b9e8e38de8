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


E142 = """<MapData xmlns="urn:semi-org:xsd.E142-1.V1005.SubstrateMap"><SubstrateMaps>
<SubstrateMap SubstrateId="W" {said}><Overlay MapName="bins"><ReferenceDevices><ReferenceDevice Name="FirstDevice">
<Coordinates X="{x}" Y="{y}"/></ReferenceDevice></ReferenceDevices><BinCodeMap BinType="Ascii" NullBin=".">
<BinDefinitions><BinDefinition BinCode="1" BinQuality="Pass"/>
<BinDefinition BinCode="2" BinQuality="Fail"/></BinDefinitions>
{codes}</BinCodeMap></Overlay></SubstrateMap></SubstrateMaps></MapData>"""
ROWS = "".join(f"<BinCode>{row}</BinCode>" for row in (".11.", "1121", ".11."))
BY_PLACE = '<BinCode X="2" Y="2">11</BinCode><BinCode X="1" Y="1">1121</BinCode><BinCode X="2" Y="0">11</BinCode>'


@pytest.mark.parametrize(
    ("said", "x", "y", "codes", "place"),
    [
        ('OriginLocation="UpperLeft" AxisDirection="DownRight"', 2, 1, ROWS, (1, 2)),
        ('OriginLocation="LowerLeft" AxisDirection="UpRight"', 1, 0, ROWS, (2, 1)),
        ('OriginLocation="LowerRight"', 3, 1, ROWS, (1, 0)),
        ('AxisDirection="UpLeft"', 0, 1, ROWS, (1, 3)),
        ('OriginLocation="LowerLeft" AxisDirection="UpRight"', 3, 1, BY_PLACE, (1, 2)),
        ('OriginLocation="Center" AxisDirection="UpRight"', 0, 0, ROWS, None),
        ("", 2, 1, ROWS, None),
    ],
)
def test_the_reference_device_of_e142_counts_as_its_map_says(said, x, y, codes, place):
    wafer = read("a.xml", E142.format(said=said, x=x, y=y, codes=codes).encode())
    assert wafer.attributes[REFERENCE_DIE] == f"x {x}, y {y}"
    assert reference_place(wafer) == place


@pytest.mark.parametrize("orientation", ["90", "180", "270"])
def test_the_reference_device_of_e142_turns_with_its_wafer(orientation):
    said = f'OriginLocation="UpperLeft" AxisDirection="DownRight" Orientation="{orientation}"'
    wafer = read("a.xml", E142.format(said=said, x=2, y=1, codes=ROWS).encode())
    assert wafer.dies[reference_place(wafer)] == 2


@pytest.mark.parametrize("place", ['X="two" Y="1"', 'X="2"', ""])
def test_a_reference_device_without_a_place_is_none(place):
    content = E142.format(said="", x=0, y=0, codes=ROWS).replace('X="0" Y="0"', place)
    assert REFERENCE_DIE not in read("a.xml", content.encode()).attributes


def test_a_place_off_the_grid_is_no_reference():
    axes = axes_from_corner("right", "down", (2, 2))
    far = WaferMap(np.ones((2, 2), np.uint8), "L", "W", attributes=reference_attributes("9", "0", axes))
    assert reference_place(far) is None
    assert reference_attributes("", "1", axes) == {}
