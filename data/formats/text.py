"""Text files as machines write them: any usual encoding, any line ends, "name: text" lines above the data."""

import codecs
import re
from collections.abc import Sequence

from data.errors import FormatError
from data.formats.metadata import ATTRIBUTE, key_of
from data.formats.options import MIB
from data.formats.source import Source

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MAX_TEXT_BYTES = 64 * MIB
_TEXT_BYTES = frozenset(range(0x20, 0x100)) | frozenset(b"\t\r\n\f")
_PAIR = re.compile(r"\s*(?P<name>[^:=,;\t]{1,40}?)\s*[:=,;\t]\s*(?P<text>.*?)[\s,;]*")


def is_text(head: bytes) -> bool:
    """Tell whether bytes are text: UTF-16 with its mark, or nothing but printable bytes and white space."""
    return bool(head) and (head.startswith(UTF_16) or _TEXT_BYTES.issuperset(head))


def as_utf8(content: bytes) -> bytes:
    """Turn UTF-16 with its mark, UTF-8 or Latin-1 into UTF-8 without a mark.

    Example:
        >>> as_utf8("µm".encode("latin-1")).decode()
        'µm'
    """
    if content.startswith(UTF_16):
        return content.decode("utf-16").encode()
    content = content.removeprefix(codecs.BOM_UTF8)
    if content.isascii():  # by far the quickest test, and true of most tables
        return content
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1").encode()
    return content


def split_lines(content: bytes) -> list[str]:
    """Part text by whatever ends its lines."""
    return re.split("\r\n|\r|\n", content.decode("utf-8", errors="replace"))


def head_lines(source: Source) -> list[str]:
    """Give the lines at the beginning of a text file, none for a file that is no text; the last may be cut."""
    if not is_text(source.head):
        return []
    even = source.head[: len(source.head) // 2 * 2]
    try:
        return split_lines(as_utf8(even if even.startswith(UTF_16) else source.head))
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
    """Metadata from the lines above the data: "# lot: L1", "Lot = L1", "Lot,L1"; other "# x: y" are attributes."""
    pairs = {}
    for line in lines:
        match = _PAIR.fullmatch(line.lstrip("# \t"))
        if not match or not match["text"]:
            continue
        name, text = match["name"], match["text"].strip('"')
        if name.startswith(ATTRIBUTE) or key_of(name):
            pairs[name] = text
        elif line.startswith("#"):
            pairs[ATTRIBUTE + name] = text
    return pairs
