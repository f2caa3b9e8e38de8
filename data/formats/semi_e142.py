"""SEMI E142 substrate maps in XML: layouts with sizes, substrates with lots, and one or more overlays of bin codes.

Rows stand as one sees the map: the first on top, its first code on the left. Codes that name their X and Y are placed
by `AxisDirection`. `Orientation` says how far the wafer was turned from notch down. `OriginLocation` and
`AxisDirection` say how the maker counts; both are kept as attributes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from data.bin_names import BINS, MAP, MAPS
from data.errors import FormatError, WaferError
from data.formats.bin_codes import CodeGrid, judge_codes
from data.formats.metadata import ATTRIBUTE
from data.formats.options import ReadFailure, ReadOptions
from data.formats.own_exports import E142, is_own_xml
from data.formats.semi_codes import (
    SharedBins,
    bins_said,
    code_width,
    definitions,
    explain_bins,
    null_bin,
    split_rows,
)
from data.formats.semi_layouts import Layouts, Shape, layout_pairs
from data.formats.semi_xml import (
    attribute,
    children,
    choose_map,
    distinct_names,
    inner,
    is_xml,
    notch_of,
    outermost,
    parse_xml,
)
from data.formats.source import Source, build_wafer
from data.orientation import DIE_AXES, axes_text
from data.reference_die import axes_from_corner, reference_attributes
from data.wafer import MAX_GRID, Notch, WaferMap

_UNFILLED = "\0"  # no code of XML
_MOST_PLACED = 4_000_000
_INTEGER = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True)
class _File:
    """What all maps of a file share.

    Args:
        layouts: its layouts.
        lots: the lot of each substrate.
        created: when the map of each substrate was made.
        bins: definitions of bins that stand apart from any map.
    """

    layouts: Layouts
    lots: Mapping[str, str]
    created: Mapping[str, str]
    bins: SharedBins


def recognises(source: Source) -> bool:
    """Return whether a file is XML that holds E142 map data."""
    return is_xml(source, b"MapData")


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafers of an E142 file.

    Raises:
        FormatError: the XML is malformed or holds no substrate map.
    """
    root = parse_xml(source)
    maps = list(outermost(root, "SubstrateMap"))
    if not maps:
        raise FormatError(source.name, "expected a SubstrateMap element, found none", "Export it again as SEMI E142.")
    lots, created = (_said_of_substrates(root, name) for name in ("LotId", "CreateDate"))
    shared = _File(Layouts.of(root), lots, created, SharedBins(root, maps, source.name))
    for number, element in enumerate(maps, 1):
        try:
            yield _wafer(source, options, element, shared, (number, len(maps)))
        except WaferError as error:
            yield ReadFailure(source.name, str(error))


def _said_of_substrates(root: Element, name: str) -> dict[str, str]:
    """Return what an element of each substrate says, by the substrate; the first of each."""
    said: dict[str, str] = {}
    for each in inner(root, "Substrate"):
        text = next((inside.text or "" for inside in children(each, name)), "").strip()
        said.setdefault(attribute(each, "SubstrateId"), text)
    return said


def _wafer(source: Source, options: ReadOptions, element: Element, shared: _File, place: tuple[int, int]) -> WaferMap:
    overlay, code_map, names, chosen = _overlay(element, options.overlay, source.name)
    width, base = code_width(code_map, source.name)
    specifier, notch = attribute(element, "LayoutSpecifier"), notch_of(element, source.name)
    null, rows, axes = _rows(element, code_map, width, shared.layouts.shapes(specifier), source.name)
    grid = CodeGrid.of(rows, source.name)
    path = shared.layouts.of_map(specifier, grid.shape, notch in (Notch.LEFT, Notch.RIGHT), source.name)
    sizes, remarks = layout_pairs(path)
    bins = definitions(code_map) or definitions(overlay) or shared.bins.bins
    meanings = explain_bins(grid, bins, null, base, remarks)
    dies, numbers = judge_codes(grid, meanings, options, base)
    substrate = attribute(element, "SubstrateId")
    said = {
        MAP: names[chosen],
        MAPS: ", ".join(names) if len(names) > 1 else "",
        "map_origin": attribute(element, "OriginLocation"),
        "map_axes": attribute(element, "AxisDirection"),
        "side": attribute(element, "SubstrateSide"),
        BINS: bins_said(bins, base),
        DIE_AXES: axes,
    }
    if not is_own_xml(source):  # Waferscope names the first die where it knows of no other
        said |= _reference(overlay, element, axes, grid.shape)
    pairs = {"wafer": substrate, "lot": shared.lots.get(substrate, ""), "notch": notch or ""}
    pairs["tested_at"] = shared.created.get(substrate, "")
    pairs |= sizes | {ATTRIBUTE + name: text for name, text in said.items() if text}
    return build_wafer(
        source,
        options,
        dies,
        bins=numbers,
        pairs=pairs,
        number=place[0],
        count=place[1],
        remarks=remarks,
        exported_as=E142 if is_own_xml(source) else "",
    )


