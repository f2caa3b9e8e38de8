"""SEMI E142 substrate maps in XML: layouts with sizes, substrates with lots, and one or more overlays of bin codes.

Rows stand as one sees the map: the first on top, its first code on the left. `Orientation` says how far the wafer was
turned from notch down. `OriginLocation` and `AxisDirection` say how the maker counts; both are kept as attributes.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from data.bin_names import BINS, MAP, MAPS
from data.errors import FormatError, WaferError
from data.formats.bin_codes import judge_codes
from data.formats.metadata import ATTRIBUTE
from data.formats.options import ReadFailure, ReadOptions
from data.formats.semi_xml import (
    attribute,
    bins_said,
    children,
    code_width,
    inner,
    is_xml,
    notch_of,
    parse_xml,
    split_codes,
    verdicts_of,
)  # fmt: skip
from data.formats.source import Source, build_wafer
from data.wafer import WaferMap

_UNITS = {"mm": "mm", "micron": "um", "microns": "um", "um": "um", "inch": "in", "in": "in", "cm": "cm"}


def recognises(source: Source) -> bool:
    """Tell whether a file is XML that holds E142 map data."""
    return is_xml(source, b"MapData")


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafers of an E142 file.

    Raises:
        FormatError: the XML is malformed or holds no substrate map.
    """
    root = parse_xml(source)
    maps = list(inner(root, "SubstrateMap"))
    if not maps:
        raise FormatError(source.name, "expected a SubstrateMap element, found none", "Export it again as SEMI E142.")
    for number, element in enumerate(maps, 1):
        try:
            yield _wafer(source, options, root, element, (number, len(maps)))
        except WaferError as error:
            yield ReadFailure(source.name, str(error))


def _wafer(source: Source, options: ReadOptions, root: Element, element: Element, place: tuple[int, int]) -> WaferMap:
    overlay, names = _overlay(element, options.overlay, source.name)
    code_map = next(children(overlay, "BinCodeMap"))
    width, base = code_width(code_map, source.name)
    codes = [code.text or "" for code in children(code_map, "BinCode")]
    rows = [split_codes(line, width) for text in codes for line in (text.split() if width > 1 else text.splitlines())]
    bins = list(inner(code_map, "BinDefinition"))
    null = attribute(code_map, "NullBin")
    dies, numbers = judge_codes(
        [row for row in rows if row], [null] if null else [], verdicts_of(bins), options, source.name, base
    )
    substrate = attribute(element, "SubstrateId")
    lot = next((e for e in inner(root, "Substrate") if attribute(e, "SubstrateId") == substrate), None)
    lots = [] if lot is None else [e.text or "" for e in children(lot, "LotId")]
    pairs = {"wafer": substrate, "lot": lots[0].strip() if lots else "", "notch": notch_of(element, source.name) or ""}
    said = {
        MAP: attribute(overlay, "MapName"), MAPS: ", ".join(names) if len(names) > 1 else "",
        "map_origin": attribute(element, "OriginLocation"), "map_axes": attribute(element, "AxisDirection"),
        "side": attribute(element, "SubstrateSide"), BINS: bins_said(bins, base),
    }  # fmt: skip
    pairs |= _sizes(root, element) | {ATTRIBUTE + name: text for name, text in said.items() if text}
    return build_wafer(source, options, dies, bins=numbers, pairs=pairs, number=place[0], count=place[1])


def _overlay(element: Element, wanted: str, where: str) -> tuple[Element, list[str]]:
    """Choose the overlay: the only one, the one asked for by name, or the first that holds bin codes."""
    overlays = [each for each in children(element, "Overlay") if next(children(each, "BinCodeMap"), None) is not None]
    names = [attribute(each, "MapName") for each in overlays]
    if not overlays:
        raise FormatError(where, "the substrate map has no overlay of bin codes", "Export the bins too.")
    if not wanted or len(overlays) == 1:
        return overlays[0], names
    if wanted not in names:
        raise FormatError(where, f"there is no map '{wanted:.40}' among {', '.join(names)}", "Choose one of these.")
    return overlays[names.index(wanted)], names


def _sizes(root: Element, element: Element) -> dict[str, str]:
    """Give product, die pitch and diameter from the layouts that the map's specifier names, last the innermost."""
    layouts = {attribute(layout, "LayoutId"): layout for layout in inner(root, "Layout")}
    path = [layouts[name] for name in attribute(element, "LayoutSpecifier").split("/") if name in layouts]
    if not path:
        return {}
    pairs = {}
    unit = _UNITS.get(attribute(path[-1], "DefaultUnits").lower())
    step = next((e for name in ("StepSize", "DeviceSize") for e in children(path[-1], name)), None)
    for key, axis in (("pitch_column", "X"), ("pitch_row", "Y")):
        if unit and _positive(attribute(step, axis)):
            pairs[f"{key}_{unit}"] = attribute(step, axis)
    outer = _UNITS.get(attribute(path[0], "DefaultUnits").lower())
    size = attribute(next(children(path[0], "DeviceSize"), None), "X")
    if len(path) > 1 and outer and _positive(size):
        pairs[f"diameter_{outer}"] = size
    product = next((e.text or "" for layout in path for e in children(layout, "ProductId")), "")
    return pairs | ({"product": product.strip()} if product.strip() else {})


def _positive(text: str) -> bool:
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False
