import pytest

from data.formats import ReadFailure, read_bytes
from tests.data.formats.make_fixtures import GRID, sinf
from tests.data.formats.map_texts import PLAIN, RING, coded, counts, dies_of


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


HEAD = "DEVICE:P\nLOT:L1\nWAFER:W05\nFNLOC:180\nROWCT:11\nCOLCT:11\nBCEQU:01\nDUTMS:mm\nXDIES:15\nYDIES:15\n"
CODES = {".": "__", "1": "01", "2": "0B", "5": "0B"}


def written(text: str, codes: dict[str, str], head: str = HEAD, between: str = " ") -> bytes:
    return (head + "".join(f"RowData:{row}\n" for row in coded(text, CODES | codes, between))).encode()


@pytest.mark.parametrize("good", ["1", "01", "001", "1 7", "01,07", "0107"])
def test_good_bins_are_compared_as_numbers(good):
    assert counts(read(written(PLAIN, {}, HEAD.replace("BCEQU:01", f"BCEQU:{good}")))) == (81, 8)


@pytest.mark.parametrize("good", ["1 b", "01,0B", "010b", "1-B"])
def test_lists_and_ranges_of_good_bins_are_hexadecimal_in_any_case(good):
    assert counts(read(written(PLAIN, {}, HEAD.replace("BCEQU:01", f"BCEQU:{good}")))) == (89, 0)


@pytest.mark.parametrize("code", ["FE", "FD", "FF", "fe", "@@", "--"])
def test_reference_and_edge_dies_have_no_result(code):
    wafer = read(written(RING, {"*": code}))
    assert (wafer.dies.tolist(), wafer.remarks) == (dies_of(RING), ())


@pytest.mark.parametrize("code", ["**", "##", "XX", "MM", "EE"])
def test_codes_that_nothing_explains_have_no_result_and_it_is_said(code):
    wafer = read(written(RING, {"*": code}))
    assert wafer.dies.tolist() == dies_of(RING)
    assert wafer.remarks == (f"The header does not explain '{code}' (28 dies); read as dies without a result.",)


@pytest.mark.parametrize("line", ["EDGEBIN:EE\n", "GROSS DIES:61\nPASS:57\nFAIL:4\n", "TESTED:61\n"])
def test_header_words_and_counts_explain_codes(line):
    wafer = read(written(RING, {"*": "EE"}, HEAD + line))
    assert (wafer.dies.tolist(), wafer.remarks) == (dies_of(RING), ())


def test_declared_counts_that_differ_are_said():
    assert read(written(PLAIN, {}, HEAD + "PASS:80\nFAIL:8\n")).remarks == (
        "The file declares 80 passing dies, 81 were read.",
    )


@pytest.mark.parametrize(
    ("codes", "head"),
    [
        ({}, HEAD),
        ({}, HEAD.replace("COLCT:11\n", "")),
        ({".": "___", "1": "001", "2": "011"}, HEAD.replace("BCEQU:01", "BCEQU:1")),
        ({".": ".", "1": "1", "2": "X"}, HEAD.replace("BCEQU:01", "BCEQU:1")),
        ({".": ".", "1": "1", "2": "X"}, HEAD.replace("BCEQU:01", "BCEQU:1").replace("COLCT:11\n", "")),
    ],
)
def test_codes_without_blanks_are_parted_by_the_columns(codes, head):
    assert read(written(PLAIN, codes, head, between="")).dies.tolist() == dies_of(PLAIN)


@pytest.mark.parametrize("between", ["", " "])
def test_columns_are_checked_however_codes_are_parted(between):
    said = read(written(PLAIN, {}, HEAD.replace("COLCT:11", "COLCT:12"), between)).reason
    assert "COLCT says 12, but the map has 11" in said


def test_names_are_known_in_any_case_and_counts_in_any_writing():
    text = written(PLAIN, {}).decode().replace("RowData", "ROWDATA").replace("BCEQU", "bceQu").replace("LOT:", "Lot :")
    wafer = read(text.replace("ROWCT:11", "RowCt: 011 ").encode())
    assert (wafer.key, counts(wafer)) == ("L1:W05", (81, 8))


@pytest.mark.parametrize(
    ("unit", "size"),
    [("MM", "15"), ("Microns", "15000"), ("um", "15000"), ("MILS", "590.5511811"), ("Inch", ".590551181")],
)
def test_die_sizes_are_read_in_every_unit(unit, size):
    head = HEAD.replace("DUTMS:mm", f"DUTMS:{unit}").replace("DIES:15", f"DIES:{size}")
    assert read(written(PLAIN, {}, head)).die_pitch_mm == pytest.approx((15.0, 15.0), rel=1e-8)


def test_an_unknown_unit_is_said():
    wafer = read(written(PLAIN, {}, HEAD.replace("DUTMS:mm", "DUTMS:furlong")))
    assert wafer.die_pitch_mm is None
    assert wafer.remarks[0] == "DUTMS is mm, um, mil or inch, found 'furlong'; XDIES is not used."
