"""What the SEMI map standards in XML share: safe parsing, how codes are written, what orientation means."""

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import parse

from data.bin_names import bins_text
from data.errors import FormatError
from data.formats.bin_codes import bin_number
from data.formats.options import MIB
from data.formats.source import Source
from data.formats.text import MAX_TEXT_BYTES
from data.wafer import FAIL, PASS, Notch

# Orientation 0 is the notch at 6 o'clock; the map is turned clockwise from there.
NOTCHES = {"0": Notch.DOWN, "90": Notch.LEFT, "180": Notch.UP, "270": Notch.RIGHT}
# Characters a code and base of its number, by the name of the bin type.
CODE_WIDTHS = {"ascii": (1, 10), "decimal": (3, 10), "hexadecimal": (2, 16), "integer2": (4, 16)}
_QUALITIES = {"pass": PASS, "good": PASS, "fail": FAIL, "bad": FAIL, "reject": FAIL}


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


def inner(element: Element, name: str) -> Iterator[Element]:
    """Give all elements of a name below this one, whatever their namespace."""
    return (child for child in element.iter() if tag(child) == name)


def attribute(element: Element | None, *names: str) -> str:
    """Give the first attribute that is there, its name in any case; "" for none."""
    found = {} if element is None else {name.rpartition("}")[2].lower(): text for name, text in element.attrib.items()}
    return next((found[name.lower()].strip() for name in names if found.get(name.lower(), "").strip()), "")


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
    """Give how many characters a code has and the base of its number.

    Raises:
        FormatError: the bin type is unknown.
    """
    kind = attribute(element, "BinType") or "Ascii"
    if kind.lower() not in CODE_WIDTHS:
        raise FormatError(
            where, f"BinType is Ascii, Decimal, HexaDecimal or Integer2, found '{kind:.20}'", "Correct it."
        )
    return CODE_WIDTHS[kind.lower()]


def split_codes(text: str, width: int) -> list[str]:
    """Part a row into codes; white space between them is passed over, within a one-character map it is a code."""
    if width == 1:
        return list(text.strip("\r\n\t"))
    plain = "".join(text.split())
    return [plain[place : place + width] for place in range(0, len(plain), width)]


def verdicts_of(bins: list[Element]) -> dict[str, int]:
    """Give PASS or FAIL of the bin codes whose definitions tell."""
    qualities = {attribute(each, "BinCode"): attribute(each, "BinQuality").lower() for each in bins}
    return {code: _QUALITIES[quality] for code, quality in qualities.items() if quality in _QUALITIES}


def bins_said(bins: list[Element], base: int) -> str:
    """List the bins' numbers, qualities and descriptions: "1 Pass Good, 2 Fail Open".

    Args:
        bins: their definitions.
        base: of the numbers that codes are.
    """
    coded = {code: each for each in bins if (code := attribute(each, "BinCode"))}
    words = ("BinQuality", "BinDescription")
    return bins_text({bin_number(code, base): [attribute(e, name) for name in words] for code, e in coded.items()})
