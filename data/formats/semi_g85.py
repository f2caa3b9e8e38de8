"""SEMI G85 maps in XML: one map element a wafer, its device's sizes and bins as attributes, a row of codes a line.

Rows stand as one sees the map: the first on top, its first code on the left. `Orientation` says how far the wafer was
turned; `OriginLocation`, kept as an attribute, names the corner that the maker's coordinates start from.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from data.bin_names import BINS, MAP, MAPS
from data.errors import FormatError, WaferError
from data.formats.bin_codes import CodeGrid, judge_codes
from data.formats.metadata import ATTRIBUTE
from data.formats.options import ReadFailure, ReadOptions
from data.formats.own_exports import G85, is_own_xml
from data.formats.semi_codes import (
    SharedBins,
    bins_said,
    code_width,
    definitions,
    explain_bins,
    null_bin,
    split_rows,
)
from data.formats.semi_xml import (
    attribute,
    choose_map,
    distinct_names,
    inner,
    is_xml,
    notch_of,
    outermost,
    parse_xml,
    tag,
    whole_number,
)
from data.formats.source import Source, build_wafer
from data.reference_die import axes_from_corner, reference_attributes
from data.wafer import WaferMap

ORIGINS = {"0": "center", "1": "upper right", "2": "upper left", "3": "lower left", "4": "lower right"}
_TIME_DIGITS = 14


def recognises(source: Source) -> bool:
    """Return whether a file is XML that holds a G85 map."""
    return is_xml(source, b"Map") or is_xml(source, b"Maps")


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafers of a G85 file.

    Raises:
        FormatError: the XML is malformed or holds no map.
    """
    root = parse_xml(source)
    maps = [root] if tag(root) == "Map" else list(outermost(root, "Map"))
    if not maps:
        raise FormatError(source.name, "expected a Map element, found none", "Export the map again as SEMI G85.")
    shared = SharedBins(root, maps, source.name)
    for number, element in enumerate(maps, 1):
        try:
            yield _wafer(source, options, element, shared, (number, len(maps)))
        except WaferError as error:
            yield ReadFailure(source.name, str(error))


def _wafer(
    source: Source, options: ReadOptions, element: Element, shared: SharedBins, place: tuple[int, int]
) -> WaferMap:
    """Read one map.

    Args:
        source: the file.
        options: the caller's.
        element: the map.
        shared: definitions of bins that stand apart from any map.
        place: number of the map, from 1, and of how many.
    """
    device = next(inner(element, "Device"), element)
    datas = list(inner(element, "Data")) or [device]
    names = distinct_names(attribute(each, "MapName") for each in datas)
    chosen = choose_map(names, options.overlay, source.name)
    data = datas[chosen]
    device = Element(
        device.tag, {**element.attrib, **device.attrib, **data.attrib}
    )  # makers differ in where they stand
    width, base = code_width(device, source.name)
    columns = whole_number(attribute(device, "Columns"))
    texts = [each.text or "" for each in inner(data, "Row", "BinCode")]
    rows = [row for text in texts for row in split_rows(text, width, columns)]
    bins = definitions(data) or definitions(element) or shared.bins
    _check_size(device, rows, source.name)
    grid = CodeGrid.of(rows, source.name)
    remarks: list[str] = []
    meanings = explain_bins(grid, bins, null_bin(device), base, remarks)
    dies, numbers = judge_codes(grid, meanings, options, base)
    pairs = {
        "lot": attribute(device, "LotId", "LotNo"), "wafer": attribute(element, "SubstrateId", "WaferId"),
        "product": attribute(device, "ProductId"), "notch": notch_of(device, source.name) or "",
        "diameter": attribute(device, "WaferSize"), "tested_at": _time(attribute(device, "CreateDate")),
        "pitch_column_um": attribute(device, "StepSizeX", "DeviceSizeX"),
        "pitch_row_um": attribute(device, "StepSizeY", "DeviceSizeY"),
    }  # fmt: skip
    origin = attribute(device, "OriginLocation")
    said = {
        "supplier": attribute(device, "SupplierName"), BINS: bins_said(bins, base), MAP: names[chosen],
        MAPS: ", ".join(names) if len(names) > 1 else "",
        "map_origin": ORIGINS.get(origin, origin),
    }  # fmt: skip
    if not is_own_xml(source):  # Waferscope names the first die where it knows of no other
        said |= _reference(element, origin, grid.shape)
    pairs |= {ATTRIBUTE + name: text for name, text in said.items() if text}
    number, count = place
    return build_wafer(
        source,
        options,
        dies,
        bins=numbers,
        pairs=_known(pairs),
        number=number,
        count=count,
        remarks=remarks,
        exported_as=G85 if is_own_xml(source) else "",
    )


def _reference(element: Element, origin: str, shape: tuple[int, int]) -> dict[str, str]:
    """Return the reference device, which counts from the map's origin."""
    device = next(inner(element, "ReferenceDevice"), None)
    if device is None:
        return {}
    corner = ORIGINS.get(origin or "2", "center").split()
    axes = ""
    if len(corner) == 2:
        ways = {"left": "right", "right": "left", "upper": "down", "lower": "up"}
        axes = axes_from_corner(ways[corner[1]], ways[corner[0]], shape)
    return reference_attributes(attribute(device, "ReferenceDeviceX"), attribute(device, "ReferenceDeviceY"), axes)


def _known(pairs: dict[str, str]) -> dict[str, str]:
    """Leave lengths out that are written as 0, as makers do who do not know them."""
    return {key: text for key, text in pairs.items() if key.startswith(ATTRIBUTE) or text.strip("0.")}


def _check_size(device: Element, rows: list[list[str]], where: str) -> None:
    found = {"Rows": len(rows), "Columns": len(rows[0]) if rows else 0}
    for name, count in found.items():
        said = attribute(device, name)
        if said and whole_number(said) != count:
            raise FormatError(
                where, f"{name} says {said:.20}, but the map has {count}", "The map is cut; export it again."
            )


def _time(digits: str) -> str:
    """Turn 20260501143000 (and thousandths) into a time; "" when it is none."""
    d = digits[:_TIME_DIGITS]
    if len(d) != _TIME_DIGITS or not d.isdecimal():
        return ""
    return f"{d[:4]}-{d[4:6]}-{d[6:8]}T{d[8:10]}:{d[10:12]}:{d[12:]}"
