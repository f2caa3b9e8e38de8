"""Defects as bins of SEMI G85 and E142 maps, for probers, assembly and hosts that read these and nothing else.

A passing die has bin 1, a failing die without a pattern bin 2, any other the number of its class in the site's review
table. A die of several classes has the most probable one; E142 can hold a map for each class too, where it has all.
Both files can be written in a second way, for readers that take no other. The time of a map is that of the test: a
wafer whose test names none has none.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC
from xml.etree.ElementTree import Element, SubElement, indent, tostring  # written only; what is read goes by defusedxml

import numpy as np
from numpy.typing import NDArray

from core.analysis.result import WaferResult
from core.exports.review_table import ReviewTable
from data.bin_names import bin_names
from data.classes import CLASS_KEYS, CLASSES
from data.formats.own_exports import COMMENT, MAKER
from data.reference_die import reference_place
from data.wafer import FAIL, OFF_WAFER, Notch, WaferMap

PASS_BIN, FAIL_BIN, NULL_BIN = 1, 2, 255
OVERLAY = "defects"
_G85 = "http://www.semi.org"
_DEGREES = {Notch.DOWN: "0", Notch.LEFT: "90", Notch.UP: "180", Notch.RIGHT: "270"}
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Bins = NDArray[np.int64]


def _decimal(number: int) -> str:
    return f"{number:03d}"


_FORMS: dict[str, Callable[[int], str]] = {"Decimal": _decimal, "Integer2": lambda number: f"{number:04X}"}


@dataclass(frozen=True)
class _Bin:
    """One bin of a map: its code, its number, what it means, Pass or Fail."""

    code: str
    number: int
    words: str
    quality: str


def defect_bins(result: WaferResult, table: ReviewTable) -> Bins:
    """Return the bin of every die, int (H, W): 255 off the wafer, 1 pass, 2 fail, or the number of its class."""
    masks = result.segmentation.masks
    likely = np.where(masks, result.segmentation.probabilities, -1).argmax(axis=0)
    numbers = np.array([table.number(key) for key in CLASS_KEYS], dtype=np.int64)
    return np.where(masks.any(axis=0), numbers[likely], _verdicts(result.wafer))


def g85_xml(result: WaferResult, *, table: ReviewTable | None = None, apart: bool = False) -> bytes:
    """Write a wafer's defects as a SEMI G85 map.

    Args:
        result: the analysed wafer.
        table: numbers of the classes, None for the site's.
        apart: the other way of writing it: the map lies in a root `Maps`, and the codes of a row are parted by blanks.

    Raises:
        SettingError: the site's table holds nonsense.
    """
    table, wafer = table or ReviewTable.configured(), result.wafer
    rows, columns = wafer.dies.shape
    names = {"SubstrateType": "Wafer", "SubstrateId": wafer.wafer_id, "FormatRevision": "SEMI G85-0703"}
    outer = _element(None, "Maps", xmlns=_G85) if apart else None
    root = _element(outer, "Map", xmlns="" if apart else _G85, **names)
    pitch = wafer.die_pitch_mm
    sizes = {} if pitch is None else {"DeviceSizeX": _um(pitch[1]), "DeviceSizeY": _um(pitch[0])}
    sizes |= {} if wafer.diameter_mm is None else {"WaferSize": f"{wafer.diameter_mm:.10g}"}
    sizes |= {} if wafer.tested_at is None else {"CreateDate": f"{wafer.tested_at.astimezone(UTC):%Y%m%d%H%M%S}000"}
    device = _element(
        root,
        "Device",
        ProductId=wafer.product,
        LotId=wafer.lot_id,
        Rows=str(rows),
        Columns=str(columns),
        BinType="Decimal",
        NullBin=_decimal(NULL_BIN),
        MapType="Array",
        Orientation=_DEGREES[wafer.notch],
        OriginLocation="2",
        SupplierName=MAKER,
        **sizes,
    )
    bins = defect_bins(result, table)
    row, column = _reference(wafer)
    _element(device, "ReferenceDevice", ReferenceDeviceX=str(column), ReferenceDeviceY=str(row))
    for number, name, quality in _meanings(bins, table):
        count = str(np.count_nonzero(bins == number))
        _element(device, "Bin", BinCode=_decimal(number), BinCount=count, BinQuality=quality, BinDescription=name)
    data = _element(device, "Data", MapName=OVERLAY, MapVersion="1")
    for codes in bins.tolist():
        _element(data, "Row").text = (" " if apart else "").join(map(_decimal, codes))
    return _document(root if outer is None else outer)


def e142_xml(result: WaferResult, *, table: ReviewTable | None = None, every_map: bool = False) -> bytes:
    """Write a wafer's defects as a SEMI E142 map.

    Its one overlay is `defects`, as in G85: hosts commonly read one map of bins and refuse or mistake a second.

    Args:
        result: the analysed wafer.
        table: numbers of the classes, None for the site's.
        every_map: add the overlays `defects_<class>` for each class found, and `bins` with the tester's own bins where
            they are known.

    Raises:
        SettingError: the site's table holds nonsense.
    """
    table, wafer = table or ReviewTable.configured(), result.wafer
    root = _element(None, "MapData", xmlns="urn:semi-org:xsd.E142-1.V1005.SubstrateMap")
    _layouts(root, wafer)
    substrate = _element(_element(root, "Substrates"), "Substrate", SubstrateType="Wafer", SubstrateId=wafer.wafer_id)
    _element(substrate, "LotId").text = _text(wafer.lot_id)
    if wafer.tested_at is not None:
        _element(substrate, "CreateDate").text = f"{wafer.tested_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    substrate_map = _element(
        _element(root, "SubstrateMaps"),
        "SubstrateMap",
        SubstrateType="Wafer",
        SubstrateId=wafer.wafer_id,
        LayoutSpecifier="WaferLayout/Devices",
        Orientation=_DEGREES[wafer.notch],
        OriginLocation="UpperLeft",
        AxisDirection="DownRight",
    )
    bins = defect_bins(result, table)
    _overlay(substrate_map, wafer, OVERLAY, bins, _meanings(bins, table))
    for k, key in enumerate(CLASS_KEYS if every_map else ()):
        mask = result.segmentation.masks[k]
        if mask.any():
            own = np.where(mask, table.number(key), _verdicts(wafer))
            _overlay(substrate_map, wafer, f"{OVERLAY}_{key}", own, _meanings(own, table))
    if every_map and wafer.bins is not None:
        _tester_overlay(substrate_map, wafer)
    return _document(root)


def _verdicts(wafer: WaferMap) -> Bins:
    return np.array([NULL_BIN, PASS_BIN, FAIL_BIN], dtype=np.int64)[wafer.dies]


def _meanings(bins: Bins, table: ReviewTable) -> list[tuple[int, str, str]]:
    """Number, name and quality of each bin that is there."""
    names = {PASS_BIN: "Pass", FAIL_BIN: "Fail without a pattern"}
    names |= {table.number(one.key): one.name for one in CLASSES}
    there = [number for number in np.unique(bins).tolist() if number != NULL_BIN]
    return [(number, names[number], "Pass" if number == PASS_BIN else "Fail") for number in there]


def _layouts(root: Element, wafer: WaferMap) -> None:
    rows, columns = wafer.dies.shape
    layouts = _element(root, "Layouts")
    outer = _element(layouts, "Layout", LayoutId="WaferLayout", DefaultUnits="mm", TopLevel="true")
    _element(outer, "Dimension", X="1", Y="1")
    if wafer.diameter_mm is not None:
        _element(outer, "DeviceSize", X=f"{wafer.diameter_mm:.10g}", Y=f"{wafer.diameter_mm:.10g}")
    _element(_element(outer, "ChildLayouts"), "ChildLayout", LayoutId="Devices")
    inner = _element(layouts, "Layout", LayoutId="Devices", DefaultUnits="micron")
    _element(inner, "Dimension", X=str(columns), Y=str(rows))
    if wafer.die_pitch_mm is not None:
        _element(inner, "StepSize", X=_um(wafer.die_pitch_mm[1]), Y=_um(wafer.die_pitch_mm[0]))
    _element(inner, "ProductId").text = _text(wafer.product)


def _overlay(parent: Element, wafer: WaferMap, name: str, bins: Bins, meanings: Iterable[tuple[int, str, str]]) -> None:
    definitions = [_Bin(_decimal(number), number, words, quality) for number, words, quality in meanings]
    _bin_codes(_new_overlay(parent, wafer, name), "Decimal", NULL_BIN, definitions, bins)


def _tester_overlay(parent: Element, wafer: WaferMap) -> None:
    on_wafer, bins = wafer.on_wafer, np.asarray(wafer.bins, dtype=np.int64)
    used = set(np.unique(bins[on_wafer]).tolist())
    null = next(number for number in range(0xFFFF, -1, -1) if number not in used)  # a wafer has fewer than 65,536 bins
    failing = set(np.unique(bins[wafer.dies == FAIL]).tolist())
    names = bin_names(wafer)
    definitions = [
        _Bin(f"{number:04X}", number, names.get(number, ""), "Fail" if number in failing else "Pass")
        for number in sorted(used)
    ]
    shown = np.where(wafer.dies == OFF_WAFER, null, bins)
    _bin_codes(_new_overlay(parent, wafer, "bins"), "Integer2", null, definitions, shown)


def _new_overlay(parent: Element, wafer: WaferMap, name: str) -> Element:
    overlay = _element(parent, "Overlay", MapName=name, MapVersion="1")
    row, column = _reference(wafer)
    reference = _element(_element(overlay, "ReferenceDevices"), "ReferenceDevice", Name="FirstDevice")
    _element(reference, "Coordinates", X=str(column), Y=str(row))
    return overlay


def _reference(wafer: WaferMap) -> tuple[int, int]:
    """Return row and column, from the upper left and 0, of the die to align by: the file's, else the first tested."""
    if (named := reference_place(wafer)) is not None:
        return named
    row, column = np.argwhere(wafer.on_wafer)[0].tolist()
    return row, column


def _bin_codes(overlay: Element, kind: str, null: int, definitions: Iterable[_Bin], bins: Bins) -> None:
    form = _FORMS[kind]
    codes = _element(overlay, "BinCodeMap", BinType=kind, NullBin=form(null))
    defined = _element(codes, "BinDefinitions")
    for one in definitions:
        count = str(np.count_nonzero(bins == one.number))
        _element(
            defined, "BinDefinition", BinCode=one.code, BinCount=count, BinQuality=one.quality, BinDescription=one.words
        )
    for row in bins.tolist():
        _element(codes, "BinCode").text = "".join(map(form, row))


def _element(parent: Element | None, name: str, **attributes: str) -> Element:
    told = {key: _text(value) for key, value in attributes.items() if value}
    return Element(name, told) if parent is None else SubElement(parent, name, told)


def _text(text: str) -> str:
    return _NOT_IN_XML.sub(" ", text)


def _um(mm: float) -> str:
    return f"{mm * 1000:.10g}"


def _document(root: Element) -> bytes:
    indent(root)
    head, _, body = tostring(root, encoding="utf-8", xml_declaration=True).partition(b"\n")
    return b"\n".join([head, COMMENT.encode(), body, b""])
