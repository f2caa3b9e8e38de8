"""Defects as bins of SEMI G85 and E142 maps, for probers, assembly and hosts that read these and nothing else.

A passing die has bin 1, a failing die without a pattern bin 2, any other the number of its class in the site's review
table. A die of several classes has the most probable one; E142 has an overlay for each class too, where it has all.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, indent, tostring  # written only; what is read goes by defusedxml

import numpy as np
from numpy.typing import NDArray

from core.analysis.result import WaferResult
from core.exports.review_table import ReviewTable
from data.bin_names import bin_names
from data.classes import CLASS_KEYS, CLASSES
from data.wafer import FAIL, OFF_WAFER, Notch, WaferMap

PASS_BIN, FAIL_BIN, NULL_BIN = 1, 2, 255
OVERLAY = "defects"
_DEGREES = {Notch.DOWN: "0", Notch.LEFT: "90", Notch.UP: "180", Notch.RIGHT: "270"}
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Bins = NDArray[np.int64]


def defect_bins(result: WaferResult, table: ReviewTable) -> Bins:
    """Return the bin of every die, int (H, W): 255 off the wafer, 1 pass, 2 fail, or the number of its class."""
    masks = result.segmentation.masks
    likely = np.where(masks, result.segmentation.probabilities, -1).argmax(axis=0)
    numbers = np.array([table.number(key) for key in CLASS_KEYS], dtype=np.int64)
    return np.where(masks.any(axis=0), numbers[likely], _verdicts(result.wafer))


def g85_xml(result: WaferResult, made_at: datetime, *, table: ReviewTable | None = None) -> bytes:
    """Write a wafer's defects as a SEMI G85 map.

    Args:
        result: the analysed wafer.
        made_at: stands for a time of test that is not known.
        table: numbers of the classes, None for the site's.

    Raises:
        SettingError: the site's table holds nonsense.
    """
    table, wafer = table or ReviewTable.configured(), result.wafer
    rows, columns = wafer.dies.shape
    tested_at = (wafer.tested_at or made_at).astimezone(UTC)
    root = _element(
        None,
        "Map",
        xmlns="http://www.semi.org",
        SubstrateType="Wafer",
        SubstrateId=wafer.wafer_id,
        FormatRevision="SEMI G85-0703",
    )
    pitch = wafer.die_pitch_mm
    sizes = {} if pitch is None else {"DeviceSizeX": _um(pitch[1]), "DeviceSizeY": _um(pitch[0])}
    sizes |= {} if wafer.diameter_mm is None else {"WaferSize": f"{wafer.diameter_mm:.10g}"}
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
        CreateDate=f"{tested_at:%Y%m%d%H%M%S}000",
        SupplierName="Waferscope",
        **sizes,
    )
    bins = defect_bins(result, table)
    for number, name, quality in _meanings(bins, table):
        _element(device, "Bin", BinCode=_decimal(number), BinQuality=quality, BinDescription=name)
    data = _element(device, "Data", MapName=OVERLAY, MapVersion="1")
    for row in bins.tolist():
        _element(data, "Row").text = "".join(map(_decimal, row))
    return _document(root)


def e142_xml(result: WaferResult, *, table: ReviewTable | None = None) -> bytes:
    """Write a wafer's defects as a SEMI E142 map.

    Overlays: `defects` as in G85, `defects_<class>` for each class found, and `bins` with the tester's own bins where
    they are known.

    Args:
        result: the analysed wafer.
        table: numbers of the classes, None for the site's.

    Raises:
        SettingError: the site's table holds nonsense.
    """
    table, wafer = table or ReviewTable.configured(), result.wafer
    root = _element(None, "MapData", xmlns="urn:semi-org:xsd.E142-1.V1005.SubstrateMap")
    _layouts(root, wafer)
    substrate = _element(_element(root, "Substrates"), "Substrate", SubstrateType="Wafer", SubstrateId=wafer.wafer_id)
    _element(substrate, "LotId").text = _text(wafer.lot_id)
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
    _overlay(substrate_map, OVERLAY, bins, _meanings(bins, table))
    for k, key in enumerate(CLASS_KEYS):
        mask = result.segmentation.masks[k]
        if mask.any():
            own = np.where(mask, table.number(key), _verdicts(wafer))
            _overlay(substrate_map, f"{OVERLAY}_{key}", own, _meanings(own, table))
    if wafer.bins is not None:
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


def _overlay(parent: Element, name: str, bins: Bins, meanings: Iterable[tuple[int, str, str]]) -> None:
    definitions = {_decimal(number): (words, quality) for number, words, quality in meanings}
    lines = ["".join(map(_decimal, row)) for row in bins.tolist()]
    _bin_codes(parent, name, ("Decimal", _decimal(NULL_BIN)), definitions, lines)


def _tester_overlay(parent: Element, wafer: WaferMap) -> None:
    on_wafer, bins = wafer.on_wafer, np.asarray(wafer.bins, dtype=np.int64)
    used = set(np.unique(bins[on_wafer]).tolist())
    null = next(number for number in range(0xFFFF, -1, -1) if number not in used)  # a wafer has fewer than 65,536 bins
    failing = set(np.unique(bins[wafer.dies == FAIL]).tolist())
    names = bin_names(wafer)
    definitions = {
        f"{number:04X}": (names.get(number, ""), "Fail" if number in failing else "Pass") for number in sorted(used)
    }
    shown = np.where(wafer.dies == OFF_WAFER, null, bins)
    lines = ["".join(f"{number:04X}" for number in row) for row in shown.tolist()]
    _bin_codes(parent, "bins", ("Integer2", f"{null:04X}"), definitions, lines)


def _bin_codes(
    parent: Element,
    name: str,
    kind_and_null: tuple[str, str],
    definitions: Mapping[str, tuple[str, str]],
    lines: Iterable[str],
) -> None:
    kind, null = kind_and_null
    overlay = _element(parent, "Overlay", MapName=name, MapVersion="1")
    codes = _element(overlay, "BinCodeMap", BinType=kind, NullBin=null)
    defined = _element(codes, "BinDefinitions")
    for code, (words, quality) in definitions.items():
        _element(defined, "BinDefinition", BinCode=code, BinQuality=quality, BinDescription=words)
    for line in lines:
        _element(codes, "BinCode").text = line


def _element(parent: Element | None, name: str, **attributes: str) -> Element:
    told = {key: _text(value) for key, value in attributes.items() if value}
    return Element(name, told) if parent is None else SubElement(parent, name, told)


def _text(text: str) -> str:
    return _NOT_IN_XML.sub(" ", text)


def _decimal(number: int) -> str:
    return f"{number:03d}"


def _um(mm: float) -> str:
    return f"{mm * 1000:.10g}"


def _document(root: Element) -> bytes:
    indent(root)
    content: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"
