"""Writers of tiny files in the formats' true layouts, and the fixtures made by them.

Run `python -m tests.data.formats.make_fixtures` after a change; a test holds the committed files to
what it makes.
"""

import gzip
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.data.formats.klarf_writers import klarf12, klarf18

FIXTURES = Path(__file__).parent / "fixtures"
# 0 no die, 1 passes, 2 and 7 fail; no symmetry, so that no turn or flip goes unseen.
GRID = np.array([[0, 1, 1, 1, 0], [1, 1, 2, 1, 1], [1, 7, 1, 1, 0], [0, 1, 1, 0, 0]], dtype=np.uint16)
CLOCKWISE = ("down", "left", "up", "right")
TIME = 1_777_645_800  # 2026-05-01 14:30:00 UTC


def stdf(
    grid: np.ndarray, notch: str = "down", *, order: str = "<", axes: str = "RU", start: tuple[int, int] = (-2, 3),
    extra: Sequence[tuple[int, int, int]] = (), die_mm: tuple[float, float] = (5.0, 7.5), bins: bool = True,
    center: tuple[int, int] | None = None,
) -> bytes:  # fmt: skip
    """A wafer sort's file: MIR, WCR, WIR, a PIR and PRR a part, WRR, HBR, SBR, MRR.

    Args:
        grid: bins as the wafer is seen.
        notch: as WF_FLAT says it.
        order: "<" little-endian, ">" big-endian.
        axes: POS_X and POS_Y; "  " leaves them open.
        start: x and y of the lowest die.
        extra: parts (x, y, bin) tested before all others.
        die_mm: height and width of a die.
        bins: write HBR and SBR.
        center: row and column of the die that WCR names as the centre.
    """

    def record(kind: int, sub: int, layout: str, *values: object) -> bytes:
        body = struct.pack(order + layout, *values)
        return struct.pack(order + "HBB", len(body), kind, sub) + body

    def texts(*words: str) -> bytes:
        return b"".join(bytes([len(word)]) + word.encode() for word in words)

    def raw(kind: int, sub: int, body: bytes) -> bytes:
        return struct.pack(order + "HBB", len(body), kind, sub) + body

    def place(row: int, column: int) -> tuple[int, int]:
        across = grid.shape[1] - 1 - column if axes[0] == "L" else column
        up = grid.shape[0] - 1 - row if axes[1] == "U" else row
        return start[0] + across, start[1] + up

    parts = [*extra, *((*place(row, column), int(grid[row, column])) for row, column in np.argwhere(grid).tolist())]
    words = ["LOT7", "CHIP-A", "node1", "J750", "sort_v3", "r2", "SUB1", "operator"]
    out = [record(0, 10, "BB", 1 if order == ">" else 2, 4)]
    mir = struct.pack(order + "IIBccc", TIME - 600, TIME - 600, 1, b"P", b" ", b" ")
    out.append(raw(1, 10, mir + struct.pack(order + "Hc", 65535, b" ") + texts(*words, *[""] * 22)))
    flat = notch[0].upper().encode()
    middle = place(*center) if center else (-32768, -32768)
    wcr = (150.0, *die_mm, 3, flat, *middle, axes[0].encode(), axes[1].encode())
    out.append(record(2, 30, "fffBchhcc", *wcr))
    out.append(raw(2, 10, struct.pack(order + "BBI", 1, 255, TIME - 500) + texts("W05")))
    for x, y, number in parts:
        out.append(record(5, 10, "BB", 1, 0))
        flags = 0 if number == 1 else 8
        prr = struct.pack(order + "BBBHHHhhI", 1, 0, flags, 9, number, number + 100, x, y, 20)
        out.append(raw(5, 20, prr + texts("", "", "")))
    wrr = struct.pack(order + "BBIIIIII", 1, 255, TIME, len(parts), 0, 0, 0, 0)
    out.append(raw(2, 20, wrr + texts("W05", "", "", "", "", "")))
    for number, verdict, name in ((1, b"P", "Good"), (2, b"F", "Open"), (7, b"F", "Leak")) if bins else ():
        out.append(raw(1, 40, struct.pack(order + "BBHIc", 255, 0, number, 1, verdict) + texts(name)))
        out.append(raw(1, 50, struct.pack(order + "BBHIc", 255, 0, number + 100, 1, verdict) + texts(name)))
    out.append(raw(1, 20, struct.pack(order + "Ic", TIME + 60, b" ") + texts("", "")))
    return b"".join(out)


def sinf(grid: np.ndarray, notch: str = "down") -> bytes:
    """A map of two-digit hexadecimal codes; bin 1 is good."""
    degrees = {"up": 0, "right": 90, "down": 180, "left": 270}[notch]
    lines = [
        "DEVICE:CHIP-A",
        "LOT:LOT7",
        "WAFER:W05",
        f"FNLOC:{degrees}",
        f"ROWCT:{grid.shape[0]}",
        f"COLCT:{grid.shape[1]}",
        "BCEQU:01",
        "REFPX:2",
        "REFPY:1",
        "DUTMS:mm",
        "XDIES:7.5",
        "YDIES:5.0",
    ]
    lines += ["RowData:" + " ".join(f"{code:02X}" if code else "__" for code in row) for row in grid.tolist()]
    return ("\r\n".join(lines) + "\r\n").encode()


