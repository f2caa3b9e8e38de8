"""SEMI E142: codes and their places, layouts within layouts, units, and several maps."""

import pytest

from data.formats import ReadFailure, ReadOptions, read_bytes
from tests.data.formats.map_texts import PLAIN, RING, coded, counts, dies_of

HEXADECIMAL = {".": "FF", "1": "01", "2": "0A"}
TYPE = 'BinType="HexaDecimal" NullBin="ff"'
BINS = '<BinDefinition BinCode="1" BinQuality="Pass"/><BinDefinition BinCode="0a" BinQuality="Fail"/>'


def layout(name: str, columns: int, rows: int, inside: str = "", units: str = "mm", child: str = "") -> str:
    children = f'<ChildLayouts><ChildLayout LayoutId="{child}"/></ChildLayouts>' if child else ""
    return f"""<Layout LayoutId="{name}" DefaultUnits="{units}"><Dimension X="{columns}" Y="{rows}"/>{inside}{children}
</Layout>"""


WAFER = layout("Wafer", 1, 1, '<DeviceSize X="200" Y="200"/>', child="Die")
DIE = layout("Die", 11, 11, '<DeviceSize X="14" Y="15"/><StepSize X="15" Y="16"/>')
SHOTS = [
    layout("Wafer", 1, 1, '<DeviceSize X="200" Y="200"/>', child="Shot"),
    layout("Shot", 11, 1, '<StepSize X="15" Y="176"/>', child="Die"),
    layout("Die", 1, 11, '<StepSize X="15000" Y="16000"/>', units="micron"),
]


def whole(rows: list[str]) -> str:
    return "".join(f"<BinCode>{row}</BinCode>\n" for row in rows)


def overlay(codes: str, kind: str = TYPE, bins: str = BINS, name: str = "Sort") -> str:
    return f"""<Overlay MapName="{name}"><BinCodeMap {kind}><BinDefinitions>{bins}</BinDefinitions>{codes}</BinCodeMap>
</Overlay>"""


def e142(
    overlays: str,
    layouts: str = WAFER + DIE,
    specifier: str = "Wafer/Die",
    axes: str = "DownRight",
    orientation: int = 0,
) -> str:
    return f"""<MapData xmlns="urn:semi-org:xsd.E142-1.V1005.SubstrateMap"><Layouts>{layouts}</Layouts><Substrates>
<Substrate SubstrateId="W05"><LotId>L1</LotId></Substrate></Substrates><SubstrateMaps><SubstrateMap SubstrateId="W05"
LayoutSpecifier="{specifier}" Orientation="{orientation}" OriginLocation="LowerRight" AxisDirection="{axes}">{overlays}
</SubstrateMap></SubstrateMaps></MapData>"""


def read(text: str, **options):
    [wafer] = read_bytes("a.xml", text.encode(), options=ReadOptions(**options))
    return wafer


ROWS = whole(coded(PLAIN, HEXADECIMAL))


@pytest.mark.parametrize(
    ("kind", "codes", "bad"),
    [
        (TYPE, HEXADECIMAL, "a"),
        ('BinType="Decimal" NullBin="255"', {".": "255", "1": "001", "2": "002"}, "02"),
        ('BinType="Decimal" NullBin="0"', {".": "0", "1": "1", "2": "12"}, "012"),
        ('BinType="Integer2" NullBin="FFFF"', {".": "ffff", "1": "0001", "2": "00B0"}, "b0"),
        ('BinType="Ascii" NullBin="."', {"2": "X"}, "X"),
    ],
)
@pytest.mark.parametrize("layouts", [WAFER + DIE, ""])
def test_codes_may_be_parted_by_blanks_within_a_row(kind, codes, bad, layouts):
    bins = BINS.replace("0a", bad)
    wafer = read(e142(overlay(whole(coded(PLAIN, codes, " ")), kind, bins), layouts))
    assert (wafer.dies.tolist(), wafer.remarks) == (dies_of(PLAIN), ())


@pytest.mark.parametrize("between", [" ", "\n"])
def test_all_rows_may_stand_in_one_element(between):
    rows = between.join(coded(PLAIN, HEXADECIMAL))
    assert read(e142(overlay(f"<BinCode>{rows}</BinCode>"))).dies.tolist() == dies_of(PLAIN)


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("axes", ["DownRight", "UpRight", "UpLeft", "DownLeft", ""])
@pytest.mark.parametrize("kind", [TYPE, 'BinType="HexaDecimal"'])
@pytest.mark.parametrize("layouts", [WAFER + DIE, "", "".join(SHOTS)])
def test_codes_with_x_and_y_are_placed_by_the_axes(first, axes, kind, layouts):
    codes = [
        (row if "Down" in axes else 10 - row, column if "Right" in axes else 10 - column, HEXADECIMAL[code])
        for row, line in enumerate(PLAIN.split())
        for column, code in enumerate(line)
        if code != "."
    ]
    placed = "".join(f'<BinCode X="{x + first}" Y="{y + first}">{code}</BinCode>' for y, x, code in reversed(codes))
    wafer = read(e142(overlay(placed, kind), layouts, axes=axes))
    assert (wafer.dies.tolist(), wafer.remarks) == (dies_of(PLAIN), ())


