"""The one table of formats. A new format is one file with a `read` function and one line here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from data.errors import FormatError
from data.formats import (
    csv_file,
    image,
    klarf,
    npz,
    own_exports,
    parquet_file,
    pickle_file,
    semi_e142,
    semi_g85,
    sinf,
    stdf,
    text_map,
    xlsx_file,
)
from data.formats.options import ReadFailure, ReadOptions
from data.formats.source import PACKED, Source
from data.wafer import WaferMap

Wafers = Iterator[WaferMap | ReadFailure]


@dataclass(frozen=True)
class Reader:
    """One format.

    Args:
        name: for people: "PNG image".
        suffixes: usual endings, with their dot; they decide only where content does not.
        recognises: tells by a file's content whether it is of this format.
        read: gives the file's wafers; raises WaferError for a file it cannot read.
    """

    name: str
    suffixes: tuple[str, ...]
    recognises: Callable[[Source], bool]
    read: Callable[[Source, ReadOptions], Wafers]


def _starts(*magics: bytes) -> Callable[[Source], bool]:
    return lambda source: source.head.startswith(magics)


READERS: tuple[Reader, ...] = (
    Reader("PNG image", (".png",), _starts(b"\x89PNG\r\n\x1a\n"), image.read_png),
    Reader("JPEG image", (".jpg", ".jpeg"), _starts(b"\xff\xd8\xff"), image.read_jpeg),
    Reader("TIFF image", (".tif", ".tiff"), _starts(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), image.read_tiff),
    Reader("NumPy npz archive", (".npz",), npz.recognises, npz.read),
    Reader("Parquet die table", (".parquet", ".pq"), _starts(b"PAR1"), parquet_file.read),
    Reader("pandas pickle", (".pkl", ".pickle"), _starts(*(bytes([0x80, n]) for n in range(2, 6))), pickle_file.read),
    Reader("Excel workbook", (".xlsx", ".xlsm"), xlsx_file.recognises, xlsx_file.read),
    Reader("STDF V4 file", (".stdf", ".std"), stdf.recognises, stdf.read),
    Reader("KLARF file", (".klarf", ".kla", ".krf"), klarf.recognises, klarf.read),
    Reader("SEMI E142 map", (".xml",), semi_e142.recognises, semi_e142.read),
    Reader("SEMI G85 map", (".xml",), semi_g85.recognises, semi_g85.read),
    Reader("SINF map", (".sinf",), sinf.recognises, sinf.read),
    Reader("CSV die table", csv_file.SUFFIXES, csv_file.recognises, csv_file.read),
    Reader("text map", (".map", ".wmap"), text_map.recognises, text_map.read),
)

_OWN = Reader("export of Waferscope", (), own_exports.recognises, own_exports.refuse)
"""Takes what Waferscope wrote for others and holds no dies, before another reader sees a map in it."""


def choose_reader(source: Source) -> Reader:
    """Find the reader of a file: content first, the name's suffix second.

    Raises:
        FormatError: no reader knows it.
    """
    for reader in (_OWN, *READERS):
        if reader.recognises(source):
            return reader
    for reader in READERS:
        if source.suffix in reader.suffixes:
            return reader
    known = ", ".join(reader.name for reader in READERS)
    if not source.size:
        raise FormatError(source.name, "the file is empty", "Export or copy it again.")
    raise FormatError(source.name, f"expected one of {known}, found none of them", "Convert it, or leave it out.")


def known_suffixes() -> tuple[str, ...]:
    """Return the endings of all files that can be read, zip and packed files included, for upload widgets.

    Example:
        >>> ".png" in known_suffixes()
        True
    """
    return tuple(dict.fromkeys([*(suffix for reader in READERS for suffix in reader.suffixes), ".zip", *PACKED]))
