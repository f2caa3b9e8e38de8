"""Text files as machines write them: any usual encoding, any line ends, "name: text" lines above the data."""

import codecs
import re
from collections.abc import Sequence
from functools import lru_cache

from data.errors import FormatError
from data.formats.metadata import ATTRIBUTE, key_of
from data.formats.options import MIB
from data.formats.source import Source
from data.formats.totals import count_of

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MAX_TEXT_BYTES = 64 * MIB
_SHORT = 64
_TEXT_BYTES = frozenset(range(0x20, 0x100)) | frozenset(b"\t\r\n\f")
_LONGEST_LINE, _LONGEST_NAME = 4000, 40
_MOST_LINES = 2**17
_LINE_END = re.compile("\r\n|\r|\n")
_GAP = re.compile(r"\s{2,}")
_SIGN = re.compile(r"[:=,;\t|]")
_ENDS = " \t\r\n\f\v,;|"


def is_text(head: bytes) -> bool:
    """Return whether bytes are text: UTF-16, or nothing but printable bytes and white space."""
    return bool(head) and (_utf_16(head) is not None or _TEXT_BYTES.issuperset(head))


def as_utf8(content: bytes) -> bytes:
    """Turn UTF-16, UTF-8 or Latin-1 into UTF-8 without a mark.

    Example:
        >>> as_utf8("µm".encode("latin-1")).decode(), as_utf8("lot".encode("utf-16-le")).decode()
        ('µm', 'lot')
    """
    if encoding := _utf_16(content[:_SHORT]):
        return content.decode(encoding).encode()
    content = content.removeprefix(codecs.BOM_UTF8)
    if content.isascii():  # by far the quickest test, and true of most tables
        return content
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1").encode()
    return content


def _utf_16(head: bytes) -> str | None:
    """Find which UTF-16 a text is in, by its mark or by every other byte at its beginning being 0; None for others."""
    if head.startswith(UTF_16):
        return "utf-16"
    even, odd = set(head[0:_SHORT:2]), set(head[1:_SHORT:2])
    if len(head) < 4 or (even == {0}) == (odd == {0}):
        return None
    letters, encoding = (odd, "utf-16-be") if even == {0} else (even, "utf-16-le")
    return encoding if _TEXT_BYTES.issuperset(letters) else None


def split_lines(content: bytes) -> list[str]:
    """Part text by whatever ends its lines."""
    return _LINE_END.split(content.decode("utf-8", errors="replace"))


def map_lines(source: Source) -> list[str]:
    """Read all lines of a text map.

    Raises:
        FormatError: there are more, or they are longer, than any map has.
    """
    text = whole_text(source)
    if text.count("\n") + text.count("\r") > _MOST_LINES:
        raise FormatError(source.name, f"the text has more than {_MOST_LINES} lines, more than any map", "Split it.")
    return split_lines(text.encode())


def head_lines(source: Source, size: int | None = None) -> list[str]:
    """Return the lines at the beginning of a text file, none for a file that is no text; the last may be cut.

    Args:
        source: the file.
        size: bytes to take; None for those that are in memory already.
    """
    if size is None or source.size <= len(source.head):
        return list(_lines_of(source.head))
    if not is_text(source.head):
        return []
    source.stream.seek(0)
    return _parted(source.stream.read(size))


@lru_cache(maxsize=4)
def _lines_of(head: bytes) -> tuple[str, ...]:
    """Part the beginning of a file into lines; kept, since every reader of text looks at them."""
    return tuple(_parted(head)) if is_text(head) else ()


def _parted(head: bytes) -> list[str]:
    even = head[: len(head) // 2 * 2]
    try:
        return split_lines(as_utf8(even if _utf_16(even[:_SHORT]) else head))
    except UnicodeDecodeError:
        return []


def whole_text(source: Source) -> str:
    """Read all of a text file that is taken apart word by word.

    Raises:
        FormatError: it is larger than any such file is.
    """
    if source.size > MAX_TEXT_BYTES:
        size, limit = source.size // MIB, MAX_TEXT_BYTES // MIB
        raise FormatError(source.name, f"the text has {size} MiB, the limit is {limit} MiB", "Split it.")
    return as_utf8(source.content()).decode("utf-8", errors="replace")


def header_pairs(lines: Sequence[str]) -> dict[str, str]:
    """Metadata from the lines beside the data; other "# x: y" are attributes, and longer lines say nothing.

    Example:
        >>> header_pairs(["# lot: L1", "Wafer = 05", "Product,P1,,", "# tool: T2", "Total Pass : 77", "hello: you"])
        {'lot': 'L1', 'Wafer': '05', 'Product': 'P1', 'attribute.tool': 'T2', 'Total Pass': '77'}
    """
    pairs = {}
    for line in lines:
        for part in _parts(line) if len(line) <= _LONGEST_LINE else ():
            name, text = _pair(part.lstrip("# \t"))
            if not text:
                continue
            if name.startswith(ATTRIBUTE) or key_of(name) or count_of(name):
                pairs[name] = text
            elif line.startswith("#"):
                pairs[ATTRIBUTE + name] = text
    return pairs


def _parts(line: str) -> list[str]:
    """Part a line that says several things: "Lot: L1   Wafer: 05", or "Lot,L1,Wafer,05" where every other is a name."""
    parts = [part for part in _GAP.split(line) if part]
    if len(parts) > 1 and all(_SIGN.search(part, 1) for part in parts):
        return parts
    for sign in ",;\t|":
        cells = line.strip(_ENDS).split(sign) if sign in line else []
        names = [_unquoted(cell.strip()).rstrip(":= ") for cell in cells[::2]]
        if len(cells) > 3 and not len(cells) % 2 and all(key_of(name) or count_of(name) for name in names):
            return [sign.join(cells[i : i + 2]) for i in range(0, len(cells), 2)]
    return [line]


def _pair(line: str) -> tuple[str, str]:
    """Part "name: text", "name = text" and "name,text"; ("", "") for a line that is no pair.

    Cells may be quoted, and "Program:,JOB1" has two signs between name and text.
    """
    line = line.strip(_ENDS)
    sign = _SIGN.search(line, 1) if line else None
    if sign is None or sign.start() > _LONGEST_NAME:
        return "", ""
    name, text = _unquoted(line[: sign.start()].strip()), line[sign.end() :].lstrip(_ENDS + ":=")
    return name.rstrip(":= "), _unquoted(text)


def _unquoted(text: str) -> str:
    """Take a pair of quotes off; 8" keeps its inches."""
    return text[1:-1].replace('""', '"').strip() if len(text) > 1 and text[0] == text[-1] == '"' else text