def test_a_row_may_say_where_it_begins():
    rows = coded(PLAIN, HEXADECIMAL)
    placed = "".join(f'<BinCode X="0" Y="{10 - number}">{row}</BinCode>' for number, row in enumerate(rows))
    assert read(e142(overlay(placed), axes="UpRight")).dies.tolist() == dies_of(PLAIN)


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ('<BinCode X="1" Y="1">01</BinCode><BinCode X="1" Y="1">0A</BinCode>', "two bin codes name X 1, Y 1"),
        ('<BinCode X="1" Y="1">01</BinCode><BinCode X="z" Y="1">0A</BinCode>', "X of a BinCode is a whole number"),
        ('<BinCode X="1" Y="1">01</BinCode><BinCode X="99999" Y="1">0A</BinCode>', "at most 4096 dies a side"),
        (whole(coded(PLAIN, HEXADECIMAL)[:9]), "Dimension says 11 rows and 11 columns, but the map has 9 and 11"),
        (whole([row[2:] for row in coded(PLAIN, HEXADECIMAL)]), "11 columns, but the map has 11 and 10"),
    ],
)
def test_a_map_that_contradicts_itself_or_its_layout_is_refused(codes, said):
    failure = read(e142(overlay(codes)))
    assert isinstance(failure, ReadFailure)
    assert said in failure.reason


def test_a_map_turned_by_a_quarter_has_its_layout_turned():
    lines = ["..111", "11121", "..111"]
    die = layout("Die", 3, 5)
    assert counts(read(e142(overlay(whole(coded("\n".join(lines), HEXADECIMAL))), die, "Die", orientation=90))) == (
        10,
        1,
    )


@pytest.mark.parametrize("specifier", ["Wafer/Shot/Die", "Wafer/Shot", "Wafer", "Die", "Wafer/Die", ""])
def test_the_step_of_a_die_is_told_from_that_of_its_shot(specifier):
    wafer = read(e142(overlay(ROWS), "".join(SHOTS), specifier))
    assert wafer.dies.tolist() == dies_of(PLAIN)
    assert (wafer.die_pitch_mm, wafer.diameter_mm, wafer.remarks) == ((16.0, 15.0), 200.0, ())


@pytest.mark.parametrize(
    ("units", "step"),
    [
        ("mm", 15.0),
        ("micron", 15000.0),
        ("Microns", 15000.0),
        ("um", 15000.0),
        ("mil", 590.5511811),
        ("inch", 0.5905511811),
    ],
)
@pytest.mark.parametrize("place", ["element", "layout"])
def test_the_unit_at_a_length_goes_before_that_of_its_layout(units, step, place):
    own = f'Units="{units}"' if place == "element" else ""
    inside = f'<StepSize X="{step}" Y="{step}" {own}/>'
    die = layout("Die", 11, 11, inside, units="parsec" if own else units)
    wafer = read(e142(overlay(ROWS), WAFER + die))
    assert wafer.die_pitch_mm == pytest.approx((15.0, 15.0), rel=1e-8)
    assert (wafer.diameter_mm, wafer.remarks) == (200.0, ())


def test_a_length_of_an_unknown_unit_is_said_and_not_used():
    wafer = read(e142(overlay(ROWS), WAFER + DIE.replace('"mm"', '"parsec"')))
    assert wafer.die_pitch_mm is None
    assert wafer.remarks == ("Layout Die has lengths in the unknown unit 'parsec'; they are not used.",)


@pytest.mark.parametrize("quality", ["Edge", "Skip", "Reference", "Null"])
def test_only_fail_fails_and_only_pass_passes(quality):
    bins = BINS.replace("0a", "5") + f'<BinDefinition BinCode="E" BinQuality="{quality}"/>'
    wafer = read(e142(overlay(whole(coded(RING, {"*": "E"})), 'BinType="Ascii" NullBin="."', bins)))
    assert (wafer.dies.tolist(), wafer.remarks) == (dies_of(RING), ())


def test_counts_of_bins_that_differ_are_said():
    wafer = read(e142(overlay(ROWS, bins=BINS.replace('"Pass"', '"Pass" BinCount="1"'))))
    assert (counts(wafer), wafer.remarks) == ((81, 8), ("The file declares 1 die of bin 1, 81 were read.",))


def test_every_map_of_codes_may_be_chosen():
    all_good = overlay(whole(coded(PLAIN, HEXADECIMAL | {"2": "01"})))
    within = all_good.replace("</BinCodeMap>", f"</BinCodeMap><BinCodeMap {TYPE}>{BINS}{ROWS}</BinCodeMap>")
    text = e142(overlay("", name="Empty") + overlay(ROWS) + within + overlay(ROWS, name="Ink"))
    assert read(text).attributes["maps"] == "Sort, Sort 2, Sort 3, Ink"
    chosen = {name: counts(read(text, overlay=name)) for name in ("Sort", "Sort 2", "Sort 3", "Ink")}
    assert chosen == {"Sort": (81, 8), "Sort 2": (89, 0), "Sort 3": (81, 8), "Ink": (81, 8)}


def test_many_maps_and_layouts_cost_no_more_than_their_number():
    chain = "".join(layout(f"L{n}", 1, 1, child=f"L{n + 1}") for n in range(2000))
    one = e142(overlay("<BinCode>01</BinCode>"), chain, "L0/L1")
    start = one.index("<SubstrateMap "), one.index("</SubstrateMaps>")
    text = one[: start[0]] + one[start[0] : start[1]] * 1000 + one[start[1] :]
    assert len(list(read_bytes("a.xml", text.encode()))) == 1000
