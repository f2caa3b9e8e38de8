"""Bin codes of the SEMI map standards in XML: how rows part into codes, and what their bins' definitions say."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from xml.etree.ElementTree import Element

from data.bin_names import bins_text
from data.errors import FormatError
from data.formats.bin_codes import CodeGrid, Key, bin_number, code_key, dies_text
from data.formats.bins import bin_table
from data.formats.code_words import verdict_of
from data.formats.options import ReadOptions
from data.formats.semi_xml import attribute, inner, whole_number
from data.wafer import FAIL, OFF_WAFER

# Characters a code and base of its number (0: codes are characters), by the name of the bin type.
CODE_WIDTHS = {"ascii": (1, 0), "decimal": (3, 10), "hexadecimal": (2, 16), "integer2": (4, 16)}
_MOST_LISTED = 5
_MOST_SHARED = 10_000_000
"""Definitions times maps: each map is held against all of them."""


@dataclass(frozen=True)
class SharedBins:
    """Definitions of bins that stand apart from any map, and hold for those that define none.

    Args:
        root: the document.
        maps: its maps.
        where: what to call the file in errors.
    """

    root: Element
    maps: Sequence[Element]
    where: str

    @cached_property
    def _apart(self) -> list[Element]:
        within = {id(each) for element in self.maps for each in definitions(element)}
        return [each for each in definitions(self.root) if id(each) not in within]

    @property
    def bins(self) -> list[Element]:
        """The definitions, looked for once a file.

        Raises:
            FormatError: they are more than the maps of a file can have in common.
        """
        found = self._apart
        if len(found) * len(self.maps) > _MOST_SHARED:
            problem = f"{len(found)} definitions of bins stand apart from {len(self.maps)} maps"
            raise FormatError(self.where, problem, "Split the file by wafer.")
        return found


def definitions(element: Element) -> list[Element]:
    """Return the definitions of bins below an element."""
    return [each for each in inner(element, "Bin", "BinDefinition") if attribute(each, "BinCode")]


def code_width(element: Element, where: str) -> tuple[int, int]:
    """Return how many characters a code has and the base of its number, 0 where codes are characters.

    Raises:
        FormatError: the bin type is unknown.
    """
    kind = attribute(element, "BinType") or "Ascii"
    if kind.lower() not in CODE_WIDTHS:
        raise FormatError(
            where, f"BinType is Ascii, Decimal, HexaDecimal or Integer2, found '{kind:.20}'", "Correct it."
        )
    return CODE_WIDTHS[kind.lower()]


def split_rows(text: str, width: int, columns: int | None) -> list[list[str]]:
    """Part an element's text into rows of codes, which stand close or parted by blanks.

    Args:
        text: of one element, a row a line; long words, each longer than a code, are rows as well.
        width: usual characters of a code.
        columns: codes a row as declared, None where nothing is.

    Example:
        >>> split_rows("255 001", 3, 2), split_rows("0a0B", 2, 2), split_rows("..1", 1, 3)
        ([['255', '001']], [['0a', '0B']], [['.', '.', '1']])
    """
    if columns and len(text) == width * columns and text.isalnum():
        return [_parted(text, width, columns)]
    rows = []
    for line in text.strip("\r\n\t").splitlines():
        words = line.split()
        if not words:
            rows += [list(line)] if width == 1 and len(line) == columns else []
        elif width == 1:
            rows.append(_characters(line, words, columns))
        elif len(words) > 1 and all(len(word) > width and len(word) % width == 0 for word in words):
            rows += [_parted(word, width, columns) for word in words]
        elif len(words) > 1 and (len(words) == columns or all(len(word) <= width for word in words)):
            rows.append(words)
        else:
            rows.append(_parted("".join(words), width, columns))
    return rows


def _characters(line: str, words: list[str], columns: int | None) -> list[str]:
    """Part a row of characters, in which a blank may be a code, or may part codes."""
    if columns and len(line) != columns:
        if len(words) == columns:
            return words
        if len(line.strip()) == columns:
            return list(line.strip())
    apart = len(words) > 1 and len(line.strip()) == 2 * len(words) - 1
    return words if apart and columns is None else list(line)


def _parted(word: str, width: int, columns: int | None) -> list[str]:
    if columns and len(word) != width * columns and len(word) % columns == 0:
        width = len(word) // columns
    return [word[at : at + width] for at in range(0, len(word), width)]


def null_bin(element: Element) -> str:
    """Return the code of places without a die as it is written, which may be a blank; "" for none."""
    written = next((text for name, text in element.attrib.items() if name.rpartition("}")[2].lower() == "nullbin"), "")
    return written.strip() or written[:1]


def explain_bins(grid: CodeGrid, bins: Sequence[Element], null: str, base: int, remarks: list[str]) -> dict[str, int]:
    """Return what every code of a map means: a bin of quality Pass passes, Fail fails, any other has no result.

    Where no bin has a quality, bin 1 passes, 0 is no die and others fail.

    Args:
        grid: the map.
        bins: the definitions.
        null: code of places without a die, "" for none.
        base: of the numbers that codes are, 0 where they are characters.
        remarks: gets a sentence for codes that the file leaves unexplained, and for counts that differ.
    """
    off = {code_key(null, base)} if null else set()
    verdicts: dict[Key, int] = {}
    for each in bins:
        if (code := attribute(each, "BinCode")) and (said := _quality(each)) is not None:
            verdicts[code_key(code, base)] = said
    if not verdicts:
        table = bin_table(ReadOptions())
        usual = {code: int(table[bin_number(code, base or 10)]) for code in grid.codes}
        return {code: OFF_WAFER if code_key(code, base) in off else usual[code] for code in grid.codes}
    corner = grid.corners[0] if len(set(grid.corners)) == 1 else None
    unsaid = FAIL if FAIL not in verdicts.values() else OFF_WAFER
    meanings = {}
    for code in grid.codes:
        key = code_key(code, base)
        meanings[code] = OFF_WAFER if key in off else verdicts.get(key, unsaid)
        if key not in off and key not in verdicts:
            none = unsaid == OFF_WAFER or (code == corner and not null)
            meanings[code] = OFF_WAFER if none else FAIL
            words = "dies without a result" if none else "failing dies"
            remarks.append(f"No bin defines code {code!r} ({dies_text(grid.counts[code])}); read as {words}.")
    remarks += _count_remarks(grid, bins, base)
    return meanings


def _quality(element: Element) -> int | None:
    """Return what a bin's quality, or else its description, says; None where neither says anything."""
    quality = attribute(element, "BinQuality")
    said = verdict_of(quality or attribute(element, "BinDescription"))
    return OFF_WAFER if quality and said is None else said


