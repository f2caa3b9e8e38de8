"""Layouts of SEMI E142: how a wafer is parted into shots and dies, and what sizes these have."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from data.errors import FormatError
from data.formats.lengths import MM_PER_UNIT
from data.formats.semi_xml import attribute, children, inner, whole_number

Shape = tuple[int, int]
_MOST_LEVELS = 16  # of layouts in layouts


@dataclass(frozen=True)
class Layout:
    """What one layout says; each is taken apart once, for a file may have as many maps as layouts.

    Args:
        name: its LayoutId.
        children: the names of the layouts in it.
        dimension: rows and columns, None where it says none.
        steps: (X, Y) from die to die as written, "" where it says none.
        step_unit: their unit, "" for none.
        width: its own width as written.
        width_unit: its unit.
        product: the product's name.
    """

    name: str
    children: tuple[str, ...]
    dimension: Shape | None
    steps: tuple[str, str]
    step_unit: str
    width: str
    width_unit: str
    product: str

    @classmethod
    def of(cls, element: Element) -> "Layout":
        """Take a layout apart."""
        device = next(children(element, "DeviceSize"), None)
        step = next(children(element, "StepSize"), device)
        usual = attribute(element, "DefaultUnits", "Units")
        return cls(
            name=attribute(element, "LayoutId"),
            children=tuple(_children(element)),
            dimension=_dimension(element),
            steps=(attribute(step, "X"), attribute(step, "Y")),
            step_unit=attribute(step, "Units", "Unit") or usual,
            width=attribute(device, "X"),
            width_unit=attribute(device, "Units", "Unit") or usual,
            product=next((text for each in children(element, "ProductId") if (text := (each.text or "").strip())), ""),
        )


@dataclass(frozen=True)
class Layouts:
    """The layouts of a file.

    Args:
        by_id: each by its name.
        parents: the layout that each one is a child of.
        only: the only layout in each one, where it has no other.
        outermost: the first that is no child; "" for none.
    """

    by_id: Mapping[str, Layout]
    parents: Mapping[str, str]
    only: Mapping[str, str]
    outermost: str

    @classmethod
    def of(cls, root: Element) -> "Layouts":
        """Collect a file's layouts, once for all its maps."""
        found = [Layout.of(each) for each in inner(root, "Layout")]
        by_id = {layout.name: layout for layout in found if layout.name}
        known = {name: [child for child in layout.children if child in by_id] for name, layout in by_id.items()}
        parents = {child: name for name, inside in known.items() for child in inside}
        only = {name: inside[0] for name, inside in known.items() if len(inside) == 1}
        return cls(by_id, parents, only, next((name for name in by_id if name not in parents), ""))

    def of_map(self, specifier: str, shape: Shape, turned: bool, where: str) -> list[Layout]:
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
        paths, named = self._paths(specifier)
        shapes = [shape, shape[::-1]] if turned else [shape]
        for path in paths:
            if any(found in shapes for found in _shapes(path)):
                return path
        if named and (said := paths[0][-1].dimension):
            problem = f"Dimension says {said[0]} rows and {said[1]} columns, but the map has {shape[0]} and {shape[1]}"
            raise FormatError(where, problem, "The map is cut; export it again.")
        return paths[0] if named else []

    def shapes(self, specifier: str) -> list[Shape]:
        """Return the rows and columns that a map may have by its layouts, those of the innermost layout first."""
        return list(dict.fromkeys(found for path in self._paths(specifier)[0] for found in _shapes(path)))

    def _paths(self, specifier: str) -> tuple[list[list[Layout]], bool]:
        """Return what may be the layouts of a map, the likeliest first, and whether its specifier names any."""
        names = specifier.split("/", _MOST_LEVELS)[:_MOST_LEVELS]
        start = [name for name in dict.fromkeys(names) if name in self.by_id]
        named = bool(start)
        start = start or [name for name in [self.outermost] if name]
        if not start:
            return [], False
        chain = self._chain(start[-1])
        paths = [start, chain, *self._inwards(chain)]
        return [[self.by_id[name] for name in path] for path in paths], named

    def _chain(self, name: str) -> list[str]:
        """Return the names from the outermost layout to this one."""
        chain: dict[str, None] = {name: None}
        while (name := self.parents.get(name, "")) and name not in chain and len(chain) < _MOST_LEVELS:
            chain[name] = None
        return list(chain)[::-1]

    def _inwards(self, path: list[str]) -> Iterator[list[str]]:
        """Yield the path with its only child, that one's only child, and so on."""
        while len(path) < _MOST_LEVELS:
            inside = self.only.get(path[-1], path[-1])
            if inside in path:
                return
            path = [*path, inside]
            yield path


def layout_pairs(path: list[Layout]) -> tuple[dict[str, str], list[str]]:
    """Return product, die pitch and diameter, and a sentence for each length whose unit is not known.

    Args:
        path: layouts from the wafer's to the dies'.
    """
    pairs: dict[str, str] = {}
    doubts: list[str] = []
    if not path:
        return pairs, doubts
    for key, text in zip(("pitch_column_mm", "pitch_row_mm"), path[-1].steps, strict=True):
        _length(pairs, doubts, key, (text, path[-1].step_unit), path[-1].name)
    if len(path) > 1:
        _length(pairs, doubts, "diameter_mm", (path[0].width, path[0].width_unit), path[0].name)
    product = next((layout.product for layout in path if layout.product), "")
    return pairs | ({"product": product} if product else {}), doubts


def _length(pairs: dict[str, str], doubts: list[str], key: str, said: tuple[str, str], layout: str) -> None:
    """Add a length in millimetres, of a number and its unit as written."""
    text, unit = said
    try:
        number = float(text)
    except ValueError:
        return
    scale = MM_PER_UNIT.get(unit.lower())
    if not 0 < number < float("inf"):
        return
    if scale is None:
        doubt = f"Layout {layout} has lengths in the unknown unit '{unit:.20}'; they are not used."
        doubts += [doubt] if doubt not in doubts else []
        return
    pairs[key] = f"{number * scale:.9g}"


def _children(layout: Element) -> list[str]:
    boxes = [layout, *children(layout, "ChildLayouts")]
    return [attribute(each, "LayoutId") for box in boxes for each in children(box, "ChildLayout")]


def _dimension(layout: Element) -> Shape | None:
    said = next(children(layout, "Dimension"), None)
    rows, columns = whole_number(attribute(said, "Y")), whole_number(attribute(said, "X"))
    return (rows, columns) if rows and columns else None


def _shapes(path: list[Layout]) -> Iterator[Shape]:
    """Yield the numbers of dies that the layouts from some level inwards have together; any where none are declared."""
    rows, columns = 1, 1
    for layout in reversed(path):
        said = layout.dimension
        if said is None:
            return
        rows, columns = rows * said[0], columns * said[1]
        yield rows, columns
