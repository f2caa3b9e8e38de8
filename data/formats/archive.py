"""Zips within bounds: nothing is unpacked before its size, growth and name are known to be harmless."""

import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import PurePosixPath, PureWindowsPath
from typing import BinaryIO

from data.errors import FormatError
from data.formats.options import MIB, ReadOptions
from data.formats.source import Source

_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_PACKAGE_ENTRIES = (
    b"[Content_Types].xml",
    b"_rels/.rels",
    b"docProps/app.xml",
    b"docProps/core.xml",
    b"xl/workbook.xml",
    b"xl/worksheets/",
    b"mimetypeapplication/vnd.oasis",
)
_PACKAGE_SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".ods")
_ABOUT = {"readme", "read_me", "read me", "license", "licence", "copying", "changelog"}
_ABOUT_SUFFIXES = {"", ".txt", ".md", ".rst", ".html", ".htm", ".pdf", ".doc", ".docx", ".rtf"}
_ENTRY_NAME_AT = _HEADER = 30
_ENTRY, _TABLE_SIZE, _LONGEST_END = b"PK\x01\x02", 5, 2**16 + 128
_SMALL = 16 * MIB
_IN_MEMORY = 32 * MIB
_CHUNK = MIB


def is_archive(source: Source) -> bool:
    """Return whether a file is a zip of files: no npz, which is a zip of arrays, and no Office document."""
    return source.head.startswith(_MAGICS) and not is_npz(source) and not is_package(source)


def is_npz(source: Source) -> bool:
    """Return whether a file is an npz: a zip called so, or one whose first entry is an array."""
    if not source.head.startswith(_MAGICS):
        return False
    length = int.from_bytes(source.head[26:28], "little")
    first = source.head[_ENTRY_NAME_AT : _ENTRY_NAME_AT + length]
    return source.suffix == ".npz" or first.endswith(b".npy")


def is_package(source: Source) -> bool:
    """Return whether a file is an Office document: a zip called so, or one that begins as their writers begin them."""
    if not source.head.startswith(_MAGICS):
        return False
    return source.suffix in _PACKAGE_SUFFIXES or source.head.startswith(_PACKAGE_ENTRIES, _ENTRY_NAME_AT)


def open_zip(source: Source, options: ReadOptions) -> zipfile.ZipFile:
    """Open a zip whose entries, all taken together, keep the caller's limits.

    Raises:
        FormatError: too many entries, or too much when unpacked, or entries share bytes.
        zipfile.BadZipFile: the table of entries is damaged.
    """
    if (count := _listed_entries(source)) > options.max_members:
        problem = f"the zip has {count} entries, the limit is {options.max_members}"
        raise FormatError(source.name, problem, "Split it into smaller zips.")
    archive = zipfile.ZipFile(source.stream)
    infos = archive.infolist()
    starts = sorted((info.header_offset, info.header_offset + _HEADER + info.compress_size) for info in infos)
    if any(end > after for (_, end), (after, _) in pairwise(starts)):  # a few bytes, unpacked again and again
        raise FormatError(source.name, "entries of the zip lie upon each other", "Zip the files again.")
    total = sum(info.file_size for info in infos)
    if total > options.max_unpacked_bytes:
        limit = options.max_unpacked_bytes // MIB
        raise FormatError(source.name, f"the zip unpacks to {total // MIB} MiB, the limit is {limit} MiB", "Split it.")
    check_ratio(total, source.size, source.name, options)
    return archive


def _listed_entries(source: Source) -> int:
    """Count the entries of a zip in the bytes of its table, each of which takes ten times as many once understood."""
    end = zipfile._EndRecData(source.stream)  # type: ignore[attr-defined]
    if end is None:
        return 0
    source.stream.seek(max(0, source.size - int(end[_TABLE_SIZE]) - _LONGEST_END))
    return sum(chunk.count(_ENTRY) for chunk in iter(lambda: source.stream.read(_CHUNK), b""))


def entry_count(stream: BinaryIO) -> int:
    """Return how many files a zip holds, 1 for what is none."""
    try:
        with zipfile.ZipFile(stream) as archive:
            return sum(not info.is_dir() for info in archive.infolist())
    except zipfile.BadZipFile:
        return 1


def check_growth(unpacked_bytes: int, packed_bytes: int, where: str, options: ReadOptions) -> None:
    """Refuse what is larger, or grows more when unpacked, than any wafer file does.

    Raises:
        FormatError: it is a bomb.
    """
    if unpacked_bytes > options.max_file_bytes:
        size, limit = unpacked_bytes // MIB, options.max_file_bytes // MIB
        raise FormatError(where, f"it unpacks to {size} MiB, the limit is {limit} MiB", "Split it.")
    check_ratio(unpacked_bytes, packed_bytes, where, options)


def check_ratio(unpacked_bytes: int, packed_bytes: int, where: str, options: ReadOptions) -> None:
    """Refuse what grows more when unpacked than wafers do.

    Raises:
        FormatError: it is a bomb.
    """
    growth = unpacked_bytes / max(packed_bytes, 1)
    if unpacked_bytes > _SMALL and growth > options.max_unpack_ratio:
        problem = f"it grows {growth:.0f}-fold when unpacked, the limit is {options.max_unpack_ratio:.0f}"
        raise FormatError(where, problem, "Send it unpacked.")


def wanted(info: zipfile.ZipInfo) -> bool:
    """Return whether an entry is data that a person put there: no folder, hidden or system file, no readme."""
    parts = info.filename.replace("\\", "/").split("/")
    hidden = parts[-1].startswith(".") and parts[-1] != ".."
    return not (info.is_dir() or "__MACOSX" in parts or hidden or is_about_files(parts[-1]))


def is_about_files(name: str) -> bool:
    """Return whether a file tells of the files beside it, by its name, and so is no wafer that failed.

    Example:
        >>> is_about_files("README.md"), is_about_files("license"), is_about_files("readme.csv")
        (True, True, False)
    """
    path = PurePosixPath(name.lower())
    return path.stem in _ABOUT and path.suffix in _ABOUT_SUFFIXES


@contextmanager
def unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, options: ReadOptions) -> Iterator[Source]:
    """Unpack one entry to memory, or to a nameless temporary file when it is large; never to a path of its choosing.

    Raises:
        FormatError: its name leads out of the zip, it is a link, locked, or it is a bomb.
    """
    path = PurePosixPath(info.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or PureWindowsPath(info.filename).drive:
        raise FormatError(name, "the entry's name leads out of the zip", "Zip the files again by plain names.")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise FormatError(name, "the entry is a link, not a file", "Zip the file that it points to.")
    if info.flag_bits & 1:
        raise FormatError(name, "the entry is locked with a password", "Zip it without one.")
    check_growth(info.file_size, info.compress_size, name, options)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as stream:
        with archive.open(info) as packed:
            while chunk := packed.read(_CHUNK):
                stream.write(chunk)
        source = Source(name, stream)  # type: ignore[arg-type]
        if is_archive(source):
            raise FormatError(name, "a zip within a zip is not read", "Unpack the inner one and add its files.")
        yield source