def _overlay(element: Element, wanted: str, where: str) -> tuple[Element, Element, list[str], int]:
    """Choose the map of bin codes among all overlays; return its overlay, itself, all names, and its place in them."""
    found = [(overlay, each) for overlay in children(element, "Overlay") for each in children(overlay, "BinCodeMap")]
    if not found:
        raise FormatError(where, "the substrate map has no overlay of bin codes", "Export the bins too.")
    found = [pair for pair in found if next(children(pair[1], "BinCode"), None) is not None] or found
    names = distinct_names(attribute(code_map, "MapName") or attribute(each, "MapName") for each, code_map in found)
    chosen = choose_map(names, wanted, where)
    return *found[chosen], names, chosen


def _reference(overlay: Element, element: Element, axes: str, shape: Shape) -> dict[str, str]:
    """Return the reference device of an overlay, which counts as the substrate map says, or else as its codes do."""
    place = next(
        (each for device in inner(overlay, "ReferenceDevice") for each in children(device, "Coordinates")), None
    )
    if place is None:
        return {}
    origin, words = attribute(element, "OriginLocation").lower(), attribute(element, "AxisDirection").lower()
    corner = "left" in origin or "right" in origin
    if not axes and (words or corner) and (corner or not origin):
        words = words or _towards(origin)
        axes = axes_from_corner("left" if "left" in words else "right", "up" if "up" in words else "down", shape)
    return reference_attributes(attribute(place, "X"), attribute(place, "Y"), axes)


def _rows(
    element: Element, code_map: Element, width: int, declared: list[Shape], where: str
) -> tuple[str, list[list[str]], str]:
    """Return the code of places without a die, the rows of codes, and how the codes' own X and Y run, "" without any.

    Args:
        element: the substrate map.
        code_map: its map of codes.
        width: characters of a code.
        declared: rows and columns that the layouts allow.
        where: what to call the map in errors.
    """
    codes = list(children(code_map, "BinCode"))
    null = null_bin(code_map)
    if not any(attribute(code, "Y") for code in codes):
        counts = [columns for _, columns in declared]
        long = len("".join((codes[0].text or "").split())) if codes else 0
        columns = next((count for count in counts if long == count * width), counts[0] if counts else None)
        return null, [row for code in codes for row in split_rows(code.text or "", width, columns)], ""
    null = null or _UNFILLED
    places: dict[tuple[int, int], str] = {}
    for code in codes:
        x, y = (_integer(attribute(code, axis), axis, where) for axis in ("X", "Y"))
        for row in split_rows(code.text or "", width, None):
            if len(row) > MAX_GRID or len(places) > _MOST_PLACED:
                raise FormatError(where, "the map has more codes than a wafer has dies", "Correct the codes' X and Y.")
            for step, text in enumerate(row):
                if places.setdefault((x + step, y), text) != text:
                    raise FormatError(where, f"two bin codes name X {x + step}, Y {y}", "Correct the map.")
    return null, *_placed(places, element, null, declared, where)


def _placed(
    places: Mapping[tuple[int, int], str], element: Element, fill: str, declared: list[Shape], where: str
) -> tuple[list[list[str]], str]:
    """Lay codes out by their X and Y, which count from 0, or 1, within a declared layout; and say how these run."""
    if not places:
        return [], ""
    words = (attribute(element, "AxisDirection") or _towards(attribute(element, "OriginLocation"))).lower()
    left, right = min(x for x, _ in places), max(x for x, _ in places)
    top, bottom = min(y for _, y in places), max(y for _, y in places)
    for rows_said, columns_said in declared:
        one = int(right == columns_said or bottom == rows_said)
        if max(right - columns_said, bottom - rows_said) < one <= min(left, top):
            left, top, right, bottom = one, one, columns_said - 1 + one, rows_said - 1 + one
            break
    if max(right - left, bottom - top) >= MAX_GRID:
        problem = f"expected at most {MAX_GRID} dies a side, found {bottom - top + 1} x {right - left + 1}"
        raise FormatError(where, problem, "Correct the codes' X and Y.")
    rows = [[fill] * (right - left + 1) for _ in range(bottom - top + 1)]
    for (x, y), code in places.items():
        rows[bottom - y if "up" in words else y - top][right - x if "left" in words else x - left] = code
    across = ("left", right) if "left" in words else ("right", left)
    along = ("up", bottom) if "up" in words else ("down", top)
    return rows, axes_text(across[0], along[0], (across[1], along[1]))


def _towards(origin: str) -> str:
    """Return the axes that lead from a corner into the map."""
    origin = origin.lower()
    return ("up" if "lower" in origin else "down") + ("left" if "right" in origin else "right")


def _integer(text: str, axis: str, where: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise FormatError(where, f"{axis} of a BinCode is a whole number, found '{text:.20}'", "Correct it.")
    return int(text)
