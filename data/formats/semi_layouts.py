"""Layouts of SEMI E142: how a wafer is parted into shots and dies, and what sizes these have."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from data.errors import FormatError
from data.formats.semi_xml import attribute, children, inner, whole_number

MM_PER_UNIT = {
    "mm": 1.0, "millimeter": 1.0, "millimetre": 1.0, "micron": 1e-3, "micrometer": 1e-3, "um": 1e-3, "µm": 1e-3,
    "mil": 0.0254, "inch": 25.4, "inche": 25.4, "in": 25.4, "cm": 10.0, "centimeter": 10.0, "m": 1000.0, "meter": 1000.0,
}  # fmt: skip
Shape = tuple[int, int]


@dataclass(frozen=True)
class Layouts:
    """The layouts of a file.

    Args:
        by_id: each by its name.
        parents: the layout that each one is a child of.
    """

    by_id: Mapping[str, Element]
    parents: Mapping[str, str]

    @classmethod
    def of(cls, root: Element) -> "Layouts":
        """Collect a file's layouts, once for all its maps."""
        by_id = {name: each for each in inner(root, "Layout") if (name := attribute(each, "LayoutId"))}
        parents = {child: name for name, layout in by_id.items() for child in _children(layout) if child in by_id}
        return cls(by_id, parents)

    def of_map(self, specifier: str, shape: Shape, turned: bool, where: str) -> list[Element]:
        """Return the layouts of a map, from the wafer's to the dies'.

        A map has as many dies as its innermost layout, or as many as the layouts from some level inwards have together:
        shots on the wafer times dies in a shot.

        Args:
            specifier: the names of layouts that the map gives, parted by slashes; "" begins at the outermost.
            shape: rows and columns of the map.
            turned: the map is turned by a quarter, so that rows and columns may be exchanged.
            where: what to call the map in errors.

        Raises:
            FormatError: the layouts' Dimension and the map disagree.
        """
        named = [name for name in dict.fromkeys(specifier.split("/")) if name in self.by_id]
        start = named or [name for name in self.by_id if name not in self.parents][:1]
        if not start:
            return []
        shapes = [shape, shape[::-1]] if turned else [shape]
        tried = [start, self._chain(start[-1]), *self._inwards(self._chain(start[-1]))]
        for path in tried:
            if any(found in shapes for found in _shapes([self.by_id[name] for name in path])):
                return [self.by_id[name] for name in path]
        path = [self.by_id[name] for name in (start if named else tried[-1])]
        if (said := _dimension(path[-1])) and named:
            problem = f"Dimension says {said[0]} rows and {said[1]} columns, but the map has {shape[0]} and {shape[1]}"
            raise FormatError(where, problem, "The map is cut; export it again.")
        return path if len(path) > 1 else []

    def innermost(self, specifier: str) -> Shape | None:
        """Return rows and columns of the innermost layout that a map names; None where it says nothing."""
        names = [name for name in specifier.split("/") if name in self.by_id]
        return _dimension(self.by_id[names[-1]]) if names else None

    def _chain(self, name: str) -> list[str]:
        """Return the names from the outermost layout to this one."""
        chain = {name: None}
        while (name := self.parents.get(name, "")) and name not in chain:
            chain[name] = None
        return list(chain)[::-1]

    def _inwards(self, path: list[str]) -> Iterator[list[str]]:
        """Yield the path with its only child, that one's only child, and so on."""
        path = list(path)
        seen = set(path)
        while len(inside := [name for name in _children(self.by_id[path[-1]]) if name in self.by_id]) == 1:
            if inside[0] in seen:
                return
            seen.add(inside[0])
            path.append(inside[0])
            yield list(path)


def layout_pairs(path: list[Element]) -> tuple[dict[str, str], list[str]]:
    """Return product, die pitch and diameter, and a sentence for each length whose unit is not known.

    Args:
        path: layouts from the wafer's to the dies'.
    """
    pairs: dict[str, str] = {}
    doubts: list[str] = []
    if not path:
        return pairs, doubts
    step = next((each for name in ("StepSize", "DeviceSize") for each in children(path[-1], name)), None)
    for key, axis in (("pitch_column_mm", "X"), ("pitch_row_mm", "Y")):
        _length(pairs, doubts, key, (path[-1], step), axis)
    if len(path) > 1:
        _length(pairs, doubts, "diameter_mm", (path[0], next(children(path[0], "DeviceSize"), None)), "X")
    product = next((text for layout in path for e in children(layout, "ProductId") if (text := (e.text or "").strip())), "")
    return pairs | ({"product": product} if product else {}), doubts


def _length(
    pairs: dict[str, str], doubts: list[str], key: str, place: tuple[Element, Element | None], axis: str
) -> None:
    """Add a length in millimetres: in the unit at its element, else in the layout's."""
    layout, element = place
    try:
        number = float(attribute(element, axis))
    except ValueError:
        return
    unit = attribute(element, "Units", "Unit") or attribute(layout, "DefaultUnits", "Units")
    scale = MM_PER_UNIT.get(unit.lower()) or MM_PER_UNIT.get(unit.lower().removesuffix("s"))
    if not 0 < number < float("inf"):
        return
    if scale is None:
        name = f"Layout {attribute(layout, 'LayoutId')}"
        doubts += [text for text in [f"{name} has lengths in the unknown unit '{unit:.20}'; they are not used."]
                   if text not in doubts]  # fmt: skip
        return
    pairs[key] = f"{number * scale:.9g}"


def _children(layout: Element) -> list[str]:
    return [attribute(each, "LayoutId") for each in inner(layout, "ChildLayout")]


def _dimension(layout: Element) -> Shape | None:
    said = next(children(layout, "Dimension"), None)
    rows, columns = whole_number(attribute(said, "Y")), whole_number(attribute(said, "X"))
    return (rows, columns) if rows and columns else None


def _shapes(path: list[Element]) -> Iterator[Shape]:
    """Yield the numbers of dies that the layouts from some level inwards have together; any where none are declared."""
    rows, columns = 1, 1
    for layout in reversed(path):
        said = _dimension(layout)
        if said is None:
            return
        rows, columns = rows * said[0], columns * said[1]
        yield rows, columns