def g85(grid: np.ndarray, notch: str = "down") -> bytes:
    """A map of one ASCII character a die."""
    bins = [("1", "Pass", "Good"), ("2", "Fail", "Open"), ("7", "Fail", "Leak")]
    listed = "".join(
        f'    <Bin BinCode="{code}" BinQuality="{quality}" BinDescription="{name}"/>\n' for code, quality, name in bins
    )
    rows = "".join(
        f"      <Row><![CDATA[{''.join(str(code or '.') for code in row)}]]></Row>\n" for row in grid.tolist()
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<Map xmlns="http://www.semi.org" SubstrateType="Wafer" SubstrateId="W05" FormatRevision="SEMI G85-0703">
  <Device ProductId="CHIP-A" LotId="LOT7" Rows="{grid.shape[0]}" Columns="{grid.shape[1]}" BinType="Ascii" NullBin="."
    MapType="Array" Orientation="{90 * CLOCKWISE.index(notch)}" OriginLocation="2" WaferSize="150"
    DeviceSizeX="7500" DeviceSizeY="5000" CreateDate="20260501143000000" SupplierName="FAB">
    <ReferenceDevice ReferenceDeviceX="2" ReferenceDeviceY="1"/>
{listed}    <Data MapName="Sort" MapVersion="1">
{rows}    </Data>
  </Device>
</Map>
""".encode()


def e142(grid: np.ndarray, notch: str = "down") -> bytes:
    """A wafer with two overlays: "Sort" of two hexadecimal digits a die, and "Visual" on which every die passes."""

    def overlay(name: str, codes: np.ndarray) -> str:
        rows = "".join(
            f"          <BinCode>{''.join(f'{code:02X}' if code else 'FF' for code in row)}</BinCode>\n"
            for row in codes.tolist()
        )
        return f"""      <Overlay MapName="{name}" MapVersion="1">
        <BinCodeMap BinType="HexaDecimal" NullBin="FF">
          <BinDefinitions>
            <BinDefinition BinCode="01" BinQuality="Pass" BinDescription="Good" Pick="true"/>
            <BinDefinition BinCode="02" BinQuality="Fail" BinDescription="Open"/>
            <BinDefinition BinCode="07" BinQuality="Fail" BinDescription="Leak"/>
          </BinDefinitions>
{rows}        </BinCodeMap>
      </Overlay>
"""

    return f"""<?xml version="1.0" encoding="UTF-8"?>
<MapData xmlns="urn:semi-org:xsd.E142-1.V1005.SubstrateMap">
  <Layouts>
    <Layout LayoutId="WaferLayout" DefaultUnits="mm" TopLevel="true">
      <Dimension X="1" Y="1"/>
      <DeviceSize X="150" Y="150"/>
      <ChildLayouts><ChildLayout LayoutId="Devices"/></ChildLayouts>
    </Layout>
    <Layout LayoutId="Devices" DefaultUnits="micron">
      <Dimension X="{grid.shape[1]}" Y="{grid.shape[0]}"/>
      <DeviceSize X="7400" Y="4900"/>
      <StepSize X="7500" Y="5000"/>
      <ProductId>CHIP-A</ProductId>
    </Layout>
  </Layouts>
  <Substrates>
    <Substrate SubstrateType="Wafer" SubstrateId="W05"><LotId>LOT7</LotId></Substrate>
  </Substrates>
  <SubstrateMaps>
    <SubstrateMap SubstrateType="Wafer" SubstrateId="W05" LayoutSpecifier="WaferLayout/Devices"
      Orientation="{90 * CLOCKWISE.index(notch)}" OriginLocation="UpperLeft" AxisDirection="DownRight">
{overlay("Sort", grid)}{overlay("Visual", np.minimum(grid, 1))}    </SubstrateMap>
  </SubstrateMaps>
</MapData>
""".encode()


def text_map(grid: np.ndarray, notch: str = "down") -> bytes:
    """A map of single characters under headers; its size is declared, since a rectangle without dots may be a list."""
    rows = "\n".join("".join(str(code or ".") for code in row) for row in grid.tolist())
    head = f"Product: CHIP-A\nLot No: LOT7\nWafer ID: W05\nNotch: {notch.title()}\nDie Pitch (mm): 7.5 x 5"
    head += f"\nRows: {grid.shape[0]}\nColumns: {grid.shape[1]}"
    return f"{head}\n\n{rows}\n".encode()


WRITERS = {
    "lot7.stdf": stdf,
    "lot7.sinf": sinf,
    "lot7_g85.xml": g85,
    "lot7_e142.xml": e142,
    "lot7_map.txt": text_map,
    "lot7_12.klarf": klarf12,
    "lot7_18.klarf": klarf18,
}


def fixtures() -> dict[str, bytes]:
    """All fixtures by file name."""
    made = {name: write(GRID) for name, write in WRITERS.items()}
    made["lot7_big_endian.std"] = stdf(GRID, order=">")
    made["lot7.stdf.gz"] = gzip.compress(made["lot7.stdf"], mtime=0)
    return made


if __name__ == "__main__":
    FIXTURES.mkdir(exist_ok=True)
    for file_name, content in fixtures().items():
        (FIXTURES / file_name).write_bytes(content)
