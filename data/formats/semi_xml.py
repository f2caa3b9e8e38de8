"""What the SEMI map standards in XML share: safe parsing, how codes are written, what orientation means."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import parse

from data.bin_names import bins_text
from data.errors import FormatError
from data.formats.bin_codes import CodeGrid, Key, bin_number, code_key, dies_text
from data.formats.bins import bin_table
from data.formats.code_words import verdict_of
from data.formats.options import MIB, ReadOptions
from data.formats.source import Source
from data.formats.text import MAX_TEXT_BYTES
from data.wafer import FAIL, OFF_WAFER, Notch

# Orientation 0 is the notch at 6 o'clock; the map is turned clockwise from there.
NOTCHES = {"0": Notch.DOWN, "90": Notch.LEFT, "180": Notch.UP, "270": Notch.RIGHT}
# Characters a code and base of its number (0: codes are characters), by the name of the bin type.
CODE_WIDTHS = {"ascii": (1, 0), "decimal": (3, 10), "hexadecimal": (2, 16), "integer2": (4, 16)}
_MOST_DIGITS, _MOST_LISTED = 10, 5


def parse_xml(source: Source) -> Element:
    """Parse an XML file without entities, external or not.

    Raises:
        FormatError: it is too large, malformed (the line is named), or defines entities.
    """
    if source.size > MAX_TEXT_BYTES:
        size, limit = source.size // MIB, MAX_TEXT_BYTES // MIB
        raise FormatError(source.name, f"the XML has {size} MiB, the limit is {limit} MiB", "Split it.")
    stream: BinaryIO = source.stream
    stream.seek(0)
    try:
        root: Element = parse(stream, forbid_dtd=True).getroot()
    except DefusedXmlException as error:
        problem = f"the XML defines a document type or entities, which no map needs ({type(error).__name__})"
        raise FormatError(source.name, problem, "Export the map again without them.") from error
    except (ParseError, ValueError, LookupError) as error:
        line = getattr(error, "position", (1, 0))[0]
        raise FormatError(
            f"{source.name} line {line}", f"the XML is malformed ({error})", "Export it again."
        ) from error
    return root


def is_xml(source: Source, element: bytes) -> bool:
    """Tell whether a file is XML that begins with, or soon has, an element of this name."""
    head = source.head.replace(b"\0", b"")
    start = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return start.startswith(b"<") and any(b"<" + element + end in head for end in (b" ", b">", b"\n", b"\r", b"\t"))


def tag(element: Element) -> str:
    """Give an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def children(element: Element, name: str) -> Iterator[Element]:
    """Give the direct children of a name, whatever their namespace."""
    return (child for child in element if tag(child) == name)


def inner(element: Element, *names: str) -> Iterator[Element]:
    """Return all elements of some names below this one, whatever their namespace."""
    return (child for child in element.iter() if tag(child) in names)


def attribute(element: Element | None, *names: str) -> str:
    """Give the first attribute that is there, its name in any case; "" for none."""
    found = {} if element is None else {name.rpartition("}")[2].lower(): text for name, text in element.attrib.items()}
    return next((found[name.lower()].strip() for name in names if found.get(name.lower(), "").strip()), "")


def apart(root: Element, maps: Iterable[Element]) -> list[Element]:
    """Return the definitions of bins that stand in none of some maps, and hold for those that define none."""
    within = {id(each) for element in maps for each in definitions(element)}
    return [each for each in definitions(root) if id(each) not in within]


def definitions(element: Element) -> list[Element]:
    """Return the definitions of bins below an element."""
    return [each for each in inner(element, "Bin", "BinDefinition") if attribute(each, "BinCode")]


def choose_map(names: Sequence[str], wanted: str, where: str) -> int:
    """Return the place of the map to read: the only one, the one asked for by name, or the first.

    Raises:
        FormatError: there is none of that name.
    """
    if not wanted or len(names) == 1:
        return 0
    if wanted not in names:
        raise FormatError(where, f"there is no map '{wanted:.40}' among {', '.join(names)}", "Choose one of these.")
    return names.index(wanted)


def distinct_names(names: Iterable[str]) -> list[str]:
    """Name maps apart that share a name.

    Example:
        >>> distinct_names(["Sort", "Sort", "Ink"])
        ['Sort', 'Sort 2', 'Ink']
    """
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(f"{name} {seen[name]}".strip() if seen[name] > 1 else name)
    return found


def notch_of(element: Element, where: str) -> Notch | None:
    """Read the orientation of a map; None when it says none.

    Raises:
        FormatError: it is no quarter turn.
    """
    degrees = attribute(element, "Orientation")
    if degrees and degrees not in NOTCHES:
        raise FormatError(where, f"Orientation is 0, 90, 180 or 270, found '{degrees:.20}'", "Correct it.")
    return NOTCHES[degrees] if degrees else None


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


def explain_bins(
    grid: CodeGrid, bins: Sequence[Element], null: str, base: int, remarks: list[str]
) -> dict[str, int]:
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
    differing = []
    for each in bins:
        code, said = attribute(each, "BinCode"), attribute(each, "BinCount")
        found = read.get(code_key(code, base), 0)
        if code and (count := whole_number(said)) is not None and count != found:
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
    return bins_text({bin_number(code, base or 10): [attribute(e, name) for name in words] for code, e in coded.items()})


def whole_number(text: str) -> int | None:
    """Return a count as an attribute says it; None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _MOST_DIGITS else None
