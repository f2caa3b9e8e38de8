"""What the SEMI map standards in XML share: safe parsing, how codes are written, what orientation means."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import parse

from data.errors import FormatError
from data.formats.options import MIB
from data.formats.source import Source
from data.formats.text import MAX_TEXT_BYTES
from data.wafer import Notch

# Orientation 0 is the notch at 6 o'clock; the map is turned clockwise from there.
NOTCHES = {"0": Notch.DOWN, "90": Notch.LEFT, "180": Notch.UP, "270": Notch.RIGHT}
_MOST_DIGITS = 10
_MOST_MARKS = {b"<": 4_000_000, b"=": 4_000_000}
"""Of a file: what elements and attributes begin with. Each takes a hundred bytes or more once read."""


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
    counts = dict.fromkeys(_MOST_MARKS, 0)
    while chunk := stream.read(MIB):
        counts = {mark: count + chunk.count(mark) for mark, count in counts.items()}
    for mark, count in counts.items():
        if count > _MOST_MARKS[mark]:
            problem = f"the XML has more than {_MOST_MARKS[mark]} signs {mark.decode()}, more than any map"
            raise FormatError(source.name, problem, "Split it by wafer.")
    stream.seek(0)
    try:
        root: Element = parse(stream, forbid_dtd=True).getroot()
    except DefusedXmlException as error:
        problem = "the XML defines a document type or entities, which no map needs"
        raise FormatError(source.name, problem, "Export the map again without them.") from error
    except (ParseError, ValueError, LookupError) as error:
        line = getattr(error, "position", (1, 0))[0]
        raise FormatError(
            f"{source.name} line {line}", f"the XML is malformed ({error})", "Export it again."
        ) from error
    return root


def is_xml(source: Source, element: bytes) -> bool:
    """Return whether a file is XML that begins with, or soon has, an element of this name."""
    head = source.head.replace(b"\0", b"")
    start = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return start.startswith(b"<") and any(b"<" + element + end in head for end in (b" ", b">", b"\n", b"\r", b"\t"))


def tag(element: Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def children(element: Element, name: str) -> Iterator[Element]:
    """Return the direct children of a name, whatever their namespace."""
    return (child for child in element if tag(child) == name)


def inner(element: Element, *names: str) -> Iterator[Element]:
    """Return all elements of some names below this one, whatever their namespace."""
    return (child for child in element.iter() if tag(child) in names)


def outermost(root: Element, name: str) -> Iterator[Element]:
    """Return the elements of a name that stand in no other of that name."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if tag(element) == name:
            yield element
        else:
            waiting.extend(reversed(element))


def attribute(element: Element | None, *names: str) -> str:
    """Return the first attribute that is there, its name in any case; "" for none."""
    if element is None or not element.attrib:
        return ""
    exact = element.attrib.get(names[0], "").strip()  # as the standards write it: by far the most frequent
    if exact:
        return exact
    found = {name.rpartition("}")[2].lower(): text for name, text in element.attrib.items()}
    return next((found[name.lower()].strip() for name in names if found.get(name.lower(), "").strip()), "")


def choose_map(names: Sequence[str], wanted: str, where: str) -> int:
    """Return the place of the map to read: the only one, the one asked for by name, or the first.

    Raises:
        FormatError: there is none of that name.
    """
    if not wanted or len(names) == 1:
        return 0
    if wanted not in names:
        raise FormatError(
            where, f"there is no map '{wanted:.40}' among {', '.join(names[:20])}", "Choose one of these."
        )
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


def whole_number(text: str) -> int | None:
    """Return a count as an attribute says it; None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _MOST_DIGITS else None