def _count_remarks(grid: CodeGrid, bins: Sequence[Element], base: int) -> list[str]:
    """Compare the bins' counts with the map; codes are defined, so a count that differs changes no die's result."""
    read: dict[Key, int] = {}
    for code, number in grid.counts.items():
        read[code_key(code, base)] = read.get(code_key(code, base), 0) + number
    declared = {
        code: count
        for each in bins
        if (code := attribute(each, "BinCode")) and (count := whole_number(attribute(each, "BinCount"))) is not None
    }
    if len(declared) > 1 and set(declared.values()) in ({0}, {1}):  # what makers write who do not count
        return []
    differing = []
    for code, count in declared.items():
        found = read.get(code_key(code, base), 0)
        if count != found:
            differing.append(f"{dies_text(count)} of bin {code}, {found} were read")
    listed = "; ".join(differing[:_MOST_LISTED]) + ("; ..." if len(differing) > _MOST_LISTED else "")
    return [f"The file declares {listed}."] if differing else []


def bins_said(bins: Sequence[Element], base: int) -> str:
    """List the bins' numbers, qualities and descriptions: "1 Pass Good, 2 Fail Open".

    Args:
        bins: their definitions.
        base: of the numbers that codes are, 0 where codes are characters.
    """
    coded = {code: each for each in bins if (code := attribute(each, "BinCode"))}
    words = ("BinQuality", "BinDescription")
    return bins_text(
        {bin_number(code, base or 10): [attribute(e, name) for name in words] for code, e in coded.items()}
    )
