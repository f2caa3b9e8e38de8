"""SEMI G85: dialects, codes as numbers of the file, and qualities of bins."""

import pytest

from data.formats import ReadFailure, ReadOptions, read_bytes
from tests.data.formats.map_texts import PLAIN, RING, coded, counts, dies_of

DECIMAL = {".": "255", "1": "001", "2": "002", "5": "005", "*": "009"}
SIZED = 'BinType="Decimal" NullBin="255" Rows="11" Columns="11"'
BINS = '<Bin BinCode="001" BinQuality="Pass"/><Bin BinCode="002" BinQuality="Fail"/>'
ASCII = {".": ".", "1": "1", "2": "X"}
ASCII_BINS = '<Bin BinCode="1" BinQuality="Pass"/><Bin BinCode="X" BinQuality="Fail"/>'


def g85(rows: list[str], attributes: str = SIZED, bins: str = BINS) -> str:
    data = "".join(f"<Row><![CDATA[{row}]]></Row>\n" for row in rows)
    return f"""<Map xmlns="http://www.semi.org" SubstrateId="W05"><Device ProductId="P" LotId="L1" {attributes}>
{bins}<Data MapName="Sort">{data}</Data></Device></Map>"""


def read(text: str, **options):
    [wafer] = read_bytes("a.xml", text.encode(), options=ReadOptions(**options))
    return wafer


@pytest.mark.parametrize(
    ("kind", "null", "codes", "good", "bad"),
    [
        ("Decimal", "255", DECIMAL, "1", "2"),
        ("Decimal", "0", DECIMAL | {".": "000"}, "01", "002"),
        ("HexaDecimal", "ff", {".": "FF", "1": "01", "2": "0a"}, "1", "0A"),
        ("hexadecimal", "FF", {".": "ff", "1": "01", "2": "0A"}, "01", "0a"),
        ("Integer2", "ffff", {".": "FFFF", "1": "0001", "2": "000a"}, "1", "000A"),
        ("Ascii", ".", ASCII, "1", "X"),
    ],
)
@pytest.mark.parametrize("between", ["", " "])
@pytest.mark.parametrize("sizes", ['Rows="11" Columns="11"', ""])
def test_codes_are_compared_as_numbers_of_the_file(kind, null, codes, good, bad, between, sizes):
    bins = f'<Bin BinCode="{good}" BinQuality="Pass"/><Bin BinCode="{bad}" BinQuality="Fail"/>'
    wafer = read(g85(coded(PLAIN, codes, between), f'BinType="{kind}" NullBin="{null}" {sizes}', bins))
    assert (wafer.dies.tolist(), wafer.remarks) == (dies_of(PLAIN), ())


def test_codes_of_any_length_may_be_parted_by_blanks():
    rows = coded(PLAIN, {".": "255", "1": "1", "2": "12"}, " ")
    assert counts(read(g85(rows, bins=BINS.replace("002", "12")))) == (81, 8)


@pytest.mark.parametrize("sizes", ['Columns="11"', ""])
def test_a_blank_may_be_the_code_of_no_die(sizes):
    rows = coded(PLAIN, {".": " ", "1": "1", "2": "X"})
    assert read(g85(rows, f'BinType="Ascii" NullBin=" " {sizes}', ASCII_BINS)).dies.tolist() == dies_of(PLAIN)


def test_characters_are_compared_exactly():
    wafer = read(g85(coded(PLAIN, ASCII | {"2": "x"}), 'BinType="Ascii" NullBin="."', ASCII_BINS))
    assert counts(wafer) == (81, 0)
    assert wafer.remarks == ("No bin defines code 'x' (8 dies); read as dies without a result.",)


@pytest.mark.parametrize("quality", ["Null", "Edge", "Skip", "Reference", "Untested", "Marginal"])
def test_only_fail_fails_and_only_pass_passes(quality):
    bins = BINS.replace("002", "005") + f'<Bin BinCode="9" BinQuality="{quality}"/>'
    wafer = read(g85(coded(RING, DECIMAL), bins=bins))
    assert (wafer.dies.tolist(), wafer.remarks) == (dies_of(RING), ())


def test_a_code_that_no_bin_defines_has_no_result_and_it_is_said():
    wafer = read(g85(coded(RING, DECIMAL), bins=BINS.replace("002", "005")))
    assert wafer.dies.tolist() == dies_of(RING)
    assert wafer.remarks == ("No bin defines code '009' (28 dies); read as dies without a result.",)


def test_codes_fail_where_only_passing_bins_are_defined():
    wafer = read(g85(coded(PLAIN, DECIMAL), bins='<Bin BinCode="1" BinQuality="Pass"/>'))
    assert counts(wafer) == (81, 8)
    assert wafer.remarks == ("No bin defines code '002' (8 dies); read as failing dies.",)


@pytest.mark.parametrize(
    "text",
    [
        f"<Maps>{BINS}{g85(coded(PLAIN, DECIMAL), bins='')}</Maps>",
        f"<Maps><Bins>{BINS.replace('Bin ', 'BinDefinition ')}</Bins>{g85(coded(PLAIN, DECIMAL), bins='')}</Maps>",
        f"<Maps>{g85(coded(PLAIN, DECIMAL), bins='').replace('<Device', BINS + '<Device')}</Maps>",
    ],
)
def test_bins_may_stand_apart_from_the_device(text):
    assert (read(text).dies.tolist(), read(text).attributes["bins"]) == (dies_of(PLAIN), "1 Pass, 2 Fail")


def test_names_of_attributes_are_known_in_any_case():
    text = g85(coded(PLAIN, DECIMAL))
    for name in ("BinType", "BinCode", "NullBin", "BinQuality", "Rows", "Columns", "LotId"):
        text = text.replace(name, name.upper() if name < "C" else name.lower())
    assert (counts(read(text)), read(text).lot_id) == ((81, 8), "L1")


def test_counts_of_bins_that_differ_are_said():
    bins = BINS.replace('"Pass"', '"Pass" BinCount="81"').replace('"Fail"', '"Fail" BinCount="7"')
    assert read(g85(coded(PLAIN, DECIMAL), bins=bins)).remarks == ("The file declares 7 dies of bin 002, 8 were read.",)


def test_the_same_small_count_of_every_bin_says_nothing():
    bins = BINS.replace('"Pass"', '"Pass" BinCount="1"').replace('"Fail"', '"Fail" BinCount="1"')
    assert read(g85(coded(PLAIN, DECIMAL), bins=bins)).remarks == ()


def test_several_data_are_maps_to_choose_from():
    second = '<Data MapName="Ink">' + "".join(f"<Row>{row}</Row>" for row in coded(PLAIN, DECIMAL | {"2": "001"}))
    text = g85(coded(PLAIN, DECIMAL)).replace("</Device>", second + "</Data></Device>")
    assert (counts(read(text)), counts(read(text, overlay="Ink"))) == ((81, 8), (89, 0))
    assert read(text).attributes["maps"] == "Sort, Ink"


def test_a_cut_map_is_refused():
    failure = read(g85(coded(PLAIN, DECIMAL)[:9]))
    assert isinstance(failure, ReadFailure)
    assert "Rows says 11, but the map has 9" in failure.reason
