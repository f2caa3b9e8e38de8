"""SEMI G85 and E142: what only these formats have; that they give the same wafer is held in test_fab_formats."""

import numpy as np
import pytest

from data.formats import ReadFailure, ReadOptions, read_bytes
from tests.data.formats.make_fixtures import GRID, e142, g85

BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE bomb [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
"""
OUTSIDE = b'<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n'


def one(content: bytes, **options):
    [wafer] = read_bytes("a.xml", content, options=ReadOptions(**options))
    return wafer


def refused(content: bytes, **options) -> str:
    [failure] = read_bytes("a.xml", content, options=ReadOptions(**options))
    assert isinstance(failure, ReadFailure)
    return failure.reason


def test_the_first_overlay_is_read_unless_another_is_chosen():
    assert one(e142(GRID)).bins.tolist() == GRID.tolist()
    visual = one(e142(GRID), overlay="Visual")
    assert visual.dies.tolist() == np.minimum(GRID, 1).tolist()
    assert (visual.attributes["map"], visual.attributes["maps"]) == ("Visual", "Sort, Visual")


def test_an_overlay_that_is_not_there_is_refused_with_those_that_are():
    assert "there is no map 'Ink' among Sort, Visual. Choose one of these." in refused(e142(GRID), overlay="Ink")


def test_a_single_map_needs_no_choice():
    assert one(g85(GRID), overlay="Ink").bins.tolist() == GRID.tolist()


@pytest.mark.parametrize("write", [g85, e142])
def test_what_the_caller_says_passes_goes_before_the_qualities_of_the_file(write):
    assert one(write(GRID), pass_values=(1, 2)).fail_count == 1
    assert one(write(GRID).replace(b'"Fail" BinDescription="Open"', b'"Pass" BinDescription="Open"')).fail_count == 1


def test_bins_pass_by_number_where_the_file_tells_no_quality():
    told_nothing = g85(GRID).replace(b'BinQuality="Pass"', b"").replace(b'BinQuality="Fail"', b"")
    assert one(told_nothing).dies.tolist() == one(g85(GRID)).dies.tolist()


@pytest.mark.parametrize(
    ("kind", "code"), [("Decimal", "{:03d}"), ("HexaDecimal", "{:02X}"), ("Integer2", "{:04X}"), ("decimal", "{:03d}")]
)
def test_codes_of_every_kind_are_parted_by_their_length(kind, code):
    null = code.format(250)
    text = g85(GRID).decode().replace('BinType="Ascii" NullBin="."', f'BinType="{kind}" NullBin="{null}"')
    for row in GRID.tolist():
        old = "".join(str(number or ".") for number in row)
        text = text.replace(f"[{old}]", "[" + "".join(code.format(number or 250) for number in row) + "]", 1)
    for number in (1, 2, 7):
        text = text.replace(f'BinCode="{number}"', f'BinCode="{code.format(number)}"')
    assert one(text.encode()).bins.tolist() == GRID.tolist()


def test_sizes_origin_and_bins_are_kept():
    wafer = one(g85(GRID))
    assert (wafer.die_pitch_mm, wafer.diameter_mm) == ((5.0, 7.5), 150.0)
    assert wafer.attributes["map_origin"] == "upper left"
    assert wafer.attributes["bins"] == "1 Pass Good, 2 Fail Open, 7 Fail Leak"
    other = one(e142(GRID))
    assert (other.die_pitch_mm, other.diameter_mm) == ((5.0, 7.5), 150.0)  # the step, not the smaller device
    assert (other.attributes["map_origin"], other.attributes["map_axes"]) == ("UpperLeft", "DownRight")


@pytest.mark.parametrize("prolog", [BOMB, OUTSIDE])
@pytest.mark.parametrize("write", [g85, e142])
def test_documents_that_define_entities_are_refused(prolog, write):
    content = prolog + write(GRID).split(b"?>", 1)[1].replace(b"LOT7", b"&c;" if prolog is BOMB else b"&a;")
    assert "defines a document type or entities" in refused(content)


def test_a_malformed_document_is_refused_with_the_line():
    assert refused(g85(GRID).replace(b"</Device>", b"</Devise>")).startswith("a.xml line 16: the XML is malformed")


@pytest.mark.slow
def test_elements_nested_a_million_deep_do_no_harm():
    assert "malformed" in refused(b"<Map>" + b"<a>" * 1_000_000)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'Rows="4"', b'Rows="5"', "Rows says 5, but the map has 4"),
        (b"[.111.]", b"[.111]", "Columns says 5, but the map has 4"),
        (b"[11211]", b"[1121]", "row 2 of the map has 4 dies, row 1 has 5"),
        (b'"Ascii"', b'"Octal"', "BinType is Ascii, Decimal, HexaDecimal or Integer2, found 'Octal'"),
        (b'Orientation="0"', b'Orientation="45"', "Orientation is 0, 90, 180 or 270, found '45'"),
        (b'WaferSize="150"', b'WaferSize="-1"', "is a positive length"),
    ],
)
def test_a_g85_map_that_contradicts_itself_is_refused(old, new, said):
    assert old in g85(GRID)
    assert said in refused(g85(GRID).replace(old, new))


def test_an_e142_file_without_bins_or_maps_is_refused():
    assert "no overlay of bin codes" in refused(e142(GRID).replace(b"BinCodeMap", b"OtherMap"))
    assert "expected a SubstrateMap element" in refused(
        e142(GRID).replace(b"SubstrateMap ", b"OtherMap ").replace(b"</SubstrateMap>", b"</OtherMap>")
    )


def test_utf_16_documents_are_read():
    text = g85(GRID).decode().replace("utf-8", "utf-16")
    assert one(text.encode("utf-16")).bins.tolist() == GRID.tolist()
